package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static io.penstock.testing.ScriptedUpstream.GOOD_UNARY;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.loop.Transport;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.testing.ScriptedUpstream.Script;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A slow provider is raced by the next; the caller gets the first answer, and nobody the rest. */
@ParameterizedClass
@MethodSource("io.penstock.testing.ProxyUnderTest#transports")
class HedgeIT {
    private static final Duration SOON = Duration.ofMillis(30);
    private static final Duration LATE = Duration.ofSeconds(60);

    @Parameter
    Transport transport;

    @TempDir
    Path directory;

    private static Script hanging(int opened) {
        return x -> {
            x.readRequest();
            if (opened > 0) {
                x.sseHead().event("{\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}").flush();
            }
            x.awaitClosed(PATIENCE);
        };
    }

    private ProxyUnderTest.Builder before(ScriptedUpstream a, ScriptedUpstream b, Duration after) {
        return ProxyUnderTest.on(transport).provider("a", a.url()).provider("b", b.url())
                .hedge(after, 1);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void givesTheCallerTheAnswerOfTheSecondAndCancelsTheFirst(int opened) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(hanging(opened));
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodStream(2));
                ProxyUnderTest proxy = before(a, b, SOON).accessLog(directory.resolve("log"))
                        .start()) {
            RawClient caller = proxy.ask(SMART, true);
            RawClient.Head head = caller.readHead();
            assertThat(head.header("x-penstock-provider")).isEqualTo("b");
            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=hedge_lost, b/model-b=200");
            assertThat(caller.readChunked()).isEqualTo(Wire.dataOf(Wire.goodStream(2)));
            assertThat(a.awaitClosed(1, PATIENCE)).as("cancelled").isTrue();
            proxy.awaitQuiet();
            proxy.stop(PATIENCE);
            assertThat(proxy.server().ledger().rows(io.penstock.store.Month.of(
                    System.currentTimeMillis()))).as("both are accounted").hasSize(2);
            assertThat(Files.readAllLines(directory.resolve("log"))).hasSize(1);
        }
    }

    @Test
    void staysWithTheFirstIfThatIsSoonerAfterAll() throws Exception {
        try (ScriptedUpstream b = ScriptedUpstream.start(hanging(0))) {
            try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                        x.readRequest();
                        b.awaitRequests(1, PATIENCE);
                        x.head(200, "content-type: application/json",
                                "content-length: " + GOOD_UNARY.length()).write(GOOD_UNARY)
                                .flush();
                    });
                    ProxyUnderTest proxy = before(a, b, SOON).start()) {
                RawClient caller = proxy.ask(SMART, false);
                RawClient.Head head = caller.readHead();
                assertThat(head.header("x-penstock-attempts"))
                        .isEqualTo("b/model-b=hedge_lost, a/model-a=200");
                assertThat(caller.readBody(head)).isEqualTo(GOOD_UNARY);
                assertThat(b.awaitClosed(1, PATIENCE)).isTrue();
            }
        }
    }

    @Test
    void asksNobodyElseWhileTheFirstIsInTime() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(a, b, LATE).start()) {
            RawClient caller = proxy.ask(SMART, false);
            assertThat(caller.readHead().header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=200");
            assertThat(b.requests()).isEmpty();
        }
    }

    @Test
    void goesOnWithTheOtherWhenOneFails() throws Exception {
        for (boolean firstFails : new boolean[] {true, false}) {
            CountDownLatch bothAsked = new CountDownLatch(1);
            CountDownLatch failed = new CountDownLatch(1);
            try (ScriptedUpstream good = ScriptedUpstream.start(x -> {
                        x.readRequest();
                        bothAsked.countDown();
                        assertThat(failed.await(PATIENCE.toSeconds(), SECONDS)).isTrue();
                        x.head(200, "content-type: application/json",
                                "content-length: " + GOOD_UNARY.length()).write(GOOD_UNARY)
                                .flush();
                    });
                    ScriptedUpstream bad = ScriptedUpstream.start(x -> {
                        x.readRequest();
                        assertThat(bothAsked.await(PATIENCE.toSeconds(), SECONDS)).isTrue();
                        x.head(500, "content-length: 0").flush();
                        failed.countDown();
                    }, x -> {
                        x.readRequest();
                        x.head(500, "content-length: 0").flush();
                    });
                    ProxyUnderTest proxy = firstFails ? before(bad, good, SOON).start()
                            : before(good, bad, SOON).start()) {
                RawClient caller = proxy.ask(SMART, false);
                RawClient.Head head = caller.readHead();
                assertThat(head.status()).isEqualTo(200);
                assertThat(caller.readBody(head)).isEqualTo(GOOD_UNARY);
            }
        }
    }

    @Test
    void hedgesNoMoreThanTheShareOfCalls() throws Exception {
        int calls = 20;
        Script[] slow = new Script[calls];
        Arrays.fill(slow, (Script) x -> {
            x.readRequest();
            Thread.sleep(60);
            x.head(200, "content-type: application/json",
                    "content-length: " + GOOD_UNARY.length()).write(GOOD_UNARY).flush();
        });
        try (ScriptedUpstream a = ScriptedUpstream.start(slow);
                ScriptedUpstream b = ScriptedUpstream.start(hanging(0), hanging(0), hanging(0),
                        hanging(0), hanging(0), hanging(0));
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .provider("b", b.url()).hedge(Duration.ofMillis(5), 0.2).threads(1)
                        .start()) {
            RawClient caller = proxy.connect();
            for (int i = 0; i < calls; i++) {
                ProxyUnderTest.ask(caller, SMART, false);
                RawClient.Head head = caller.readHead();
                assertThat(head.status()).isEqualTo(200);
                caller.readBody(head);
            }
            assertThat(b.requests().size()).isBetween(1, 4);
        }
    }

    @Test
    void letsGoOfBothWhenTheCallerLeaves() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(hanging(0));
                ScriptedUpstream b = ScriptedUpstream.start(hanging(0));
                ProxyUnderTest proxy = before(a, b, SOON).start()) {
            RawClient caller = proxy.ask(SMART, true);
            b.awaitRequests(1, PATIENCE);
            caller.close();
            assertThat(a.awaitClosed(1, PATIENCE)).isTrue();
            assertThat(b.awaitClosed(1, PATIENCE)).isTrue();
            proxy.awaitQuiet();
        }
    }
}
