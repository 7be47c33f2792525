package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The proxy as a process of its own: its signals, and its standard streams. */
@DisabledOnOs(OS.WINDOWS)
class ServeProcessIT {
    private static final int SECONDS = 60; // for a process to start on a busy machine

    @TempDir
    Path directory;

    private Process process;
    private int port;
    private int adminPort;

    /** Starts it and returns as soon as the port takes connections, whatever comes after that. */
    private void start(String configuration, String... options) throws Exception {
        port = freePort();
        adminPort = freePort();
        Path file = Files.writeString(directory.resolve("penstock.yaml"), configuration);
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path"),
                "io.penstock.cli.Main", "serve", "-c", file.toString(),
                "--listen", "127.0.0.1:" + port, "--admin", "127.0.0.1:" + adminPort,
                "--threads", "1", "--data-dir", directory.resolve("data").toString()));
        command.addAll(List.of(options));
        process = new ProcessBuilder(command).directory(directory.toFile()).start();
        ProxyUnderTest.await("the port is open", this::isOpen);
    }

    private boolean isOpen() {
        assertThat(process.isAlive()).as("the process runs").isTrue();
        try (RawClient client = RawClient.connect(port)) {
            return true;
        } catch (IOException e) {
            return false; // not yet
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private void signal(String name) throws Exception {
        assertThat(new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .inheritIO().start().waitFor()).isZero();
    }

    /** By the lowest bit of the signals that Linux says the process ignores. */
    private boolean ignoresHangups() throws IOException {
        Path status = Path.of("/proc", Long.toString(process.pid()), "status");
        if (!Files.exists(status)) {
            return false;
        }
        return Files.readAllLines(status).stream().filter(line -> line.startsWith("SigIgn:"))
                .anyMatch(line -> Long.parseUnsignedLong(line.substring(7).strip(), 16) % 2 != 0);
    }

    private int status(String path) throws IOException {
        try (RawClient client = RawClient.connect(port).timeout(ProxyUnderTest.PATIENCE)) {
            return client.get(path).readHead().status();
        }
    }

    @AfterEach
    void end() throws Exception {
        if (process != null) {
            process.destroyForcibly().waitFor();
        }
    }

    @Test
    void endsWellWhenItIsStoppedInTheMomentItsPortIsOpen() throws Exception {
        start("providers: [{name: ollama, type: ollama}]\n");

        signal("TERM");

        assertThat(process.waitFor(SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
    }

    @Test
    void recordsWhatItDoesUntilItEnds() throws Exception {
        Path file = directory.resolve("penstock.jfr");
        start("providers: [{name: ollama, type: ollama}]\nobserve: {log: {format: json}}\n",
                "--record", file.toString());
        assertThat(status("/one")).isEqualTo(404);

        signal("TERM");

        assertThat(process.waitFor(SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
        assertThat(RecordingFile.readAllEvents(file)).anySatisfy(event -> {
            assertThat(event.getEventType().getName()).isEqualTo("io.penstock.Exchange");
            assertThat(event.getInt("status")).isEqualTo(404);
        });
        assertThat(new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8)
                .lines()).isNotEmpty()
                .allMatch(line -> line.startsWith("{\"time\":\"") && line.endsWith("}"));
    }

    @Test
    void opensItsAccessLogAgainAtAHangup() throws Exception {
        Path log = directory.resolve("access.log");
        start("providers: [{name: ollama, type: ollama}]\n"
                + "observe: {access_log: {path: \"" + log + "\"}}\n");
        assumeThat(ignoresHangups()).as("started by nohup, which the JVM heeds").isFalse();
        assertThat(status("/one")).isEqualTo(404);
        ProxyUnderTest.await("the line is written", () -> log.toFile().length() > 0);
        Files.move(log, directory.resolve("access.log.1"));

        signal("HUP");

        ProxyUnderTest.await("the file is there again", () -> Files.exists(log));
        assertThat(status("/two")).isEqualTo(404);
        ProxyUnderTest.await("the line is written", () -> log.toFile().length() > 0);
        assertThat(Files.readString(log)).contains("GET /two").doesNotContain("GET /one");
    }

    /** Each model is one that can't be served, of which a line goes to standard error. */
    @Test
    void servesOnThoughNobodyReadsWhatItSays() throws Exception {
        start("""
                providers: [{name: p, type: vllm, base_url: "http://127.0.0.1:1/v1"}]
                breaker: {min_requests: 1}
                retry: {same_target: 0}
                """);
        int pipeBytes = 64 * 1024;
        String name = "m".repeat(200);
        try (RawClient client = RawClient.connect(port).timeout(ProxyUnderTest.PATIENCE)) {
            for (int i = 0; i < 3 * pipeBytes / name.length(); i++) {
                client.post("/v1/chat/completions", ProxyUnderTest.chat(name + i, false));
                RawClient.Head head = client.readHead();
                client.readBody(head);
                assertThat(head.status()).isEqualTo(502);
            }
        }
        assertThat(status("/health")).isEqualTo(200);
        assertThat(process.getErrorStream().available()).as("the pipe is full")
                .isGreaterThan(pipeBytes / 2);

        signal("TERM");

        assertThat(process.waitFor(SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
    }
}
