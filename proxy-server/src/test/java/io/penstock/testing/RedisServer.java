package io.penstock.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import redis.embedded.core.ExecutableProvider;

/**
 * A real Redis on a free port of the loopback, as a process of the test's: it can be killed, held
 * and let go, and be started again on its port. Keeps nothing on disk.
 *
 * <p><b>Thread:</b> confined to the test's.
 */
public final class RedisServer implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final int CLUSTER_BUS = 10_000; // above a node's port
    private static final int MAX_PORT = 65_535 - CLUSTER_BUS;

    private final int port;
    private final Path directory;
    private final List<String> arguments;
    private Process process;

    private RedisServer(Path directory, int port, List<String> arguments) {
        this.directory = directory;
        this.port = port;
        this.arguments = arguments;
    }

    /** One that is up, with further lines of its configuration. */
    public static RedisServer start(Path directory, String... settings) throws IOException {
        return start(directory, freePort(), List.of(settings));
    }

    private static RedisServer start(Path directory, int port, List<String> settings)
            throws IOException {
        List<String> lines = new ArrayList<>(List.of("save \"\"", "appendonly no",
                "bind 127.0.0.1", "dir \"" + directory + "\""));
        if (settings.stream().noneMatch(each -> each.startsWith("tls-port"))) {
            lines.add("port " + port);
        }
        settings.forEach(each -> lines.add(each.replace("PORT", "" + port)));
        Path file = directory.resolve("redis-" + port + ".conf");
        Files.write(file, lines);
        List<String> arguments = new ArrayList<>(List.of(file.toString()));
        if (settings.stream().anyMatch(each -> each.startsWith("sentinel "))) {
            arguments.add("--sentinel");
        }
        RedisServer server = new RedisServer(directory, port, arguments);
        server.start();
        return server;
    }

    /** One that copies what that one holds. */
    public RedisServer startReplica() throws IOException {
        return start(directory, freePort(), List.of("replicaof 127.0.0.1 " + port,
                "repl-diskless-sync yes", "repl-diskless-sync-delay 0"));
    }

    /** A sentinel that knows this one as {@code mymaster}, and acts by itself after a moment. */
    public RedisServer startSentinel() throws IOException {
        return start(directory, freePort(), List.of(
                "sentinel monitor mymaster 127.0.0.1 " + port + " 1",
                "sentinel down-after-milliseconds mymaster 500",
                "sentinel failover-timeout mymaster 2000"));
    }

    /** The masters of a cluster. */
    public static List<RedisServer> startCluster(Path directory, int masters) throws IOException {
        List<RedisServer> nodes = new ArrayList<>();
        for (int i = 0; i < masters; i++) {
            nodes.add(start(directory, freePort(), List.of("cluster-enabled yes",
                    "cluster-config-file nodes-PORT.conf", "cluster-node-timeout 1000",
                    "cluster-require-full-coverage no")));
        }
        int slots = 16_384;
        for (int i = 0; i < masters; i++) {
            List<String> add = new ArrayList<>(List.of("CLUSTER", "ADDSLOTS"));
            for (int slot = slots * i / masters; slot < slots * (i + 1) / masters; slot++) {
                add.add("" + slot);
            }
            nodes.get(i).command(add.toArray(String[]::new));
            nodes.get(i).command("CLUSTER", "SET-CONFIG-EPOCH", "" + (i + 1));
            nodes.get(0).command("CLUSTER", "MEET", "127.0.0.1", "" + nodes.get(i).port);
        }
        for (RedisServer node : nodes) {
            ProxyUnderTest.await("the cluster is whole", () -> {
                String info = node.tryCommand("CLUSTER", "INFO");
                return info.contains("cluster_state:ok")
                        && info.contains("cluster_known_nodes:" + masters);
            });
        }
        return nodes;
    }

    /** A port that is free, and as a cluster's node as well. */
    private static int freePort() throws IOException {
        while (true) {
            try (ServerSocket socket = new ServerSocket(0)) {
                int port = socket.getLocalPort();
                if (port <= MAX_PORT) {
                    return port;
                }
                for (int below = port - CLUSTER_BUS; below > 10_000; below -= 97) {
                    try (ServerSocket other = new ServerSocket(below);
                            ServerSocket bus = new ServerSocket(below + CLUSTER_BUS)) {
                        return other.getLocalPort();
                    } catch (IOException e) {
                        continue; // taken
                    }
                }
            }
        }
    }

    private static File executable() throws IOException {
        return Executable.FILE;
    }

    /** Unpacked once. */
    private static final class Executable {
        static final File FILE = unpack();

        private static File unpack() {
            try {
                return ExecutableProvider.newJarResourceProvider().get();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** Starts it, on the port that it had before. */
    public void start() throws IOException {
        List<String> command = new ArrayList<>(List.of(executable().getPath()));
        command.addAll(arguments);
        process = new ProcessBuilder(command).directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("redis-" + port + ".log").toFile()).start();
        ProxyUnderTest.await("Redis listens", this::listens);
    }

    private boolean listens() {
        assertThat(process.isAlive()).as("Redis ended: " + log()).isTrue();
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("127.0.0.1", port));
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private String log() {
        try {
            return Files.readString(directory.resolve("redis-" + port + ".log"));
        } catch (IOException e) {
            return e.toString();
        }
    }

    public int port() {
        return port;
    }

    public String url() {
        return "redis://127.0.0.1:" + port;
    }

    /** Ends it at once, without a word to whoever is connected. */
    public void kill() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    /** Lets it do nothing, connections and all. */
    public void hold() throws IOException, InterruptedException {
        signal("STOP");
    }

    /** Lets it go on. */
    public void letGo() throws IOException, InterruptedException {
        signal("CONT");
    }

    private void signal(String name) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
    }

    /** Sends a command, and returns the reply as it comes; fails with an error reply. */
    public String command(String... words) throws IOException {
        String reply = send(words);
        assertThat(reply).as(String.join(" ", words)).doesNotStartWith("-");
        return reply;
    }

    /** The reply, whatever it says; empty for none within a moment. */
    public String tryCommand(String... words) {
        try {
            return send(words);
        } catch (IOException e) {
            return "";
        }
    }

    private String send(String... words) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout((int) PATIENCE.toMillis());
            StringBuilder text = new StringBuilder("*" + words.length + "\r\n");
            for (String word : words) {
                text.append("$").append(word.getBytes(StandardCharsets.UTF_8).length)
                        .append("\r\n").append(word).append("\r\n");
            }
            text.append("*1\r\n$4\r\nQUIT\r\n");
            socket.getOutputStream().write(text.toString().getBytes(StandardCharsets.UTF_8));
            ByteArrayOutputStream reply = new ByteArrayOutputStream();
            socket.getInputStream().transferTo(reply);
            String all = reply.toString(StandardCharsets.UTF_8);
            return all.endsWith("+OK\r\n") && all.length() > 5
                    ? all.substring(0, all.length() - 5) : all;
        }
    }

    @Override
    public void close() throws Exception {
        if (process.isAlive()) {
            kill();
        }
    }
}
