package io.penstock.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MainTest {
    @TempDir Path out;

    @Test
    void measuresAndReports() {
        try (StandInUpstream upstream = new StandInUpstream(0, Duration.ZERO, Duration.ZERO, 5)) {
            String url = "http://127.0.0.1:" + upstream.port() + "/v1";

            Outcome outcome = run("--url", "a=" + url, "--compare", "b=" + url, "--direct", url,
                    "--pid", "a=" + ProcessHandle.current().pid(), "--stream", "--rate", "100",
                    "--duration", "400ms", "--warmup", "100ms", "--rounds", "2",
                    "--out", out.toString(), "--key", "sk-secret");

            assertThat(outcome.code).isZero();
            assertThat(outcome.text).contains("ttft p50", "Multiples of a", "Added to direct",
                    "CPU per call", "round 2/2 b").doesNotContain("sk-secret");
            assertThat(out).isDirectoryContaining("glob:**/result.json")
                    .isDirectoryContaining("glob:**/report.html")
                    .isDirectoryContaining("glob:**/a-ttft.hgrm");
        }
    }

    @Test
    void tellsBadUsageInOneLine() {
        assertUsage("--url: 'ftp://x/'", "--url", "ftp://x/");
        assertUsage("--url: missing");
        assertUsage("expected: a duration", "--url", "http://x/v1", "--duration", "4");
        assertUsage("--rounds: 0", "--url", "http://x/v1", "--rounds", "0");
        assertUsage("--pid: no endpoint is named 'y'", "--url", "http://x/v1", "--pid", "y=1");
        assertUsage("a name of its own", "--url", "http://x/v1", "--compare", "http://x/v1");
        assertUsage("--nonsense", "--nonsense");
    }

    @Test
    void tellsARefusedConnectionInOneLine() throws IOException {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }

        Outcome outcome = run("--url", "http://127.0.0.1:" + port + "/v1");

        assertThat(outcome.code).isEqualTo(1);
        assertThat(outcome.text).contains("refused").hasLineCount(1);
    }

    @Test
    void handsItsArgumentsToJmh() {
        Outcome outcome = run("jmh", "-h");

        assertThat(outcome.code).isZero();
        assertThat(outcome.text).contains("Usage: java -jar");
    }

    private static void assertUsage(String message, String... arguments) {
        Outcome outcome = run(arguments);

        assertThat(outcome.code).isEqualTo(2);
        assertThat(outcome.text).contains(message).hasLineCount(2);
    }

    private record Outcome(int code, String text) {}

    private static Outcome run(String... arguments) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        PrintStream both = new PrintStream(text, true, StandardCharsets.UTF_8);
        PrintStream out = System.out;
        PrintStream err = System.err;
        System.setOut(both);
        System.setErr(both);
        try {
            int code = Main.run(arguments);
            both.flush();
            return new Outcome(code, text.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }
}
