package io.penstock.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.penstock.compare.Comparison;
import io.penstock.config.ConfigException;
import io.penstock.config.Overrides;
import io.penstock.json.JsonText;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.Reader;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code penstock compare}: asks several models the same, and shows them side by side. */
@Command(name = "compare", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Asks several models the same, and shows their answers side by side as they "
                + "come.")
final class CompareCommand implements Callable<Integer> {
    static final String KEY_VARIABLE = "PENSTOCK_API_KEY";
    private static final JsonFactory JSON = new JsonFactory();
    private static final Duration CONNECT = Duration.ofSeconds(5);
    private static final int DEFAULT_COLUMNS = 100;
    private static final int LIVE_ROWS = 16;
    private static final int MAX_SCREEN = 500;

    @Option(names = {"-m", "--model"}, paramLabel = "NAME", required = true,
            description = "A model; two to ten times.")
    private List<String> models;

    @Parameters(arity = "1..*", paramLabel = "PROMPT", description = "What to ask.")
    private List<String> prompt;

    @Option(names = "--system", paramLabel = "TEXT", description = "A system message before it.")
    private String system;

    @Option(names = "--max-tokens", paramLabel = "N", description = "Bounds each answer.")
    private Integer maxTokens;

    @Option(names = "--failover", description = "Lets each model fail over to further targets.")
    private boolean failover;

    @Option(names = "--url", paramLabel = "URL",
            description = "The proxy (default: the configuration's first address).")
    private String url;

    @Option(names = "--key", paramLabel = "K",
            description = "What the proxy asks for (default: PENSTOCK_API_KEY).")
    private String key;

    @Option(names = {"-c", "--config"}, paramLabel = "FILE",
            description = "Configuration (default: conf/penstock.yaml if there is one).")
    private Path config;

    @Option(names = "--json", description = "Prints the whole comparison as JSON, at its end.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        URI to;
        String shown;
        try {
            to = URI.create(base() + Comparison.PATH);
            shown = key != null ? key : ConfigSource.environment().get(KEY_VARIABLE);
        } catch (ConfigException e) {
            return fail(Main.BAD_USAGE, String.valueOf(e.getMessage()));
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--url: '" + url
                    + "' (expected: http://HOST:PORT)", e);
        }
        if (to.getHost() == null || !List.of("http", "https").contains(to.getScheme())) {
            throw new ParameterException(spec.commandLine(), "--url: '" + url
                    + "' (expected: http://HOST:PORT)");
        }
        try {
            return ask(to, shown);
        } catch (ConnectException e) {
            return fail(Main.FAILED, "penstock: nothing listens on " + to.getAuthority()
                    + ": start the proxy with `penstock serve`, or say --url");
        } catch (UnknownHostException e) {
            return fail(Main.FAILED, "penstock: the host of " + to.getAuthority()
                    + " is not known: say another with --url");
        } catch (IOException e) {
            return fail(Main.FAILED, "penstock: " + to.getAuthority() + ": "
                    + (e.getMessage() == null ? e.toString() : e.getMessage()));
        }
    }

    private String base() throws ConfigException {
        if (url != null) {
            return url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
        }
        var listen = ConfigSource.of(config, Overrides.NONE).load().settings().listen().get(0);
        String host = listen.host().equals("0.0.0.0") ? "127.0.0.1"
                : listen.host().equals("::") ? "[::1]" : listen.host();
        if (listen.port() == 0) {
            throw new ParameterException(spec.commandLine(),
                    "the configuration lets the port be any free one: say which with --url");
        }
        return (listen.tls() == null ? "http://" : "https://") + host + ":" + listen.port();
    }

    private String body() {
        StringBuilder out = new StringBuilder("{\"models\":[");
        for (String model : models) {
            JsonText.quote(out.append(out.charAt(out.length() - 1) == '[' ? "" : ","), model);
        }
        out.append("],\"stream\":").append(!json).append(",\"failover\":").append(failover);
        if (maxTokens != null) {
            out.append(",\"max_tokens\":").append(maxTokens);
        }
        out.append(",\"messages\":[");
        if (system != null) {
            JsonText.quote(out.append("{\"role\":\"system\",\"content\":"), system).append("},");
        }
        return JsonText.quote(out.append("{\"role\":\"user\",\"content\":"),
                String.join(" ", prompt)).append("}]}").toString();
    }

    private Integer ask(URI to, @Nullable String shown) throws IOException {
        HttpURLConnection connection =
                (HttpURLConnection) to.toURL().openConnection(Proxy.NO_PROXY);
        try {
            connection.setConnectTimeout((int) CONNECT.toMillis());
            connection.setInstanceFollowRedirects(false); // the key is for this address
            connection.setRequestProperty("content-type", "application/json");
            if (shown != null) {
                connection.setRequestProperty("authorization", "Bearer " + shown);
            }
            connection.setDoOutput(true);
            connection.getOutputStream().write(body().getBytes(StandardCharsets.UTF_8));
            int status = connection.getResponseCode();
            try (InputStream reply = status < 400 ? connection.getInputStream()
                    : connection.getErrorStream()) {
                if (reply == null) {
                    throw new IOException("status " + status + " without a word");
                }
                Reader text = new InputStreamReader(reply, StandardCharsets.UTF_8);
                return json || status >= 400 ? printWhole(text, status) : show(text);
            }
        } finally {
            connection.disconnect();
        }
    }

    /** Prints a whole comparison; of an error, what it says. */
    private Integer printWhole(Reader reply, int status) throws IOException {
        StringBuilder all = new StringBuilder();
        try (BufferedReader lines = new BufferedReader(reply)) {
            lines.lines().forEach(all::append);
        }
        if (json && status != 401) {
            out().println(all);
            out().flush();
            return status < 400 ? 0 : Main.FAILED;
        }
        Map<String, String> said = scalars(all.toString());
        fail(Main.FAILED, "penstock: " + said.getOrDefault("/error/message", "status " + status));
        for (int i = 0; i < models.size(); i++) {
            String why = said.get("/results/" + i + "/error/message");
            if (why != null) {
                fail(Main.FAILED, "  " + models.get(i) + ": " + why);
            }
        }
        return Main.FAILED;
    }

    /** Shows the columns while they fill, where that is a terminal, and whole in the end. */
    private Integer show(Reader reply) throws IOException {
        boolean live = Ansi.AUTO.enabled();
        CompareColumns columns = new CompareColumns(models, screenWidth());
        int drawn = 0;
        boolean whole = false;
        int good = 0;
        try (BufferedReader lines = new BufferedReader(reply)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.equals("data: [DONE]")) {
                    whole = true;
                } else if (line.startsWith("data: ")) {
                    good += note(scalars(line.substring("data: ".length())), columns);
                    if (live && !lines.ready()) {
                        drawn = draw(columns.lines(LIVE_ROWS), drawn);
                    }
                }
            }
        }
        if (live) {
            draw(List.of(), drawn);
        }
        columns.lines(Integer.MAX_VALUE).forEach(out()::println);
        out().flush();
        if (!whole) {
            return fail(Main.FAILED, "penstock: the comparison broke off");
        }
        return good > 0 ? 0 : Main.FAILED;
    }

    /** Puts what an event says into its column; returns 1 for a model that answered well. */
    private int note(Map<String, String> event, CompareColumns columns) {
        int index = Integer.parseInt(event.getOrDefault("/index", "-1"));
        if (index < 0 || index >= models.size()) {
            return 0;
        }
        String text = event.get("/chunk/choices/0/delta/content");
        if (text != null) {
            columns.add(index, text);
        }
        if (!event.containsKey("/status")) {
            return 0;
        }
        String error = event.get("/error/message");
        columns.close(index, "\n" + (error != null ? "✗ " + event.get("/status") + ": " + error
                : figures(event)));
        return error == null ? 1 : 0;
    }

    private static String figures(Map<String, String> result) {
        StringBuilder out = new StringBuilder(result.getOrDefault("/provider", "?"));
        append(out, "first content ", result.get("/ttft_ms"), " ms");
        append(out, "whole ", result.get("/latency_ms"), " ms");
        append(out, "", result.get("/usage/completion_tokens"), " tokens");
        append(out, "", result.get("/tokens_per_second"), " tokens/s");
        String cost = result.get("/cost_usd");
        append(out, "$", "0".equals(cost) ? null : cost, "");
        return out.toString();
    }

    private static void append(StringBuilder out, String before, @Nullable String figure,
            String behind) {
        if (figure != null) {
            out.append('\n').append(before).append(figure).append(behind);
        }
    }

    /** Draws over what was drawn before; returns how many lines stand there now. */
    private int draw(List<String> lines, int drawn) {
        StringBuilder screen = new StringBuilder();
        if (drawn > 0) {
            screen.append(String.format(Locale.ROOT, "\u001b[%dA", drawn)); // up
        }
        screen.append("\r\u001b[J"); // clears what is below
        lines.forEach(line -> screen.append(line).append('\n'));
        out().print(screen);
        out().flush();
        return lines.size();
    }

    private static int screenWidth() {
        String columns = System.getenv("COLUMNS");
        if (columns != null && columns.matches("[1-9][0-9]{1,3}")) {
            return Math.min(MAX_SCREEN, Integer.parseInt(columns));
        }
        TerminalSize size = TerminalSize.ask();
        return size == null ? DEFAULT_COLUMNS : Math.min(MAX_SCREEN, size.columns());
    }

    /** The values of a JSON text that are no objects or arrays, by their pointer (RFC 6901). */
    private static Map<String, String> scalars(String text) throws IOException {
        Map<String, String> all = new HashMap<>();
        try (JsonParser parser = JSON.createParser(text)) {
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                if (token.isScalarValue() && token != JsonToken.VALUE_NULL) {
                    all.put(parser.getParsingContext().pathAsPointer().toString(),
                            parser.getText());
                }
            }
        }
        return all;
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }

    private Integer fail(int code, String message) {
        spec.commandLine().getErr().println(message);
        spec.commandLine().getErr().flush();
        return code;
    }
}
