package io.penstock.cli;

import io.penstock.config.ConfigException;
import io.penstock.config.Overrides;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code penstock usage}: what callers used and have left, as the admin port tells it. */
@Command(name = "usage", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Prints what callers used in a month, and what is left of their budgets.")
final class UsageCommand implements Callable<Integer> {
    static final String TOKEN_VARIABLE = "PENSTOCK_ADMIN_TOKEN";
    private static final Duration CONNECT = Duration.ofSeconds(5);
    private static final Duration ANSWER = Duration.ofSeconds(30);

    @Option(names = "--key", paramLabel = "ID", description = "Of this caller only.")
    private String key;

    @Option(names = "--month", paramLabel = "YYYY-MM",
            description = "A month in UTC (default: the current one).")
    private String month;

    @Option(names = "--admin", paramLabel = "HOST:PORT",
            description = "Address of the admin port (default: the configuration's).")
    private String admin;

    @Option(names = "--token", paramLabel = "T",
            description = "What the admin port asks for (default: PENSTOCK_ADMIN_TOKEN, else the "
                    + "configuration's).")
    private String token;

    @Option(names = {"-c", "--config"}, paramLabel = "FILE",
            description = "Configuration (default: conf/penstock.yaml if there is one).")
    private Path config;

    @Option(names = "--json", description = "Prints the answer as it comes.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    /** Where to ask, and what to show there; {@code token} null for nothing. */
    private record Admin(String address, @Nullable String token) {}

    private record Answer(int status, String body) {}

    @Override
    public Integer call() {
        if (month != null && !month.matches("[0-9]{4}-(0[1-9]|1[0-2])")) {
            throw new ParameterException(spec.commandLine(),
                    "--month: '" + month + "' (expected: a month such as 2026-11)");
        }
        Admin asked;
        try {
            asked = admin();
        } catch (ConfigException e) {
            return fail(Main.BAD_USAGE, String.valueOf(e.getMessage()));
        }
        Answer answer;
        try {
            answer = ask(asked);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--admin or --token cannot be sent: "
                    + e.getMessage(), e);
        } catch (ConnectException e) {
            return fail(Main.FAILED, "penstock: nothing listens on " + asked.address()
                    + ": start the proxy with `penstock serve`, or say --admin HOST:PORT");
        } catch (UnknownHostException e) {
            return fail(Main.FAILED, "penstock: the host of " + asked.address()
                    + " is not known: say another with --admin HOST:PORT");
        } catch (SocketTimeoutException e) {
            return fail(Main.FAILED, "penstock: " + asked.address() + " did not answer in time");
        } catch (IOException e) {
            return fail(Main.FAILED, "penstock: " + asked.address() + " cannot be asked: "
                    + (e.getMessage() == null ? e.toString() : e.getMessage()));
        }
        return print(asked, answer);
    }

    private Integer fail(int code, String message) {
        spec.commandLine().getErr().println(message);
        spec.commandLine().getErr().flush();
        return code;
    }

    /**
     * The configuration says where, and with which token, unless the flags do. An address of the
     * command line doesn't get a token that was not meant for it.
     */
    private Admin admin() throws ConfigException {
        String shown = token != null ? token
                : ConfigSource.environment().get(TOKEN_VARIABLE);
        if (admin != null && config == null) {
            return new Admin(checked(admin), shown);
        }
        var settings = ConfigSource.of(config, Overrides.NONE).load().settings().admin();
        String host = settings.host().equals("0.0.0.0") ? "127.0.0.1"
                : settings.host().equals("::") ? "::1" : settings.host();
        if (admin == null && settings.port() == 0) {
            throw new ParameterException(spec.commandLine(), "the configuration lets the admin "
                    + "port be any free one: say which with --admin HOST:PORT");
        }
        return new Admin(admin != null ? checked(admin)
                : (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + settings.port(),
                shown != null ? shown : settings.token());
    }

    private String checked(String address) {
        if (!address.matches("([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+]):[0-9]{1,5}")
                || Integer.parseInt(address.substring(address.lastIndexOf(':') + 1)) > 65535) {
            throw new ParameterException(spec.commandLine(),
                    "--admin: '" + address + "' (expected: HOST:PORT)");
        }
        return address;
    }

    private Answer ask(Admin asked) throws IOException {
        List<String> query = new ArrayList<>();
        if (month != null) {
            query.add("month=" + month);
        }
        if (key != null) {
            query.add("key=" + URLEncoder.encode(key, StandardCharsets.UTF_8));
        }
        // Not java.net.http: that starts later than this is done, and keeps the connection.
        HttpURLConnection connection = (HttpURLConnection) URI.create("http://" + asked.address()
                + "/admin/usage" + (query.isEmpty() ? "" : "?" + String.join("&", query))).toURL()
                .openConnection(Proxy.NO_PROXY);
        try {
            connection.setConnectTimeout((int) CONNECT.toMillis());
            connection.setReadTimeout((int) ANSWER.toMillis());
            connection.setInstanceFollowRedirects(false); // the token is for this address
            connection.setRequestProperty("connection", "close");
            if (asked.token() != null) {
                connection.setRequestProperty("authorization", "Bearer " + asked.token());
            }
            int status = connection.getResponseCode();
            try (InputStream body = status < 400 ? connection.getInputStream()
                    : connection.getErrorStream()) {
                return new Answer(status, body == null ? ""
                        : new String(body.readAllBytes(), StandardCharsets.UTF_8));
            }
        } finally {
            connection.disconnect();
        }
    }

    private Integer print(Admin asked, Answer answer) {
        if (answer.status() == 401) {
            return fail(Main.FAILED, "penstock: the admin port on " + asked.address()
                    + (asked.token() == null ? " asks for a token" : " does not take this token")
                    + ": give admin.token's value with --token or " + TOKEN_VARIABLE);
        }
        try {
            UsageTable table = UsageTable.parse(answer.body());
            if (answer.status() != 200) {
                return fail(Main.FAILED, "penstock: " + table.error(answer.status()));
            }
            spec.commandLine().getOut().print(json ? answer.body() + "\n" : table.text(key));
            spec.commandLine().getOut().flush();
            String warning = table.warning();
            if (warning != null) {
                spec.commandLine().getErr().println("warning: " + warning);
                spec.commandLine().getErr().flush();
            }
            return 0;
        } catch (IOException e) {
            return fail(Main.FAILED, "penstock: what answers on " + asked.address()
                    + " is no admin port of Penstock (status " + answer.status() + ")");
        }
    }
}
