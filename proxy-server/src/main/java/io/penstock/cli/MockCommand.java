package io.penstock.cli;

import io.penstock.mock.Failures;
import io.penstock.mock.Fault;
import io.penstock.mock.MockServer;
import io.penstock.mock.MockSettings;
import io.penstock.mock.Prefill;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code penstock mock}: a stand-in provider, until it is told to stop. */
@Command(name = "mock", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Runs a stand-in LLM provider that speaks OpenAI, Anthropic, Gemini "
                + "and Bedrock.")
public final class MockCommand implements Callable<Integer> {
    private static final int FAILED = 1;

    @Option(names = "--port", required = true, paramLabel = "P",
            description = "Port to listen on; 0 takes a free one.")
    private int port;

    @Option(names = "--host", defaultValue = "127.0.0.1", paramLabel = "HOST",
            description = "Address to listen on (default: ${DEFAULT-VALUE}).")
    private String host;

    @Option(names = "--name", defaultValue = "mock", paramLabel = "NAME",
            description = "Stands in every text, to tell mocks apart (default: ${DEFAULT-VALUE}).")
    private String name;

    @Option(names = "--ttft", defaultValue = "0", paramLabel = "D",
            converter = DurationConverter.class,
            description = "Time to the first token, such as 250ms or 2s (default: none).")
    private Duration ttft;

    @Option(names = "--interval", defaultValue = "0", paramLabel = "D",
            converter = DurationConverter.class,
            description = "Time from one token to the next (default: none).")
    private Duration interval;

    @Option(names = "--events", defaultValue = "16", paramLabel = "N",
            description = "Tokens of a reply (default: ${DEFAULT-VALUE}).")
    private int events;

    @Option(names = "--event-bytes", defaultValue = "0", paramLabel = "N",
            description = "Length of each token's text; 0 for words (default: ${DEFAULT-VALUE}).")
    private int eventBytes;

    @Option(names = "--varied",
            description = "Tokens of all lengths and many scripts, and events that end as "
                    + "differently as OpenAI's, the same in every run.")
    private boolean varied;

    @Option(names = "--fail", defaultValue = "none", paramLabel = "HOW",
            converter = FaultConverter.class, completionCandidates = FaultWords.class,
            description = "An HTTP status, or a word of: ${COMPLETION-CANDIDATES} (default: "
                    + "none).")
    private Fault fail;

    @Option(names = "--fail-ratio", defaultValue = "1", paramLabel = "R",
            description = "Share of calls that fail, 0 to 1 (default: ${DEFAULT-VALUE}).")
    private double failRatio;

    @Option(names = "--fail-times", defaultValue = "0", paramLabel = "N",
            description = "Heals after so many failures; 0 for never (default: never).")
    private long failTimes;

    @Option(names = "--fail-for", defaultValue = "0", paramLabel = "D",
            converter = DurationConverter.class,
            description = "Heals after this time, such as 30s; 0 for never (default: never).")
    private Duration failFor;

    @Option(names = "--text", paramLabel = "TEXT",
            description = "What every reply says, a token a word (default: words of its own).")
    private String text;

    @Option(names = "--prefill", defaultValue = "anew", paramLabel = "HOW",
            converter = PrefillConverter.class,
            description = "Where the conversation ends in the assistant's words: anew, continue "
                    + "or reject (default: ${DEFAULT-VALUE}).")
    private Prefill prefill;

    @Option(names = "--threads", paramLabel = "N",
            description = "Event loops (default: one for each core).")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException {
        MockSettings settings = settings();
        AtomicReference<MockServer> started = new AtomicReference<>();
        Thread onSignal = new Thread(() -> {
            MockServer server = started.get();
            if (server != null) {
                server.close();
            }
            // Being stopped is how a mock ends well; left alone, the JVM would report the signal.
            Runtime.getRuntime().halt(0);
        }, "mock-stop");
        Runtime.getRuntime().addShutdownHook(onSignal); // before the port is open
        try {
            started.set(MockServer.start(settings, threads));
        } catch (IOException e) {
            spec.commandLine().getErr().println("mock: " + e.getMessage());
            spec.commandLine().getErr().flush();
            return FAILED;
        } finally {
            if (started.get() == null) { // it has failed, which the exit code is to say
                Runtime.getRuntime().removeShutdownHook(onSignal);
            }
        }
        MockServer server = started.get();
        assert server != null; // else it has failed above
        spec.commandLine().getOut().println("mock: listening on " + server.url());
        spec.commandLine().getOut().flush();
        try {
            new CountDownLatch(1).await(); // for a signal, or for a test's interrupt
            return 0;
        } finally {
            Runtime.getRuntime().removeShutdownHook(onSignal);
            server.close();
        }
    }

    private MockSettings settings() {
        try {
            if (threads < 1) {
                throw new IllegalArgumentException("threads: " + threads + " (expected: >= 1)");
            }
            return new MockSettings(host, port, name, ttft, interval, events, eventBytes,
                    new Failures(fail, failRatio, failTimes, failFor), text, prefill, 0, null,
                    varied);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }

    private static final class DurationConverter implements ITypeConverter<Duration> {
        @Override
        public Duration convert(String text) {
            try {
                return MockSettings.parseDuration(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    private static final class PrefillConverter implements ITypeConverter<Prefill> {
        @Override
        public Prefill convert(String text) {
            try {
                return Prefill.parse(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    /** For the help, and for completion in a shell. */
    private static final class FaultWords extends ArrayList<String> {
        private static final long serialVersionUID = 1L;

        FaultWords() {
            super(List.of(Fault.words().split(", ")));
        }
    }

    private static final class FaultConverter implements ITypeConverter<Fault> {
        @Override
        public Fault convert(String text) {
            try {
                return Fault.parse(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }
}
