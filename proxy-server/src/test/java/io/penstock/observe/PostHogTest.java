package io.penstock.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.caller.Caller;
import io.penstock.exchange.Finished;
import io.penstock.exchange.call.Ask;
import io.penstock.exchange.call.AttemptFigures;
import io.penstock.exchange.call.AttemptRecord;
import io.penstock.provider.Api;
import io.penstock.route.Route.TargetName;
import io.penstock.testing.Collector;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.usage.TokenUsage;
import java.net.URI;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PostHogTest {
    private static final TargetName TARGET = new TargetName("a", "m");
    private static final PostHog.Pauses SHORT = new PostHog.Pauses(1);

    /** An attempt that took two seconds, its first content after half a second. */
    private record Figures(TokenUsage booked, long bookedNanoDollars) implements AttemptFigures {
        @Override
        public Ask ask() {
            throw new AssertionError("of no use here");
        }

        @Override
        public int status() {
            return 200;
        }

        @Override
        public long startedNanos() {
            return 1_000_000_000L;
        }

        @Override
        public long slotNanos() {
            return 0;
        }

        @Override
        public long readyNanos() {
            return 0;
        }

        @Override
        public long headNanos() {
            return 0;
        }

        @Override
        public long contentNanos() {
            return 1_500_000_000L;
        }

        @Override
        public long endedNanos() {
            return 3_000_000_000L;
        }

        @Override
        public boolean isReplayed() {
            return false;
        }
    }

    private static Finished finished(Api api, String requestId, boolean stream) {
        Figures figures = new Figures(new TokenUsage(7, 3, 2, 1), 1_230_000);
        return new Finished(Caller.ANYONE, requestId, "smart", api, api, stream, 200, null,
                List.of(new AttemptRecord(TARGET, Ask.Why.FIRST, "200", 1, figures)), TARGET,
                figures.booked(), 1_230_000, 0, 0, 4_000_000_000L, 1_700_000_004_000L, 1, null,
                null, null);
    }

    private static Finished finished() {
        return finished(Api.CHAT, "id", true);
    }

    private static PostHogSettings settings(Collector collector) {
        return new PostHogSettings(collector.url(), "phc_secret");
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> event(Collector collector) {
        return ((List<Map<String, Object>>) collector.batches().get(0).get("batch")).get(0);
    }

    @Test
    void tellsFiguresAndThatItWasNobodyInParticular() throws Exception {
        try (Collector collector = new Collector()) {
            PostHog postHog = new PostHog(settings(collector), SHORT);
            postHog.onFinished(finished(Api.CHAT, "a/b 1", true));
            postHog.close();

            Map<String, Object> event = event(collector);
            assertThat(event).containsEntry("distinct_id", "anonymous")
                    .containsEntry("timestamp", "2023-11-14T22:13:23Z");
            assertThat(event.get("properties")).isEqualTo(Map.ofEntries(
                    Map.entry("$ai_trace_id", "a_b_1"), Map.entry("$ai_span_id", "a_b_1-1"),
                    Map.entry("$ai_span_name", "chat"), Map.entry("$ai_model", "m"),
                    Map.entry("$ai_provider", "a"), Map.entry("penstock_provider", "a"),
                    Map.entry("penstock_outcome", "200"), Map.entry("$ai_stream", true),
                    Map.entry("$ai_latency", 2.0), Map.entry("$ai_time_to_first_token", 0.5),
                    Map.entry("$ai_http_status", 200), Map.entry("$ai_is_error", false),
                    Map.entry("$ai_input_tokens", 7), Map.entry("$ai_output_tokens", 3),
                    Map.entry("$ai_cache_read_input_tokens", 2),
                    Map.entry("$ai_reasoning_tokens", 1),
                    Map.entry("penstock_estimated", false),
                    Map.entry("$ai_total_cost_usd", 0.00123), Map.entry("$ai_lib", "penstock"),
                    Map.entry("penstock_request_id", "a/b 1"),
                    Map.entry("penstock_requested_model", "smart"),
                    Map.entry("$process_person_profile", false)));
            assertThat(postHog.sent()).isEqualTo(1);
        }
    }

    @Test
    void tellsOfEmbeddingsAndOfNoCountOfTokens() throws Exception {
        try (Collector collector = new Collector()) {
            PostHog postHog = new PostHog(settings(collector), SHORT);
            postHog.onFinished(finished(Api.COUNT_TOKENS, "one", false));
            postHog.onFinished(finished(Api.EMBEDDINGS, "two", false));
            postHog.close();

            assertThat(event(collector)).containsEntry("event", "$ai_embedding");
            assertThat(event(collector).get("properties").toString())
                    .contains("$ai_input_tokens=7").doesNotContain("output");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {500, 502, 429, 408})
    void triesAgainWhereThatMayHelp(int status) throws Exception {
        try (Collector collector = new Collector().answers(status, status)) {
            PostHog postHog = new PostHog(settings(collector), SHORT);
            postHog.onFinished(finished());
            ProxyUnderTest.await("it is sent", () -> postHog.sent() == 1);
            postHog.close();

            assertThat(collector.requests()).isEqualTo(3);
            assertThat(postHog.refused() + postHog.dropped()).isZero();
        }
    }

    @Test
    void givesUpAfterAFewTries() throws Exception {
        try (Collector collector = new Collector().answers(500, 500, 500, 500)) {
            PostHog postHog = new PostHog(settings(collector), SHORT);
            postHog.onFinished(finished());
            ProxyUnderTest.await("it is given up", () -> postHog.refused() == 1);
            postHog.onFinished(finished());
            ProxyUnderTest.await("the next is sent", () -> postHog.sent() == 1);
            postHog.close();

            assertThat(collector.requests()).isEqualTo(PostHog.MAX_TRIES + 1);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 401, 413, 302})
    void triesNothingAgainThatIsRefused(int status) throws Exception {
        try (Collector collector = new Collector().answers(status)) {
            PostHog postHog = new PostHog(settings(collector), SHORT);
            postHog.onFinished(finished());
            ProxyUnderTest.await("it is refused", () -> postHog.refused() == 1);
            postHog.close();

            assertThat(collector.requests()).isEqualTo(1);
        }
    }

    /** The calls of one batch are on their way, those that fit wait, and the others are counted. */
    @Test
    void keepsNoMoreThanItsBoundWhilePostHogHangs() throws Exception {
        try (Collector collector = new Collector().hangs()) {
            PostHog postHog = new PostHog(settings(collector), SHORT);
            postHog.onFinished(finished());
            ProxyUnderTest.await("it hangs", () -> collector.requests() == 1);

            for (int i = 0; i < PostHog.MAX_WAITING + 100; i++) {
                postHog.onFinished(finished());
            }

            assertThat(postHog.dropped()).isEqualTo(100);
            postHog.close(); // within its bound, or the test hangs
            assertThat(postHog.sent()).isZero();
            assertThat(postHog.dropped() + postHog.refused())
                    .isEqualTo(PostHog.MAX_WAITING + 101);
        }
    }

    @Test
    void pausesLongerEachTimeAndAsLongAsItIsTold() {
        assertThat(PostHog.Pauses.USUAL.millis(1, 0)).isEqualTo(500);
        assertThat(PostHog.Pauses.USUAL.millis(3, 0)).isEqualTo(2000);
        assertThat(PostHog.Pauses.USUAL.millis(1, 7)).isEqualTo(7000);
        assertThat(PostHog.Pauses.USUAL.millis(1, 999_999)).isEqualTo(30_000);
    }

    @Test
    void addsItsPathToTheHost() throws Exception {
        assertThat(new PostHogSettings(new URI("https://h.test/x/"), "k").batches())
                .hasToString("https://h.test/x/batch/");
        assertThat(new PostHogSettings(new URI("https://h.test"), "k").toString())
                .contains("****").doesNotContain("apiKey=k");
    }
}
