package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.loop.Transport;
import io.penstock.mock.Failures;
import io.penstock.mock.Fault;
import io.penstock.mock.MockServer;
import io.penstock.mock.MockSettings;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What hedging is for: the slowest calls to a provider whose first token is late now and then. */
class HedgeEffectIT {
    private static final Logger LOG = LoggerFactory.getLogger(HedgeEffectIT.class);

    private static final double SLOW = 0.05; // of the calls, a second late
    private static final double MAX_RATIO = 0.1;
    private static final int CALLERS = 8;
    private static final int ROUNDS = 4;
    private static final int CALLS = 13; // of each caller in a round
    private static final MockSettings MOCK =
            MockSettings.DEFAULT.withEvents(3).withTtft(Duration.ofMillis(20));

    @Test
    void halvesTheTimeToFirstContentOfTheSlowest() throws Exception {
        MockSettings slow = MOCK.withFailures(
                Failures.always(new Fault(Fault.Kind.SLOW, 0)).withRatio(SLOW));
        ExecutorService callers = Executors.newFixedThreadPool(CALLERS);
        try (MockServer first = MockServer.start(slow.withName("a"), 1);
                MockServer second = MockServer.start(MOCK.withName("b"), 1);
                ProxyUnderTest proxy = ProxyUnderTest.on(Transport.auto())
                        .provider("a", "http://127.0.0.1:" + first.port())
                        .provider("b", "http://127.0.0.1:" + second.port())
                        .provider("same", "http://127.0.0.1:" + first.port())
                        .hedgeBeyond(0.95, MAX_RATIO).start()) {
            List<Long> hedged = new ArrayList<>();
            List<Long> plain = new ArrayList<>();
            ask(callers, proxy, SMART); // so that the percentile is known
            long extra = second.requests();
            for (int round = 0; round < ROUNDS; round++) {
                plain.addAll(ask(callers, proxy, "model-same"));
                hedged.addAll(ask(callers, proxy, SMART));
            }
            extra = second.requests() - extra;

            LOG.info("hedging calls={} p99_ms={} plain_p99_ms={} p50_ms={} extra_calls={}",
                    hedged.size(), p(99, hedged), p(99, plain), p(50, hedged), extra);
            assertThat(p(99, hedged)).isLessThan(p(99, plain) / 2);
            assertThat((double) extra).isLessThanOrEqualTo(
                    MAX_RATIO * (hedged.size() + CALLERS * CALLS));
        } finally {
            callers.shutdownNow();
        }
    }

    private static long p(int percentile, List<Long> nanos) {
        Collections.sort(nanos);
        return nanos.get((nanos.size() * percentile + 99) / 100 - 1) / 1_000_000;
    }

    /** A round of streams; the nanoseconds from each request to its first content. */
    private static List<Long> ask(ExecutorService callers, ProxyUnderTest proxy, String model)
            throws Exception {
        int port = proxy.port();
        List<Future<List<Long>>> rounds = new ArrayList<>();
        for (int i = 0; i < CALLERS; i++) {
            rounds.add(callers.submit(() -> askInTurn(port, model)));
        }
        List<Long> all = new ArrayList<>();
        for (Future<List<Long>> round : rounds) {
            all.addAll(round.get());
        }
        return all;
    }

    private static List<Long> askInTurn(int port, String model) throws IOException {
        List<Long> nanos = new ArrayList<>();
        try (RawClient caller = RawClient.connect(port).timeout(PATIENCE)) {
            for (int i = 0; i < CALLS; i++) {
                long start = System.nanoTime();
                ProxyUnderTest.ask(caller, model, true);
                RawClient.Head head = caller.readHead(); // goes out with the first content
                nanos.add(System.nanoTime() - start);
                assertThat(head.status()).isEqualTo(200);
                assertThat(caller.readBody(head)).endsWith("data: [DONE]\n\n");
            }
        }
        return nanos;
    }
}
