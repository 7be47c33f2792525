package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.RawClient;
import java.io.BufferedReader;
import java.io.PipedReader;
import java.io.PipedWriter;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class MockCommandTest {
    private final StringWriter err = new StringWriter();

    @Test
    void tellsWhereItListensAndServesUntilItIsStopped() throws Exception {
        PipedWriter out = new PipedWriter();
        try (BufferedReader lines = new BufferedReader(new PipedReader(out))) {
            CommandLine command = new CommandLine(new MockCommand())
                    .setOut(new PrintWriter(out)).setErr(new PrintWriter(err, true));
            Thread running = new Thread(() -> {
                command.execute("--port", "0", "--events", "2");
                command.getOut().close(); // so that the reader below never waits in vain
            });
            running.start();
            try {
                String line = lines.readLine();
                assertThat(line).matches("mock: listening on http://127.0.0.1:[0-9]+/v1");
                int port = Integer.parseInt(line.replaceAll(".*:([0-9]+)/v1", "$1"));
                try (RawClient client = RawClient.connect(port)) {
                    client.post("/v1/chat/completions", "{\"model\":\"m\"}");
                    assertThat(client.readBody(client.readHead()))
                            .contains("\"completion_tokens\":2,");
                }
            } finally {
                running.interrupt();
                running.join(10_000);
            }
            assertThat(running.isAlive()).isFalse();
        }
    }

    @Test
    void saysInOneLineThatThePortIsTaken() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            int exit = run("--port", "" + taken.getLocalPort());

            assertThat(exit).isEqualTo(1);
            assertThat(err.toString().lines()).singleElement().asString()
                    .startsWith("mock: cannot listen on 127.0.0.1:" + taken.getLocalPort());
        }
    }

    @ParameterizedTest
    @CsvSource({"--ttft,soon", "--interval,-1s", "--fail,302", "--fail,explode",
        "--fail-ratio,1.5", "--fail-times,-1", "--fail-for,ever", "--prefill,maybe",
        "--events,0", "--threads,0", "--name,a b"})
    void refusesBadUsage(String option, String value) {
        assertThat(run("--port", "0", option, value)).isEqualTo(2);
        assertThat(err.toString()).contains("expected: ");
    }

    private int run(String... args) {
        return new CommandLine(new MockCommand()).setErr(new PrintWriter(err, true))
                .execute(args);
    }
}
