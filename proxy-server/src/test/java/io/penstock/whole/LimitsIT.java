package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static io.penstock.testing.ScriptedUpstream.GOOD_UNARY;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.auth.AuthSettings;
import io.penstock.caller.Allowance;
import io.penstock.limit.LimitSettings;
import io.penstock.loop.Transport;
import io.penstock.store.Month;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.usage.BudgetSettings;
import io.penstock.usage.BudgetSettings.Enforce;
import io.penstock.usage.BudgetSettings.OnStoreFailure;
import io.penstock.usage.LedgerRow;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** No caller gets more than it may, and each is told what is left. */
@ParameterizedClass
@MethodSource("io.penstock.testing.ProxyUnderTest#transports")
class LimitsIT {
    private static final int GOOD_TOKENS = 10; // what goodUnary and its usage come to

    @Parameter
    Transport transport;

    @TempDir
    Path directory;

    private static Allowance allowance(long requests, long tokensPerMinute, int concurrent,
            long tokensPerMonth) {
        return new Allowance(requests, Allowance.MINUTE_NANOS, tokensPerMinute, concurrent,
                tokensPerMonth, 0);
    }

    private static ScriptedUpstream good(int calls) throws Exception {
        ScriptedUpstream.Script[] scripts = new ScriptedUpstream.Script[calls];
        Arrays.fill(scripts, ScriptedUpstream.goodUnary());
        return ScriptedUpstream.start(scripts);
    }

    private RawClient.Head answer(RawClient caller, String members) throws Exception {
        ProxyUnderTest.askWith(caller, "{\"model\":\"" + SMART + "\"" + members + "}");
        RawClient.Head head = caller.readHead();
        body = caller.readBody(head);
        return head;
    }

    private String body;

    @Test
    void countsDownAndThenRefusesUntilThereIsRoomAgain() throws Exception {
        try (ScriptedUpstream a = good(2);
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .allowance(allowance(2, 0, 0, 0)).start()) {
            RawClient caller = proxy.connect();
            for (int left = 1; left >= 0; left--) {
                RawClient.Head head = answer(caller, "");
                assertThat(head.status()).isEqualTo(200);
                assertThat(head.header("x-ratelimit-limit-requests")).isEqualTo("2");
                assertThat(head.header("x-ratelimit-remaining-requests")).isEqualTo("" + left);
                assertThat(head.header("x-ratelimit-reset-requests")).matches("(1m)?[0-9]*s?");
                assertThat(head.header("x-ratelimit-limit-tokens")).isNull();
            }

            RawClient.Head refused = answer(caller, "");

            assertThat(refused.status()).isEqualTo(429);
            assertThat(body).contains("\"code\":\"rate_limit_exceeded\"");
            assertThat(refused.header("x-ratelimit-remaining-requests")).isEqualTo("0");
            assertThat(Integer.parseInt(refused.header("retry-after"))).isBetween(1, 30);
            assertThat(Long.parseLong(refused.header("retry-after-ms"))).isBetween(1L, 30_000L);
            assertThat(a.requests()).hasSize(2);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {"{;400;1", "{\"model\":\"nowhere\"};404;1",
        "{\"model\":\"smart\"};502;1", "{\"model\":\"smart\",\"max_tokens\":5000};429;2"})
    void tellsWhatIsLeftOnErrorsToo(String request, int status, String left) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(401, "content-length: 0").flush();
                });
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .allowance(allowance(2, 1000, 0, 0)).start()) {
            RawClient caller = ProxyUnderTest.askWith(proxy.connect(), request);
            RawClient.Head head = caller.readHead();

            assertThat(head.status()).isEqualTo(status);
            assertThat(head.header("x-ratelimit-remaining-requests")).isEqualTo(left);
            assertThat(head.header("x-ratelimit-remaining-tokens")).isEqualTo("1000");
        }
    }

    @Test
    void givesBackWhatACallDidNotUseOfItsTokens() throws Exception {
        try (ScriptedUpstream a = good(3);
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .allowance(allowance(0, 1000, 0, 0)).start()) {
            RawClient caller = proxy.connect();
            for (int i = 0; i < 3; i++) { // each asks for most of the minute, and takes little
                RawClient.Head head = answer(caller, ",\"max_tokens\":900");
                assertThat(head.status()).isEqualTo(200);
                assertThat(head.header("x-ratelimit-limit-tokens")).isEqualTo("1000");
            }
            RawClient.Head tooLarge = answer(caller, ",\"max_completion_tokens\":1001");
            assertThat(tooLarge.status()).isEqualTo(429);
            assertThat(tooLarge.header("x-should-retry")).isEqualTo("false");
            assertThat(tooLarge.header("retry-after")).isNull();
            assertThat(body).contains("more tokens at once");
        }
    }

    @Test
    void refusesACallWhoseTokensOthersHoldNow() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    go.await();
                    x.head(200, "content-type: application/json",
                            "content-length: " + GOOD_UNARY.length()).write(GOOD_UNARY).flush();
                });
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .allowance(allowance(0, 1000, 0, 0)).start()) {
            RawClient first = proxy.connect();
            ProxyUnderTest.askWith(first, "{\"model\":\"" + SMART + "\",\"max_tokens\":900}");
            a.awaitRequests(1, PATIENCE);

            RawClient second = proxy.connect();
            RawClient.Head refused = answer(second, ",\"max_tokens\":900");

            assertThat(refused.status()).isEqualTo(429);
            assertThat(body).contains("tokens a minute");
            assertThat(Long.parseLong(refused.header("retry-after-ms"))).isPositive();
            go.countDown();
            assertThat(first.readHead().status()).isEqualTo(200);
        }
    }

    @Test
    void boundsTheCallsOfOneCallerInFlight() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    go.await();
                    x.head(200, "content-type: application/json",
                            "content-length: " + GOOD_UNARY.length()).write(GOOD_UNARY).flush();
                }, ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .allowance(allowance(0, 0, 1, 0)).start()) {
            RawClient first = proxy.ask(SMART, false);
            a.awaitRequests(1, PATIENCE);
            RawClient second = proxy.connect();
            assertThat(answer(second, "").status()).isEqualTo(429);
            assertThat(body).contains("concurrent");
            go.countDown();
            first.readBody(first.readHead());
            proxy.awaitQuiet();

            assertThat(answer(second, "").status()).isEqualTo(200);
        }
    }

    @Test
    void boundsAllCallersTogether() throws Exception {
        LimitSettings limits = new LimitSettings(1, 100, 1 << 20, 8192, 100, null);
        try (ScriptedUpstream a = good(1);
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .limits(limits).start()) {
            RawClient caller = proxy.connect();
            assertThat(answer(caller, "").status()).isEqualTo(200);
            assertThat(answer(caller, "").status()).isEqualTo(429);
            assertThat(body).contains("all callers together");
        }
    }

    @Test
    void limitsCallersWithoutACredentialByAddress() throws Exception {
        AuthSettings auth = new AuthSettings(List.of(), null, true, allowance(1, 0, 0, 0));
        try (ScriptedUpstream a = good(2);
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .auth(auth).start()) {
            String chat = ProxyUnderTest.chat(SMART, false);
            RawClient caller = proxy.connect().post("/v1/chat/completions", chat);
            RawClient.Head head = caller.readHead();
            assertThat(head.status()).isEqualTo(200);
            caller.readBody(head);
            RawClient same = proxy.connect().post("/v1/chat/completions", chat);
            assertThat(same.readHead().status()).as("another connection").isEqualTo(429);
        }
    }

    @Test
    void refusesWhatTheMonthsBudgetHasNoRoomForAfterARestartToo() throws Exception {
        try (ScriptedUpstream a = good(1)) {
            try (ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                    .allowance(allowance(0, 0, 0, 120)).data(directory).start()) {
                assertThat(answer(proxy.connect(), ",\"max_tokens\":100").status()).isEqualTo(200);
                proxy.awaitQuiet();
                assertThat(proxy.server().ledger().rows(Month.of(System.currentTimeMillis())))
                        .singleElement().extracting(LedgerRow::caller, LedgerRow::tokens)
                        .containsExactly("tester", (long) GOOD_TOKENS);
            }
            try (ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                    .allowance(allowance(0, 0, 0, 120)).data(directory).start()) {
                RawClient.Head refused = answer(proxy.connect(), ",\"max_tokens\":105");
                assertThat(refused.status()).isEqualTo(429);
                assertThat(body).contains("\"code\":\"insufficient_quota\"");
                assertThat(refused.header("x-should-retry")).isEqualTo("false");
            }
        }
    }

    @Test
    void goesNotOverABudgetHoweverManyCallAtOnce() throws Exception {
        int calls = 200;
        int fits = 20;
        int tokens = 100 + GOOD_TOKENS; // more than a call's reservation, however it is estimated
        CountDownLatch go = new CountDownLatch(1);
        ScriptedUpstream.Script[] scripts = new ScriptedUpstream.Script[calls];
        Arrays.fill(scripts, (ScriptedUpstream.Script) x -> {
            x.readRequest();
            go.await();
            x.head(200, "content-type: application/json",
                    "content-length: " + GOOD_UNARY.length()).write(GOOD_UNARY).flush();
        });
        try (ScriptedUpstream a = ScriptedUpstream.start(scripts);
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .allowance(allowance(0, 0, 0, (long) fits * tokens)).start()) {
            List<RawClient> callers = new ArrayList<>();
            for (int i = 0; i < calls; i++) {
                RawClient caller = proxy.connect();
                callers.add(ProxyUnderTest.askWith(caller, "{\"model\":\"" + SMART
                        + "\",\"max_tokens\":100}"));
            }
            long refused = 0;
            a.awaitRequests(fits, PATIENCE);
            go.countDown();
            for (RawClient caller : callers) {
                refused += caller.readHead().status() == 429 ? 1 : 0;
            }
            assertThat(a.requests().size()).isBetween(fits, calls - (int) refused);
            proxy.awaitQuiet();
            assertThat(proxy.server().ledger().rows(Month.of(System.currentTimeMillis())))
                    .singleElement().extracting(LedgerRow::tokens)
                    .isEqualTo((calls - refused) * GOOD_TOKENS)
                    .satisfies(used -> assertThat((long) used)
                            .isLessThanOrEqualTo((long) fits * tokens));
        }
    }

    @Test
    void endsARunningStreamInOrderWhenTheBudgetIsSpent() throws Exception {
        String content = "{\"id\":\"chatcmpl-7\",\"object\":\"chat.completion.chunk\","
                + "\"created\":5,\"model\":\"m-1\",\"choices\":[{\"index\":0,"
                + "\"delta\":{\"content\":\"word \"},"
                + "\"finish_reason\":null}]}";
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.sseHead();
                    while (!x.awaitClosed(java.time.Duration.ofMillis(1))) {
                        x.event(content);
                    }
                });
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .budget(new BudgetSettings(Enforce.CUT, OnStoreFailure.CONTINUE))
                        .allowance(allowance(0, 0, 0, 1500)).start()) {
            RawClient caller = proxy.ask(SMART, true);
            assertThat(caller.readHead().status()).isEqualTo(200);

            String data = caller.readChunked();

            assertThat(data).endsWith("data: {\"id\":\"chatcmpl-7\","
                    + "\"object\":\"chat.completion.chunk\",\"created\":5,\"model\":\"m-1\","
                    + "\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":null,"
                    + "\"finish_reason\":\"length\"}]}\n\ndata: [DONE]\n\n");
            assertThat(data.split("word ", -1).length).isBetween(1000, 3000);
            assertThat(a.awaitClosed(1, PATIENCE)).as("the provider is stopped").isTrue();

            RawClient next = proxy.connect();
            assertThat(answer(next, "").status()).isEqualTo(429);
            assertThat(body).contains("insufficient_quota");
        }
    }

    @Test
    void endsAStreamWhoseChunksDoNotSayWhoseTheyAre() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.sseHead();
                    while (!x.awaitClosed(java.time.Duration.ofMillis(1))) {
                        x.event("{\"choices\":[{\"delta\":{\"content\":\"word \"},"
                                + "\"finish_reason\":null}]}");
                    }
                });
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .budget(new BudgetSettings(Enforce.CUT, OnStoreFailure.CONTINUE))
                        .allowance(allowance(0, 0, 0, 1100)).start()) {
            RawClient caller = proxy.ask(SMART, true);
            assertThat(caller.readHead().status()).isEqualTo(200);

            assertThat(caller.readChunked()).containsPattern("data: \\{\"id\":\"req_[0-9a-f]+\","
                    + "\"object\":\"chat.completion.chunk\",\"created\":[0-9]+,"
                    + "\"model\":\"" + SMART + "\",").contains("\"finish_reason\":\"length\"")
                    .endsWith("data: [DONE]\n\n");
            assertThat(a.awaitClosed(1, PATIENCE)).as("the provider is stopped").isTrue();
        }
    }

    @Test
    void letsAStreamEndByItselfThatHasFinished() throws Exception {
        String content = "{\"id\":\"chatcmpl-7\",\"choices\":[{\"index\":0,\"delta\":{"
                + "\"content\":\"word \"},\"finish_reason\":null}]}";
        String finish = "{\"id\":\"chatcmpl-7\",\"choices\":[{\"index\":0,\"delta\":{},"
                + "\"finish_reason\":\"stop\"}]}";
        String usage = "{\"id\":\"chatcmpl-7\",\"choices\":[],\"usage\":{"
                + "\"prompt_tokens\":20,\"completion_tokens\":900,\"total_tokens\":920}}";
        CountDownLatch first = new CountDownLatch(1);
        CountDownLatch finished = new CountDownLatch(1);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.sseHead().event(content);
                    first.await();
                    x.chunk(Wire.event(content).repeat(3) + Wire.event(finish));
                    finished.await();
                    x.event(usage).event("[DONE]").lastChunk();
                });
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .budget(new BudgetSettings(Enforce.CUT, OnStoreFailure.CONTINUE))
                        .allowance(allowance(0, 0, 0, 30)).start()) {
            RawClient caller = proxy.connect();
            ProxyUnderTest.askWith(caller, "{\"model\":\"" + SMART + "\",\"stream\":true,"
                    + "\"max_tokens\":1}");
            assertThat(caller.readHead().status()).isEqualTo(200);
            caller.readChunk();
            first.countDown();
            assertThat(caller.readChunk()).endsWith(Wire.event(finish));
            finished.countDown();

            assertThat(caller.readChunked()).isEqualTo(Wire.event("[DONE]"));
            proxy.awaitQuiet();
            assertThat(proxy.server().ledger().rows(Month.of(System.currentTimeMillis())))
                    .singleElement().extracting(LedgerRow::tokens, LedgerRow::estimated)
                    .containsExactly(920L, 0L);
        }
    }

    @Test
    void returnsWhatACallHeldHoweverItEnds() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(400, "content-length: 0").flush();
                }, x -> {
                    x.readRequest();
                    x.awaitClosed(PATIENCE);
                }, ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .allowance(allowance(0, 0, 1, 2000)).start()) {
            RawClient caller = proxy.connect();
            assertThat(answer(caller, ",\"max_tokens\":1900").status()).isEqualTo(400);
            RawClient leaving = proxy.connect();
            ProxyUnderTest.askWith(leaving,
                    "{\"model\":\"" + SMART + "\",\"max_tokens\":1900}");
            a.awaitRequests(2, PATIENCE);
            leaving.close();
            proxy.awaitQuiet();

            assertThat(answer(caller, ",\"max_tokens\":1900").status()).isEqualTo(200);
        }
    }
}
