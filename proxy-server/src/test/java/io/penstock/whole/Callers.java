package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.PATIENCE;

import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Many callers of one proxy at once: some with long streams, some calling at a rate, whatever
 * becomes of the calls before.
 *
 * <p><b>Thread:</b> confined to the test's; each call has a thread of its own, and a connection
 * that others may have used before.
 */
final class Callers implements AutoCloseable {
    private static final int STREAM_EVERY = 5; // calls

    private final int port;
    private final String model;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    private final ConcurrentLinkedDeque<RawClient> idle = new ConcurrentLinkedDeque<>();
    private final List<Future<Answer>> streams = new ArrayList<>();
    private final List<Future<Answer>> calls = Collections.synchronizedList(new ArrayList<>());
    private final AtomicInteger begun = new AtomicInteger();

    /** What a caller got; {@code attempts} and {@code provider} as the reply's head says it. */
    record Answer(int status, String provider, String attempts, String body, boolean stream,
            boolean complete) {
        /** Whether it came to its proper end, as far as its framing and its last event tell. */
        boolean isWhole() {
            return complete && (!stream || body.endsWith("data: [DONE]\n\n"));
        }
    }

    Callers(int port, String model) {
        this.port = port;
        this.model = model;
    }

    /** Opens so many streams; {@code fields} are further header lines. */
    void openStreams(int count, String... fields) {
        for (int i = 0; i < count; i++) {
            streams.add(threads.submit(() -> ask(true, begun::incrementAndGet, fields)));
        }
    }

    /** Streams whose head has come. */
    int begun() {
        return begun.get();
    }

    /** Calls from now on, every fifth for a short stream. */
    void callAtRate(int perSecond) {
        clock.scheduleAtFixedRate(this::call, 0, TimeUnit.SECONDS.toNanos(1) / perSecond,
                TimeUnit.NANOSECONDS);
    }

    private void call() {
        boolean stream = calls.size() % STREAM_EVERY == 0;
        calls.add(threads.submit(() -> ask(stream, () -> { })));
    }

    /** Calls that have begun. */
    int started() {
        return calls.size();
    }

    /** Calls that have begun, and not ended. */
    int underWay() {
        return (int) List.copyOf(calls).stream().filter(call -> !call.isDone()).count();
    }

    /** The answers that have come by now, from that call on. */
    List<Answer> answersFrom(int call) {
        return List.copyOf(calls).stream().skip(call).filter(Future::isDone).map(Callers::join)
                .toList();
    }

    /** Waits for the end of all streams. */
    List<Answer> closeStreams() {
        return streams.stream().map(Callers::join).toList();
    }

    /** Calls no more, and waits for all answers; they are in the order of their calls. */
    List<Answer> stopCalls() throws InterruptedException {
        clock.shutdown();
        clock.awaitTermination(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        return List.copyOf(calls).stream().map(Callers::join).toList();
    }

    private static Answer join(Future<Answer> future) {
        try {
            return future.get(PATIENCE.toSeconds() * 2, TimeUnit.SECONDS);
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new AssertionError("a call was not answered", e);
        }
    }

    private Answer ask(boolean stream, Runnable onHead, String... fields) throws IOException {
        RawClient client = idle.poll();
        client = client == null ? RawClient.connect(port).timeout(PATIENCE) : client;
        ProxyUnderTest.askWith(client, ProxyUnderTest.chat(model, stream), fields);
        RawClient.Head head = client.readHead();
        onHead.run();
        String body = "";
        boolean complete = true;
        try {
            body = client.readBody(head);
            idle.push(client);
        } catch (IOException e) {
            complete = false;
            client.close();
        }
        return new Answer(head.status(), String.valueOf(head.header("x-penstock-provider")),
                String.valueOf(head.header("x-penstock-attempts")), body, stream, complete);
    }

    @Override
    public void close() throws IOException {
        clock.shutdownNow();
        threads.shutdownNow();
        for (RawClient client : idle) {
            client.close();
        }
    }
}
