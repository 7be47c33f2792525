package io.penstock.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.HdrHistogram.Histogram;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Measures endpoints in turn, round by round, and reports. */
@Command(
        name = "penstock bench",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        usageHelpWidth = 100,
        description = "Measures the latency and the cost of OpenAI-compatible endpoints.",
        footer = {"", "Latency runs from the intended start of a call: a slow answer delays no"
                + " later call's clock.", "Durations: 250ms, 2s, 5m. Exit code: 0, 1 when an"
                + " endpoint cannot be measured, 2 for bad usage."})
final class BenchCommand implements Callable<Integer> {
    private static final int CONNECT_TIMEOUT_MILLIS = 5_000;
    private static final double HGRM_MILLIS = 1e6; // .hgrm files are in milliseconds
    private static final int HGRM_TICKS = 5;

    @Spec CommandSpec spec;

    @Option(names = "--url", paramLabel = "[NAME=]URL",
            description = "What to measure, for example http://127.0.0.1:8080/v1.")
    private String url;

    @Option(names = "--compare", paramLabel = "NAME=URL",
            description = "Another endpoint to measure in turn with the first; repeatable.")
    private List<String> compare = new ArrayList<>();

    @Option(names = "--direct", paramLabel = "URL",
            description = "The upstream itself; what the others add to its times is reported.")
    private String direct;

    @Option(names = "--pid", paramLabel = "NAME=PID[,PID]",
            description = "An endpoint's processes, to measure their CPU and memory; repeatable.")
    private Map<String, String> pids = new LinkedHashMap<>();

    @Option(names = "--key", description = "API key, sent as a bearer token.")
    private String key;

    @Option(names = "--model", defaultValue = "mock-model",
            description = "Model to ask for (default: ${DEFAULT-VALUE}).")
    private String model;

    @Option(names = "--stream", description = "Ask for streams.")
    private boolean stream;

    @Option(names = "--rate", defaultValue = "100", paramLabel = "PER_SECOND",
            description = "Open loop: calls due per second; 0 is --closed"
                    + " (default: ${DEFAULT-VALUE}).")
    private double rate;

    @Option(names = "--closed", description = "Closed loop: --connections calls at all times.")
    private boolean closed;

    @Option(names = "--streams", paramLabel = "N",
            description = "Keep N streams open at all times: --stream --closed --connections N.")
    private int streams;

    @Option(names = "--connections", defaultValue = "256", paramLabel = "N",
            description = "At most N calls at once (default: ${DEFAULT-VALUE}).")
    private int connections;

    @Option(names = "--backlog", defaultValue = "10000", paramLabel = "N",
            description = "Open loop: at most N calls that are due wait for a connection, counted"
                    + " as overdue while their time runs; more are dropped, and counted"
                    + " (default: ${DEFAULT-VALUE}).")
    private int backlog;

    @Option(names = "--duration", defaultValue = "10s", paramLabel = "D",
            description = "Window of a round that is measured (default: ${DEFAULT-VALUE}).")
    private Duration duration;

    @Option(names = "--warmup", defaultValue = "2s", paramLabel = "D",
            description = "Load before the window of each round (default: ${DEFAULT-VALUE}).")
    private Duration warmup;

    @Option(names = "--ramp", paramLabel = "D",
            description = "Closed loop: over how long the calls are started"
                    + " (default: half of --warmup).")
    private Duration ramp;

    @Option(names = "--rounds", defaultValue = "3", paramLabel = "N",
            description = "Rounds per endpoint, taken in turn (default: ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(names = "--discard", defaultValue = "0", paramLabel = "N",
            description = "Further rounds before these that do not count, until the compilers on"
                    + " both sides have settled (default: ${DEFAULT-VALUE}).")
    private int discard;

    @Option(names = "--timeout", defaultValue = "30s", paramLabel = "D",
            description = "A call's longest time (default: ${DEFAULT-VALUE}).")
    private Duration timeout;

    @Option(names = "--prompt-bytes", defaultValue = "900", paramLabel = "N",
            description = "Length of the prompt (default: ${DEFAULT-VALUE}).")
    private int promptBytes;

    @Option(names = "--max-tokens", defaultValue = "256", paramLabel = "N",
            description = "max_tokens of the request (default: ${DEFAULT-VALUE}).")
    private int maxTokens;

    @Option(names = "--stamp", paramLabel = "FIELD",
            description = "Events hold their time of sending in this field, in nanoseconds of the"
                    + " machine's monotonic clock: their delay is measured.")
    private String stamp;

    @Option(names = "--threads", defaultValue = "1", paramLabel = "N",
            description = "Event loops of this client (default: ${DEFAULT-VALUE}).")
    private int threads;

    @Option(names = "--insecure", description = "Take any certificate.")
    private boolean insecure;

    @Option(names = "--label", description = "Goes into the reports: a commit, say.")
    private String label;

    @Option(names = "--out", paramLabel = "DIR",
            description = "Where to write result.json, report.html and the .hgrm files.")
    private Path out;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (url == null) { // not marked as required: the subcommand does without it
            throw usage("--url: missing (expected: --url http://HOST:PORT/v1)", null);
        }
        Endpoint directEndpoint = direct == null ? null
                : endpoint("--direct", direct.contains("=") ? direct : "direct=" + direct);
        List<Endpoint> endpoints = new ArrayList<>();
        endpoints.add(endpoint("--url", url));
        compare.forEach(text -> endpoints.add(endpoint("--compare", text)));
        Comparison comparison = new Comparison(directEndpoint, endpoints);
        requireDistinctNames(comparison);
        Workload workload = workload();
        RunDescription run = RunDescription.of(
                label, spec.commandLine().getParseResult().originalArgs());
        if (out != null) {
            Files.createDirectories(out);
        }
        for (Endpoint endpoint : comparison.endpoints()) {
            requireReachable(endpoint);
        }
        measure(comparison, workload);
        PrintWriter console = spec.commandLine().getOut();
        run.facts().forEach((name, value) -> console.printf("%-9s %s%n", name, value));
        console.println();
        console.print(TextReport.of(comparison));
        if (out != null) {
            write(run, comparison);
            console.println("\nwritten to " + out.resolve("report.html"));
        }
        console.flush();
        return CommandLine.ExitCode.OK;
    }

    private void measure(Comparison comparison, Workload workload)
            throws IOException, InterruptedException {
        PrintWriter progress = spec.commandLine().getErr();
        try (LoadGenerator generator = new LoadGenerator(workload)) {
            for (int round = 1 - discard; round <= rounds; round++) {
                for (Endpoint endpoint : comparison.endpoints()) {
                    Round result = generator.run(endpoint);
                    Recording recording = result.recording();
                    if (recording.failed() > 0 && recording.calls == 0 && recording.events == 0) {
                        throw new IOException(endpoint.name() + ": every call failed, the first: "
                                + recording.firstFailure);
                    }
                    if (round >= 1) {
                        comparison.add(endpoint, result);
                    }
                    progress.printf("%s %s: %s calls/s, p50 %s, p99 %s, %d failed%n",
                            round >= 1 ? "round " + round + "/" + rounds : "discarded",
                            endpoint.name(), number(result, Metric.CALLS_PER_SECOND),
                            number(result, Metric.TOTAL_P50), number(result, Metric.TOTAL_P99),
                            recording.failed());
                    progress.flush();
                }
            }
        }
    }

    private static String number(Round round, Metric metric) {
        return Figure.of(metric.of(round), metric.unit);
    }

    private void write(RunDescription run, Comparison comparison) throws IOException {
        Files.writeString(out.resolve("result.json"), JsonReport.of(run, comparison));
        Files.writeString(out.resolve("report.html"), HtmlReport.of(run, comparison));
        for (Endpoint endpoint : comparison.endpoints()) {
            Recording whole = comparison.whole(endpoint);
            for (Recording.Timing timing : Recording.Timing.values()) {
                Histogram histogram = whole.timing(timing);
                if (histogram.getTotalCount() > 0) {
                    String file = endpoint.name().replace(':', '-') + "-" + timing.code + ".hgrm";
                    try (PrintStream lines = new PrintStream(
                            Files.newOutputStream(out.resolve(file)))) {
                        histogram.outputPercentileDistribution(lines, HGRM_TICKS, HGRM_MILLIS);
                    }
                }
            }
        }
    }

    private Workload workload() {
        try {
            boolean open = !closed && streams == 0;
            if (streams < 0) {
                throw new IllegalArgumentException("--streams: " + streams + " (expected: >= 1)");
            }
            if (rounds < 1) {
                throw new IllegalArgumentException("--rounds: " + rounds + " (expected: >= 1)");
            }
            if (discard < 0) {
                throw new IllegalArgumentException("--discard: " + discard + " (expected: >= 0)");
            }
            return new Workload(model, key, stream || streams > 0, promptBytes, maxTokens,
                    open ? rate : 0, streams > 0 ? streams : connections, backlog, threads,
                    warmup, ramp == null ? warmup.dividedBy(2) : ramp, duration, timeout,
                    insecure, stamp);
        } catch (IllegalArgumentException e) {
            throw usage(e.getMessage(), e);
        }
    }

    private Endpoint endpoint(String option, String text) {
        Endpoint endpoint;
        try {
            endpoint = Endpoint.parse(text);
        } catch (IllegalArgumentException e) {
            throw usage(option + ": " + e.getMessage(), e);
        }
        String own = pids.get(endpoint.name());
        if (own == null) {
            return endpoint;
        }
        try {
            return endpoint.withPids(Stream.of(own.split(",")).map(Long::valueOf).toList());
        } catch (NumberFormatException e) {
            throw usage("--pid: '" + own + "' (expected: process ids)", e);
        }
    }

    private void requireDistinctNames(Comparison comparison) {
        List<String> names = comparison.endpoints().stream().map(Endpoint::name).toList();
        if (names.stream().distinct().count() < 1 + compare.size() + (direct == null ? 0 : 1)) {
            throw usage("every endpoint needs a name of its own, not " + names, null);
        }
        for (String name : pids.keySet()) {
            if (!names.contains(name)) {
                throw usage("--pid: no endpoint is named '" + name + "', only " + names, null);
            }
        }
    }

    private ParameterException usage(String message, Exception cause) {
        return new ParameterException(spec.commandLine(), message, cause);
    }

    private static void requireReachable(Endpoint endpoint) throws IOException {
        InetSocketAddress address = new InetSocketAddress(endpoint.address(), endpoint.port());
        try (Socket socket = new Socket()) {
            socket.connect(address, CONNECT_TIMEOUT_MILLIS);
        } catch (UnknownHostException e) {
            throw new IOException(endpoint.name() + ": " + endpoint.url() + ": unknown host", e);
        } catch (IOException e) {
            throw new IOException(
                    endpoint.name() + ": " + endpoint.url() + ": " + e.getMessage(), e);
        }
        ProcessMeter.read(endpoint.pids());
    }
}
