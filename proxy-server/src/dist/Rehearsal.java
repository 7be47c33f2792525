import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A short life of the packaged proxy before a mock provider: start, calls of each format, drain.
 *
 * <p>{@code java Rehearsal.java record HOME OPTION} runs it with a JVM option that writes down what
 * was loaded; {@code measure} starts it several times with one that reads that, and says how long
 * it took until the proxy was ready.
 */
final class Rehearsal {
    private static final int CALLS = 300; // of each format: what is hot is compiled by then
    private static final int STARTS = 9;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Pattern MOCK = Pattern.compile("listening on (http://\\S+)");
    private static final Pattern PROXY = Pattern.compile("serving (http://\\S+)");
    private static final Pattern ADMIN = Pattern.compile("admin on (http://\\S+)");

    private final Path home;
    private final Path configuration;

    private Rehearsal(Path home, Path configuration) {
        this.home = home;
        this.configuration = configuration;
    }

    /** A process, and what it says line by line. */
    private record Program(Process process, BufferedReader lines) implements AutoCloseable {
        String find(Pattern pattern) throws IOException {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                Matcher found = pattern.matcher(line);
                if (found.find()) {
                    return found.group(1);
                }
                System.err.println(line);
            }
            throw new IOException("it ended without a line like " + pattern);
        }

        @Override
        public void close() {
            process.destroy();
        }
    }

    public static void main(String[] args) throws Exception {
        Path scratch = Files.createTempDirectory("penstock");
        Rehearsal rehearsal = new Rehearsal(Path.of(args[1]), scratch.resolve("penstock.yaml"));
        try (Program mock = rehearsal.start(List.of(), "mock", "--port", "0")) {
            rehearsal.configure(mock.find(MOCK));
            if (args[0].equals("record")) {
                rehearsal.live(args[2], CALLS);
            } else {
                rehearsal.measure(args[2]);
            }
        } finally {
            try (var files = Files.walk(scratch)) {
                files.sorted((a, b) -> b.compareTo(a)).forEach(Rehearsal::delete);
            }
        }
    }

    private static void delete(Path file) {
        try {
            Files.delete(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void configure(String mock) throws IOException {
        Files.writeString(configuration, """
                listen: [{address: "127.0.0.1:0"}]
                admin: {address: "127.0.0.1:0"}
                observe: {access_log: {path: off}}
                providers:
                  - {name: openai, base_url: "%1$s/v1", api_keys: [{value: k}], models: ["gpt-*"]}
                  - {name: anthropic, base_url: "%1$s/v1", api_keys: [{value: k}], models: ["c-*"]}
                routes: [{model: smart, targets: [openai/gpt-4o, anthropic/c-4]}]
                """.formatted(mock.replaceFirst("/v1/?$", "")));
    }

    private Program start(List<String> options, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                home.resolve(Path.of("runtime", "bin", "java")).toString(),
                "@" + home.resolve(Path.of("lib", "jvm.options"))));
        command.add("-Djava.library.path=" + home.resolve(Path.of("lib", "native")));
        command.addAll(options);
        command.addAll(List.of("-jar", home.resolve(Path.of("lib", "penstock.jar")).toString()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        return new Program(process, new BufferedReader(
                new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8)));
    }

    private Program serve(String option) throws IOException {
        return start(List.of(option), "serve", "-c", configuration.toString(), "--data-dir",
                configuration.resolveSibling("data").toString());
    }

    /** From start to end. */
    private void live(String option, int calls) throws Exception {
        try (Program proxy = serve(option)) {
            String url = proxy.find(PROXY);
            String admin = proxy.find(ADMIN);
            for (int i = 0; i < calls; i++) {
                boolean stream = i % 2 == 0;
                for (String model : List.of("smart", "c-4")) {
                    call(url + "/v1/chat/completions", chat(model, stream));
                    call(url + "/v1/messages", chat(model, stream));
                }
            }
            call(url + "/v1/embeddings", "{\"model\":\"gpt-e\",\"input\":\"Hello\"}");
            call(url + "/v1/chat/completions", "{");
            for (String page : List.of("/health/ready", "/metrics", "/providers", "/v1/models")) {
                call(admin + page, null);
            }
            call(admin + "/admin/drain", "");
            proxy.lines().lines().forEach(System.err::println);
            if (!proxy.process().waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                    || proxy.process().exitValue() != 0) {
                throw new IOException("the proxy did not end well");
            }
        }
    }

    private void measure(String option) throws Exception {
        long[] millis = new long[STARTS];
        long[] cpuMillis = new long[STARTS];
        for (int i = 0; i < STARTS; i++) {
            long started = System.nanoTime();
            try (Program proxy = serve(option)) {
                String admin = proxy.find(ADMIN);
                if (call(admin + "/health/ready", null) != 200) {
                    throw new IOException("it is up, but not ready");
                }
                millis[i] = (System.nanoTime() - started) / 1_000_000;
                cpuMillis[i] = proxy.process().info().totalCpuDuration()
                        .map(Duration::toMillis).orElse(0L); // 0 where the system does not say
                call(admin + "/admin/drain", "");
                proxy.process().waitFor();
            }
        }
        Arrays.sort(millis);
        Arrays.sort(cpuMillis);
        System.out.println("ready after " + millis[0] + " ms at best, " + millis[STARTS / 2]
                + " ms in the median of " + STARTS + " starts; CPU time " + cpuMillis[0] + " and "
                + cpuMillis[STARTS / 2] + " ms");
    }

    private static String chat(String model, boolean stream) {
        return "{\"model\":\"" + model + "\",\"stream\":" + stream + ",\"max_tokens\":64,"
                + "\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}";
    }

    /** A GET without a body, else a POST; reads the reply to its end. */
    private static int call(String url, String body) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) URI.create(url).toURL()
                .openConnection();
        connection.setReadTimeout((int) PATIENCE.toMillis());
        if (body != null) {
            connection.setDoOutput(true);
            connection.setRequestProperty("content-type", "application/json");
            connection.setRequestProperty("anthropic-version", "2023-06-01");
            try (OutputStream out = connection.getOutputStream()) {
                out.write(body.getBytes(StandardCharsets.UTF_8));
            }
        }
        int status = connection.getResponseCode();
        try (InputStream in = status < 400 ? connection.getInputStream()
                : connection.getErrorStream()) {
            if (in != null) {
                in.readAllBytes();
            }
        }
        return status;
    }
}
