package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static io.penstock.testing.ProxyUnderTest.SAME;
import static io.penstock.testing.ProxyUnderTest.SHORT;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static io.penstock.testing.ProxyUnderTest.chat;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.loop.Transport;
import io.penstock.route.Affinity;
import io.penstock.route.Strategy;
import io.penstock.route.TargetTerms;
import io.penstock.route.TargetTimeouts;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.testing.ScriptedUpstream.Script;
import io.penstock.upstream.BreakerSettings;
import io.penstock.upstream.LoadSettings;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which target answers: by strategy, affinity and context window, and around open breakers. */
@ParameterizedClass
@MethodSource("io.penstock.testing.ProxyUnderTest#transports")
class RoutingIT {
    /** Over by the time of the next call. */
    private static final Duration INSTANT = Duration.ofNanos(1);

    @Parameter
    Transport transport;

    private static BreakerSettings breaker(int minRequests, Duration openFor) {
        return new BreakerSettings(true, 0.5, minRequests, PATIENCE.multipliedBy(6), openFor, 1);
    }

    private static Script status(int status) {
        String body = "{\"error\":{\"message\":\"no\",\"type\":\"t\"}}";
        return x -> {
            x.readRequest();
            x.head(status, "content-type: application/json", "content-length: " + body.length())
                    .write(body).flush();
        };
    }

    private static Script brokenStream() {
        return x -> {
            x.readRequest();
            x.sseHead();
            for (String event : ScriptedUpstream.goodEvents(1).subList(0, 2)) {
                x.event(event);
            }
            x.reset();
        };
    }

    private ProxyUnderTest.Builder proxy(ScriptedUpstream a, ScriptedUpstream b) {
        return ProxyUnderTest.on(transport).provider("a", a.url()).provider("b", b.url());
    }

    /** Two providers with a model each, which the route {@link #SMART} names in their order. */
    private ProxyUnderTest.FromYaml configured(ScriptedUpstream a, ScriptedUpstream b,
            String route) {
        return ProxyUnderTest.ofYaml(transport, """
                providers:
                  - name: a
                    type: openai-compatible
                    base_url: %s/v1
                    models: [model-a]
                  - name: b
                    type: openai-compatible
                    base_url: %s/v1
                    models: [model-b]
                routes:
                  - model: smart
                %s""".formatted(a.url(), b.url(), route.indent(4)));
    }

    /** What {@code x-penstock-attempts} says of a unary call. */
    private static String attempts(RawClient caller, String body, String... fields)
            throws IOException {
        ProxyUnderTest.askWith(caller, body, fields);
        RawClient.Head head = caller.readHead();
        caller.readBody(head);
        return head.header("x-penstock-attempts");
    }

    private static String attempts(RawClient caller) throws IOException {
        return attempts(caller, chat(SMART, false));
    }

    /** What {@code /providers} says of that model, one with its breaker's state. */
    private static String target(RawClient caller, String model) throws IOException {
        caller.get("/providers", "authorization: Bearer " + CALLER_KEY);
        String page = caller.readBody(caller.readHead());
        Matcher target = Pattern.compile("\\{\"model\":\"" + model
                + "\",\"(?!until)[^}]*\\}?[^}]*\\}").matcher(page);
        assertThat(target.find()).as(page).isTrue();
        return target.group();
    }

    // The breaker

    @ParameterizedTest
    @ValueSource(ints = {500, 503, 529})
    void leavesAFailingProviderAlone(int status) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(status(status));
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = proxy(a, b).breaker(breaker(4, PATIENCE)).start()) {
            RawClient caller = proxy.connect();
            while (a.requests().size() < 4) {
                assertThat(attempts(caller)).startsWith("a/model-a=" + status)
                        .endsWith(", b/model-b=200");
            }
            for (int i = 0; i < 3; i++) {
                assertThat(attempts(caller)).isEqualTo("a/model-a=breaker_open, b/model-b=200");
            }
            assertThat(a.requests()).hasSize(4);
            assertThat(target(caller, "model-a")).contains("\"breaker\":\"open\"",
                    "\"failure_ratio\":1.0", "\"cooldown_until\":\"", "\"in_flight\":0");
            assertThat(target(caller, "model-b")).contains("\"breaker\":\"closed\"",
                    "\"failure_ratio\":0.0", "\"cooldown_until\":null");
            assertThat(attempts(caller, chat(SAME, false))).as("its other models are not to blame")
                    .startsWith("a/" + SAME + "=" + status);
        }
    }

    @Test
    void comesBackToAProviderThatIsWellAgain() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(status(503), status(503), status(503),
                        ScriptedUpstream.goodUnary());
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = proxy(a, b).breaker(breaker(2, INSTANT)).start()) {
            RawClient caller = proxy.connect();
            for (int i = 0; i < 2; i++) {
                assertThat(attempts(caller)).isEqualTo("a/model-a=503, b/model-b=200");
            }
            assertThat(target(caller, "model-a")).contains("\"breaker\":\"open\"");

            assertThat(attempts(caller)).as("a probe").isEqualTo("a/model-a=503, b/model-b=200");
            assertThat(target(caller, "model-a")).contains("\"breaker\":\"open\"");
            assertThat(attempts(caller)).as("another").isEqualTo("a/model-a=200");
            assertThat(target(caller, "model-a")).contains("\"breaker\":\"closed\"",
                    "\"failure_ratio\":0.0");
        }
    }

    @Test
    void letsOneProbePassAtATimeAndGetsItsPlaceBackFromACallerThatLeaves() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(status(503), x -> {
                    x.readRequest();
                    x.awaitClosed(PATIENCE);
                }, ScriptedUpstream.goodUnary());
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = proxy(a, b).breaker(breaker(1, INSTANT)).start()) {
            RawClient caller = proxy.connect();
            assertThat(attempts(caller)).isEqualTo("a/model-a=503, b/model-b=200");
            RawClient leaving = proxy.ask(SMART, false);
            assertThat(a.awaitRequests(2, PATIENCE)).isTrue();
            assertThat(target(caller, "model-a")).contains("\"breaker\":\"half_open\"",
                    "\"in_flight\":1");
            assertThat(attempts(caller)).isEqualTo("a/model-a=breaker_open, b/model-b=200");

            leaving.close();
            proxy.awaitQuiet();

            assertThat(target(caller, "model-a")).contains("\"breaker\":\"half_open\"");
            assertThat(attempts(caller)).isEqualTo("a/model-a=200");
            assertThat(target(caller, "model-a")).contains("\"breaker\":\"closed\"");
        }
    }

    @Test
    void countsStreamsThatBreakOff() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(brokenStream());
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = proxy(a, b).breaker(breaker(2, PATIENCE)).start()) {
            for (int i = 0; i < 2; i++) {
                RawClient caller = proxy.ask(SMART, true);
                assertThat(caller.readHead().status()).isEqualTo(200);
                assertThat(caller.readUntilClose()).contains("\"outcome\":\"reset\"");
            }
            assertThat(attempts(proxy.connect()))
                    .isEqualTo("a/model-a=breaker_open, b/model-b=200");
        }
    }

    @Test
    void countsSilence() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.stall();
                });
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .head(SHORT).provider("b", b.url()).breaker(breaker(1, PATIENCE))
                        .start()) {
            RawClient caller = proxy.connect();
            assertThat(attempts(caller)).isEqualTo("a/model-a=head_timeout, b/model-b=200");
            assertThat(attempts(caller)).isEqualTo("a/model-a=breaker_open, b/model-b=200");
        }
    }

    @Test
    void countsWhatTookAllTheTime() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.stall();
                });
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .total(SHORT).head(PATIENCE).provider("b", b.url())
                        .breaker(breaker(1, PATIENCE)).start()) {
            RawClient caller = proxy.connect();
            assertThat(attempts(caller)).isEqualTo("a/model-a=total_timeout");
            assertThat(attempts(caller)).isEqualTo("a/model-a=breaker_open, b/model-b=200");
        }
    }

    @Test
    void countsNoCallThatOnlyWaitedForASlot() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.awaitClosed(PATIENCE);
                });
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .maxConnections(1).load(new LoadSettings(null, 8, SHORT, false, 1))
                        .provider("b", b.url())
                        .breaker(breaker(1, PATIENCE)).start()) {
            proxy.ask(SMART, false);
            assertThat(a.awaitRequests(1, PATIENCE)).isTrue();
            RawClient caller = proxy.connect();

            assertThat(attempts(caller)).isEqualTo("a/model-a=saturated, b/model-b=200");
            assertThat(target(caller, "model-a")).contains("\"breaker\":\"closed\"",
                    "\"failure_ratio\":0.0", "\"in_flight\":1");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 401, 404, 409, 413, 422, 429})
    void countsNothingThatIsNotTheModelsFault(int status) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(status(status));
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = proxy(a, b).breaker(breaker(1, PATIENCE)).start()) {
            RawClient caller = proxy.connect();
            for (int i = 0; i < 2; i++) {
                assertThat(attempts(caller)).doesNotContain("breaker_open");
            }
            assertThat(target(caller, "model-a")).contains("\"breaker\":\"closed\"",
                    "\"failure_ratio\":0.0", "\"in_flight\":0");
        }
    }

    @Test
    void answers503WhenAllHaveOnlyFailed() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(status(503));
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .breaker(breaker(2, PATIENCE)).start()) {
            RawClient caller = proxy.connect();
            for (int i = 0; i < 2; i++) {
                assertThat(attempts(caller)).isEqualTo("a/model-a=503");
            }
            ProxyUnderTest.ask(caller, SMART, false);
            RawClient.Head head = caller.readHead();

            assertThat(head.status()).isEqualTo(503);
            assertThat(Long.parseLong(head.header("retry-after")))
                    .isBetween(1L, PATIENCE.toSeconds());
            assertThat(caller.readBody(head)).contains("\"code\":\"no_healthy_provider\"")
                    .contains("\"outcome\":\"breaker_open\"");
            assertThat(a.requests()).hasSize(2);
        }
    }

    @Test
    void asksTheLeastBadWhenAllAreOut() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary(),
                        status(503), status(503), status(503));
                ScriptedUpstream b = ScriptedUpstream.start(status(503), status(503),
                        ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = proxy(a, b).breaker(breaker(2, PATIENCE)).start()) {
            RawClient caller = proxy.connect();
            attempts(caller);
            assertThat(attempts(caller)).isEqualTo("a/model-a=503, b/model-b=503");
            attempts(caller);
            assertThat(b.requests()).hasSize(2);

            assertThat(attempts(caller)).as("something of a went well, nothing of b")
                    .isEqualTo("a/model-a=breaker_open, b/model-b=breaker_open, a/model-a=503");
        }
    }

    @Test
    void staysOpenOverAReloadAndGoesByTheNewSettings() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(status(503));
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary())) {
            String route = "targets: [a/model-a, b/model-b]";
            ProxyUnderTest.FromYaml breaks = configured(a, b, route)
                    .and("breaker: {min_requests: 1, open_for: 60s}\n");
            try (ProxyUnderTest proxy = breaks.start()) {
                RawClient caller = proxy.connect();
                attempts(caller);
                proxy.prepareReload(breaks);
                assertThat(proxy.server().reload()).isEmpty();
                assertThat(attempts(caller)).isEqualTo("a/model-a=breaker_open, b/model-b=200");

                proxy.prepareReload(configured(a, b, route).and("breaker: {enabled: false}\n"));
                assertThat(proxy.server().reload()).isEmpty();
                for (int i = 0; i < 3; i++) {
                    assertThat(attempts(caller)).isEqualTo("a/model-a=503, b/model-b=200");
                }
            }
        }
    }

    // Strategies

    @Test
    void takesTurnsByWeight() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = configured(a, b, """
                        strategy: weighted
                        targets:
                          - {target: a/model-a, weight: 3}
                          - b/model-b
                        """).threads(2).start()) {
            for (int i = 0; i < 10; i++) {
                RawClient caller = proxy.connect();
                for (int j = 0; j < 4; j++) {
                    attempts(caller);
                }
            }
            assertThat(a.requests()).as("over all loops").hasSize(30);
            assertThat(b.requests()).hasSize(10);
        }
    }

    @Test
    void takesTheLeastBusy() throws Exception {
        Script waiting = x -> {
            x.readRequest();
            x.awaitClosed(PATIENCE);
        };
        try (ScriptedUpstream a = ScriptedUpstream.start(waiting);
                ScriptedUpstream b = ScriptedUpstream.start(waiting);
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .provider("b", b.url()).weight(2).strategy(Strategy.LEAST_BUSY).start()) {
            for (int i = 1; i <= 6; i++) {
                proxy.ask(SMART, true);
                int calls = i;
                assertThat(proxy.server()).satisfies(server -> {
                    long end = System.nanoTime() + PATIENCE.toNanos();
                    while (a.requests().size() + b.requests().size() < calls) {
                        assertThat(System.nanoTime() - end).isNegative();
                        Thread.onSpinWait();
                    }
                });
            }
            assertThat(a.requests()).hasSize(2);
            assertThat(b.requests()).hasSize(4);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void takesTheQuickest(boolean stream) throws Exception {
        Script good = stream ? ScriptedUpstream.goodStream(2) : ScriptedUpstream.goodUnary();
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.pause(SHORT);
                    good.run(x);
                }, good);
                ScriptedUpstream b = ScriptedUpstream.start(good);
                ProxyUnderTest proxy = proxy(a, b).strategy(Strategy.LEAST_LATENCY).start()) {
            RawClient caller = proxy.connect();
            List<String> providers = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                ProxyUnderTest.ask(caller, SMART, stream);
                RawClient.Head head = caller.readHead();
                providers.add(head.header("x-penstock-provider"));
                caller.readBody(head);
            }
            assertThat(providers).as("each once, then the quicker")
                    .containsExactly("a", "b", "b", "b", "b", "b", "b", "b");
        }
    }

    @Test
    void showsTheTimesToFirstContent() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodStream(1));
                ProxyUnderTest proxy =
                        ProxyUnderTest.on(transport).provider("a", a.url()).start()) {
            RawClient caller = proxy.connect();
            assertThat(target(caller, "model-a")).contains("\"ttft_ms\":null,\"unary_ms\":null");
            for (int i = 0; i < 25; i++) {
                ProxyUnderTest.ask(caller, SMART, true);
                caller.readBody(caller.readHead());
            }
            assertThat(target(caller, "model-a")).containsPattern(
                    "\"ttft_ms\":\\{\"p50\":[0-9.]+,\"p99\":[0-9.]+},\"unary_ms\":null");
        }
    }

    // Affinity

    private void keepsTogether(Affinity affinity, String member, String field) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = proxy(a, b).strategy(Strategy.WEIGHTED)
                        .affinity(affinity).start()) {
            RawClient caller = proxy.connect();
            Set<String> all = new HashSet<>();
            for (int i = 0; i < 12; i++) {
                Set<String> seen = new HashSet<>();
                for (int j = 0; j < 3; j++) {
                    String body = chat(SMART, false).replace("}]}", "}]"
                            + (member == null ? "" : ",\"" + member + "\":\"v" + i + "\"") + "}");
                    seen.add(field == null ? attempts(caller, body)
                            : attempts(caller, body, field + ": v" + i));
                }
                assertThat(seen).as("value " + i).hasSize(1);
                all.addAll(seen);
            }
            assertThat(all).containsExactlyInAnyOrder("a/model-a=200", "b/model-b=200");

            int before = a.requests().size();
            for (int i = 0; i < 4; i++) {
                attempts(caller);
            }
            assertThat(a.requests()).as("without a value, by the strategy").hasSize(before + 2);
        }
    }

    @Test
    void keepsTheCallsOfAUserTogether() throws Exception {
        keepsTogether(Affinity.USER, "user", null);
    }

    @Test
    void keepsTheCallsOfAPromptCacheKeyTogether() throws Exception {
        keepsTogether(Affinity.PROMPT_CACHE_KEY, "prompt_cache_key", null);
    }

    @Test
    void keepsTheCallsWithAHeaderTogether() throws Exception {
        keepsTogether(Affinity.header("X-Session"), null, "x-Session");
    }

    @Test
    void leavesATargetThatFailsWhateverTheAffinity() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(status(503));
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = proxy(a, b).affinity(Affinity.header("x-session"))
                        .breaker(breaker(3, PATIENCE)).start()) {
            RawClient caller = proxy.connect();
            for (int i = 0; i < 40; i++) {
                assertThat(attempts(caller, chat(SMART, false), "x-session: s" + i))
                        .endsWith("b/model-b=200");
            }
            assertThat(a.requests()).hasSize(3);
            assertThat(b.requests()).hasSize(40);
        }
    }

    // What a target says of itself

    @Test
    void asksNobodyWhoseContextWindowIsTooSmall() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .terms(1, 1000, null).provider("b", b.url()).start()) {
            RawClient caller = proxy.connect();
            assertThat(attempts(caller)).isEqualTo("a/model-a=200");
            assertThat(attempts(caller,
                    chat(SMART, false).replace("\"messages\"", "\"max_tokens\":990,\"messages\"")))
                    .isEqualTo("a/model-a=context_window, b/model-b=200");
            assertThat(attempts(caller, chat(SMART, false).replace("Hi", "Hi ".repeat(2000))))
                    .isEqualTo("a/model-a=context_window, b/model-b=200");
        }
    }

    @Test
    void asksTheLargestWhereNoneIsLargeEnough() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .terms(1, 5, null).provider("b", b.url())
                        .terms(1, TargetTerms.UNBOUNDED - 1, null).start()) {
            String body = chat(SMART, false)
                    .replace("\"messages\"", "\"max_tokens\":999999999,\"messages\"");
            assertThat(attempts(proxy.connect(), body))
                    .isEqualTo("a/model-a=context_window, b/model-b=200");
        }
        try (ScriptedUpstream a = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .terms(1, 6, null).provider("b", b.url()).terms(1, 5, null).start()) {
            assertThat(attempts(proxy.connect())).isEqualTo("a/model-a=200");
            assertThat(b.requests()).isEmpty();
        }
    }

    @Test
    void goesByATargetsOwnTimeouts() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.stall();
                });
                ScriptedUpstream b = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", a.url())
                        .terms(1, TargetTerms.UNBOUNDED,
                                new TargetTimeouts(null, null, SHORT, null, null, null))
                        .provider("b", b.url()).start()) {
            assertThat(attempts(proxy.connect()))
                    .isEqualTo("a/model-a=head_timeout, b/model-b=200");
        }
    }
}
