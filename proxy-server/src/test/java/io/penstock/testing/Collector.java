package io.penstock.testing;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.zip.GZIPInputStream;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * A server on the loopback that takes events in batches, as PostHog does, and answers as it is
 * told.
 *
 * <p><b>Thread:</b> safe.
 */
public final class Collector implements AutoCloseable {
    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Deque<Integer> answers = new ArrayDeque<>(); // guarded by this, as the next two
    private final List<Map<String, Object>> batches = new ArrayList<>();
    private final List<String> paths = new ArrayList<>();
    private final CountDownLatch closing = new CountDownLatch(1);
    private volatile boolean hangs;

    public Collector() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
        server.setExecutor(threads);
        server.createContext("/", this::take);
        server.start();
    }

    public URI url() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    /** It answers the next requests with these statuses; all others with 200. */
    public synchronized Collector answers(int... statuses) {
        for (int status : statuses) {
            answers.add(status);
        }
        return this;
    }

    /** It answers nothing until it is closed. */
    public Collector hangs() {
        hangs = true;
        return this;
    }

    /** Requests that came, answered well or not. */
    public synchronized int requests() {
        return paths.size();
    }

    public synchronized List<String> paths() {
        return List.copyOf(paths);
    }

    /** What was taken: the bodies of the requests that were answered with 200. */
    public synchronized List<Map<String, Object>> batches() {
        return List.copyOf(batches);
    }

    private void take(HttpExchange exchange) throws IOException {
        try (InputStream in = new GZIPInputStream(exchange.getRequestBody())) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            int status = note(exchange, text);
            if (hangs) {
                closing.await();
            }
            exchange.getResponseHeaders().add("content-type", "application/json");
            exchange.sendResponseHeaders(status, -1);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            exchange.close();
        }
    }

    @SuppressWarnings("unchecked") // JSON is YAML, and a batch is an object
    private synchronized int note(HttpExchange exchange, String text) {
        paths.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
        int status = answers.isEmpty() ? 200 : answers.remove();
        if (status == 200 && !hangs) {
            batches.add((Map<String, Object>) new Load(LoadSettings.builder().build())
                    .loadFromString(text));
        }
        return status;
    }

    @Override
    public void close() {
        closing.countDown();
        server.stop(0);
        threads.shutdownNow();
    }
}
