package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static io.penstock.testing.ProxyUnderTest.SHORT;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.netty.buffer.PooledByteBufAllocator;
import io.penstock.loop.Transport;
import io.penstock.provider.ProviderTypes;
import io.penstock.route.Midstream;
import io.penstock.route.Strategy;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Four providers fail at random in every way, a fifth refuses all connections, and callers of four
 * formats leave at random. Every answer is the one to its own prompt and whole, or ends in an
 * error that its caller can see; afterwards nothing is left in the proxy, and no memory is lost.
 *
 * <p>{@code penstock.chaos.calls} makes the test longer, {@code penstock.chaos.seed} repeats the
 * choices of a run, though not the order in which threads make them.
 */
class ChaosIT {
    private static final Logger LOG = LoggerFactory.getLogger(ChaosIT.class);

    private static final int CALLS = Integer.getInteger("penstock.chaos.calls", 400);
    private static final long SEED = Long.getLong("penstock.chaos.seed", System.nanoTime());
    private static final int CALLERS = 16;
    private static final double LEAVING = 0.15; // of all calls
    private static final int ROUNDS = 2; // memory is compared between them
    private static final long MEMORY_SLACK = 256 * 1024; // bytes in buffers of resting connections

    private final Map<String, Integer> outcomes = new ConcurrentHashMap<>();
    private final Queue<String> wrong = new ConcurrentLinkedQueue<>();
    private final AtomicInteger nextCall = new AtomicInteger();
    private final AtomicLong mostMemory = new AtomicLong();

    /** What a caller saw of a call. */
    private enum Outcome { WHOLE, ERROR, ERROR_EVENT, LEFT }

    @ParameterizedTest
    @EnumSource
    void leavesEveryAnswerRightOrOpenlyFailed(Midstream midstream) throws Exception {
        try (ChaosProvider a = ChaosProvider.start("a", SEED);
                ChaosProvider b = ChaosProvider.start("b", SEED);
                ChaosProvider c = ChaosProvider.start("c", SEED);
                ChaosProvider d = ChaosProvider.start("d", SEED);
                Socket nobody = new Socket()) {
            nobody.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            ProxyUnderTest.Builder builder = ProxyUnderTest.on(Transport.auto()).threads(2)
                    .strategy(Strategy.WEIGHTED).withoutBreaker();
            add(builder, "a", a.url()).weight(3);
            add(builder, "b", b.url()).type(ProviderTypes.ANTHROPIC).weight(3);
            add(builder, "c", c.url()).type(ProviderTypes.OPENAI).weight(3);
            add(builder, "d", d.url()).type(ProviderTypes.GEMINI).weight(2);
            add(builder, "nobody", "http://127.0.0.1:" + nobody.getLocalPort()).weight(1);
            if (midstream == Midstream.CONTINUE) {
                builder.continues();
            }
            try (ProxyUnderTest proxy = builder.start()) {
                callAll(proxy, CALLS / ROUNDS);
                long before = settledMemory(proxy);
                for (int round = 1; round < ROUNDS; round++) {
                    callAll(proxy, CALLS / ROUNDS);
                }
                long after = settledMemory(proxy);
                LOG.info("chaos midstream={} seed={} outcomes={} bytes={}, {}, most {}",
                        midstream, SEED, outcomes, before, after, mostMemory);
                LOG.debug("failures a={} b={} c={} d={}", a.failures(), b.failures(),
                        c.failures(), d.failures());
                assertThat(wrong).as("seed " + SEED).isEmpty();
                assertThat(after).as("bytes of buffers in use, seed " + SEED)
                        .isLessThanOrEqualTo(before + MEMORY_SLACK);
                assertThat(mostMemory.get()).as("so there was something to lose")
                        .isGreaterThan(after);
                assertMostAreWhole();
            }
        }
    }

    private static ProxyUnderTest.Builder add(ProxyUnderTest.Builder builder, String name,
            String url) {
        return builder.provider(name, url).head(SHORT).firstContent(SHORT).gap(SHORT)
                .total(SHORT.multipliedBy(20));
    }

    /** Bytes that buffers hold when no call is under way. */
    private static long settledMemory(ProxyUnderTest proxy) {
        proxy.awaitNoCallers();
        proxy.awaitQuiet();
        return memory();
    }

    private static long memory() {
        return PooledByteBufAllocator.DEFAULT.pinnedDirectMemory();
    }

    private void assertMostAreWhole() {
        for (ChaosFormat format : ChaosFormat.values()) {
            for (boolean stream : List.of(true, false)) {
                int stayed = 0;
                for (Outcome outcome : List.of(Outcome.WHOLE, Outcome.ERROR, Outcome.ERROR_EVENT)) {
                    stayed += outcomes.getOrDefault(key(format, stream, outcome), 0);
                }
                assertThat(outcomes.getOrDefault(key(format, stream, Outcome.WHOLE), 0) * 2)
                        .as(format + ", stream: " + stream + ", seed " + SEED)
                        .isGreaterThan(stayed);
            }
        }
    }

    private static String key(ChaosFormat format, boolean stream, Outcome outcome) {
        return format + (stream ? "_STREAM_" : "_") + outcome;
    }

    private void callAll(ProxyUnderTest proxy, int calls) throws Exception {
        int end = nextCall.get() + calls;
        ExecutorService threads = Executors.newFixedThreadPool(CALLERS);
        try {
            List<Future<?>> callers = new ArrayList<>();
            for (int i = 0; i < CALLERS; i++) {
                callers.add(threads.submit(() -> {
                    call(proxy, end);
                    return null;
                }));
            }
            for (Future<?> caller : callers) {
                caller.get(PATIENCE.toSeconds() + calls, TimeUnit.SECONDS);
            }
            nextCall.set(end);
        } finally {
            threads.shutdownNow();
        }
    }

    /** Calls again and again, on one connection as long as that lasts. */
    private void call(ProxyUnderTest proxy, int end) throws IOException {
        RawClient client = null;
        try {
            for (int call = nextCall.getAndIncrement(); call < end;
                    call = nextCall.getAndIncrement()) {
                client = client == null ? RawClient.connect(proxy.port()).timeout(PATIENCE)
                        : client;
                client = new Call(client, new Random(SEED * 1_000_003 + call)).run();
                mostMemory.accumulateAndGet(memory(), Math::max);
            }
        } finally {
            if (client != null) {
                client.close();
            }
        }
    }

    /** One call of one caller. */
    private final class Call {
        private final RawClient client;
        private final Random random;
        private final String nonce;
        private final String expected;
        private final ChaosFormat format;
        private final boolean stream;

        Call(RawClient client, Random random) {
            this.client = client;
            this.random = random;
            nonce = String.format("n%016x", random.nextLong());
            expected = ChaosProvider.answerTo(nonce);
            format = ChaosFormat.values()[random.nextInt(ChaosFormat.values().length)];
            stream = random.nextBoolean();
        }

        /** The connection for the next call; null when this one is over. */
        RawClient run() throws IOException {
            String body = format.request(SMART, "Say " + nonce, stream);
            if (random.nextDouble() < LEAVING) {
                leave(body);
                count(Outcome.LEFT);
                return null;
            }
            client.post(format.path(SMART, stream), body, "x-api-key: " + CALLER_KEY);
            RawClient.Head head = client.readHead();
            boolean reusable = head.status() == 200 && stream ? readStream(head)
                    : readWhole(head);
            if (reusable && !"close".equals(head.header("connection"))) {
                return client;
            }
            client.close();
            return null;
        }

        /** Asks, and is gone somewhere between the first byte asked and the last one read. */
        private void leave(String body) throws IOException {
            byte[] sent = body.getBytes(StandardCharsets.UTF_8);
            if (random.nextInt(4) == 0) {
                client.send("POST " + format.path(SMART, stream)
                        + " HTTP/1.1\r\nhost: localhost\r\nx-api-key: " + CALLER_KEY
                        + "\r\ncontent-type: application/json\r\ncontent-length: "
                        + (sent.length + 1) + "\r\n\r\n").send(sent);
            } else {
                client.post(format.path(SMART, stream), body, "x-api-key: " + CALLER_KEY);
                int chunks = random.nextInt(12);
                if (chunks > 0) {
                    RawClient.Head head = client.readHead();
                    StringBuilder seen = new StringBuilder();
                    if (head.status() == 200 && stream) {
                        readChunks(seen, chunks);
                        checkBeginning(seen.toString());
                    }
                }
            }
            if (random.nextBoolean()) {
                client.reset();
            } else {
                client.close();
            }
        }

        private boolean readWhole(RawClient.Head head) {
            String body;
            try {
                body = client.readBody(head);
            } catch (IOException e) {
                wrong(head, "a reply without its end: " + e);
                return false;
            }
            JsonNode reply = ChaosFormat.json(body);
            if (head.status() == 200) {
                check(head, format.textOf(reply).equals(expected), "a wrong answer", body);
                check(head, format.isFinished(reply), "an answer without its reason", body);
                count(Outcome.WHOLE);
            } else {
                check(head, head.status() >= 429 && reply.has("error"), "no error", body);
                check(head, !body.contains("é→"), "an error with an answer", body);
                count(Outcome.ERROR);
            }
            return true;
        }

        private boolean readStream(RawClient.Head head) {
            StringBuilder all = new StringBuilder();
            boolean ended = readChunks(all, Integer.MAX_VALUE);
            String body = all.toString();
            check(head, body.endsWith("\n\n"), "a last event without its end", body);
            String last = body.stripTrailing();
            last = last.substring(last.lastIndexOf("\n\n") + 1).strip();
            List<JsonNode> events;
            try {
                events = ChaosFormat.data(body);
            } catch (AssertionError e) {
                wrong(head, e.getMessage() + ": " + body);
                return ended;
            }
            boolean failed = format.isError(events.get(events.size() - 1));
            long finishes = events.stream().filter(format::isFinish).count();
            if (failed) { // a provider's own error event may be followed by a proper end
                checkBeginning(body);
                check(head, !format.isTerminator(last), "an error event and a terminator", body);
                count(Outcome.ERROR_EVENT);
            } else {
                check(head, ended, "a stream that ends silently", body);
                check(head, format.isTerminator(last), "a stream without its terminator", body);
                check(head, text(body).equals(expected), "a wrong answer", body);
                check(head, finishes == 1, finishes + " reasons of the end", body);
                count(Outcome.WHOLE);
            }
            return ended;
        }

        /** Whether the last chunk came. */
        private boolean readChunks(StringBuilder into, int max) {
            try {
                for (int i = 0; i < max; i++) {
                    String chunk = client.readChunk();
                    if (chunk.isEmpty()) {
                        return true;
                    }
                    into.append(chunk);
                }
                return false;
            } catch (IOException e) {
                return false; // a cut: what it may look like is checked by the caller's side
            }
        }

        private void checkBeginning(String body) {
            String whole = body.substring(0, body.lastIndexOf("\n\n") + 1);
            check(null, expected.startsWith(text(whole)), "a wrong beginning", body);
        }

        private String text(String body) {
            StringBuilder text = new StringBuilder();
            ChaosFormat.data(body).forEach(event -> text.append(format.pieceOf(event)));
            return text.toString();
        }

        private void check(RawClient.Head head, boolean holds, String mistake, String body) {
            if (!holds) {
                wrong(head, mistake + ": " + body);
            }
        }

        private void wrong(RawClient.Head head, String what) {
            wrong.add(format + (stream ? " stream " : " ") + nonce + ", attempts "
                    + (head == null ? null : head.header("x-penstock-attempts")) + ": " + what);
        }

        private void count(Outcome outcome) {
            outcomes.merge(key(format, stream, outcome), 1, Integer::sum);
        }
    }
}
