package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.SMART;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.exchange.call.RetrySettings;
import io.penstock.loop.Transport;
import io.penstock.mock.Failures;
import io.penstock.mock.Fault;
import io.penstock.mock.MockServer;
import io.penstock.mock.MockSettings;
import io.penstock.mock.Prefill;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.upstream.BreakerSettings;
import io.penstock.whole.Callers.Answer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The first provider fails while streams are open and calls come at a rate: no caller notices, and
 * the provider isn't asked much more for that.
 *
 * <p>Properties make a load test of it: {@code penstock.outage.streams} are open, {@code
 * penstock.outage.rate} calls a second come, {@code penstock.outage.calls} of them while it lasts.
 */
class OutageIT {
    private static final Logger LOG = LoggerFactory.getLogger(OutageIT.class);

    private static final int STREAMS = Integer.getInteger("penstock.outage.streams", 200);
    private static final int RATE = Integer.getInteger("penstock.outage.rate", 100);
    private static final int CALLS = Integer.getInteger("penstock.outage.calls", 200);
    private static final int CALLS_BEFORE = 20;
    private static final int WORDS = 60;
    private static final int RETRIES_IN_A_ROW = 10; // that the budget allows, whatever its ratio
    private static final String TEXT = IntStream.range(0, WORDS).mapToObj(i -> "word" + i)
            .collect(Collectors.joining(" "));
    private static final BreakerSettings BREAKER = new BreakerSettings(true, 0.5, 20,
            Duration.ofSeconds(30), Duration.ofMillis(500), 3);

    /** How it fails. */
    enum Outage { REFUSES, RESETS, SAYS_500 }

    @ParameterizedTest
    @EnumSource
    void isNoticedByNoCaller(Outage outage) throws Exception {
        MockSettings settings = MockSettings.DEFAULT.withText(TEXT).withPrefill(Prefill.CONTINUE);
        MockServer first = MockServer.start(settings.withName("a"), 1);
        try (MockServer second = MockServer.start(settings.withName("b"), 1);
                ProxyUnderTest proxy = ProxyUnderTest.on(Transport.auto())
                        .provider("a", "http://127.0.0.1:" + first.port())
                        .provider("b", "http://127.0.0.1:" + second.port())
                        .continues().breaker(BREAKER).start();
                Callers callers = new Callers(proxy.port(), SMART)) {
            callers.openStreams(STREAMS, "x-mock-interval: " + streamMillis() / WORDS + "ms");
            ProxyUnderTest.await("all streams have begun", () -> callers.begun() == STREAMS);
            callers.callAtRate(RATE);
            awaitStarted(callers, CALLS_BEFORE);

            int mayMeetIt = callers.underWay() - callers.started();
            long asked = first.requests();
            if (outage == Outage.REFUSES) {
                first.close();
            } else {
                first.fail(Failures.always(outage == Outage.RESETS
                        ? new Fault(Fault.Kind.RESET, 0) : new Fault(Fault.Kind.STATUS, 500)));
            }
            int began = callers.started();
            awaitStarted(callers, began + CALLS);
            int ended = callers.started();
            asked = first.requests() - asked;
            mayMeetIt += ended;
            long healedNanos = System.nanoTime();
            if (outage == Outage.REFUSES) {
                first = MockServer.start(settings.withName("a").withPort(first.port()), 1);
            } else {
                first.fail(Failures.NONE);
            }
            ProxyUnderTest.await("it serves again", () -> callers.answersFrom(ended).stream()
                    .anyMatch(answer -> answer.provider().equals("a")));
            long recoveredMillis = (System.nanoTime() - healedNanos) / 1_000_000;

            List<Answer> streams = callers.closeStreams();
            List<Answer> calls = callers.stopCalls();
            Map<String, Long> outcomes = outcomes(calls.subList(began, ended));
            LOG.info("outage way={} streams={} calls={} requests_to_the_dead={} outcomes={} "
                    + "recovered_ms={}", outage, STREAMS, ended - began, asked, outcomes,
                    recoveredMillis);
            assertThat(calls).allSatisfy(OutageIT::isWhole);
            assertThat(streams).hasSize(STREAMS).allSatisfy(OutageIT::isWhole);
            double most = mayMeetIt * (1 + RetrySettings.DEFAULT.budgetRatio()) + RETRIES_IN_A_ROW;
            assertThat((double) asked).isLessThanOrEqualTo(most);
            assertThat((double) outcomes.entrySet().stream()
                    .filter(outcome -> outcome.getKey().matches("a=(reset|closed|500|connect_.*)"))
                    .mapToLong(Map.Entry::getValue).sum()).isLessThanOrEqualTo(most);
        } finally {
            first.close();
        }
    }

    /** Streams outlast the outage by as much again. */
    private static int streamMillis() {
        return Math.max(3000, 2000 * CALLS / RATE);
    }

    private static void awaitStarted(Callers callers, int count) {
        while (callers.started() < count) {
            int before = callers.started();
            ProxyUnderTest.await("calls go on", () -> callers.started() > before);
        }
    }

    private static void isWhole(Answer answer) {
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.isWhole()).as(answer.body()).isTrue();
        assertThat(Faults.text(answer.body())).isEqualTo(TEXT);
    }

    /** How often each provider's attempts came to each end. */
    private static Map<String, Long> outcomes(List<Answer> answers) {
        return answers.stream().flatMap(answer -> List.of(answer.attempts().split(", ")).stream())
                .collect(Collectors.groupingBy(
                        attempt -> attempt.replaceFirst("/model-[ab]=", "="), TreeMap::new,
                        Collectors.counting()));
    }
}
