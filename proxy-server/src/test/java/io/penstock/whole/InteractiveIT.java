package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static io.penstock.testing.ProxyUnderTest.SHORT;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.loop.Transport;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.testing.ScriptedUpstream.Exchange;
import io.penstock.testing.ScriptedUpstream.Script;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * With {@code resilience: interactive} and nothing else but shorter timers, a caller gets one whole
 * stream, whatever the first provider does and though the second takes no prefill.
 */
class InteractiveIT {
    private static final String ALL = "One two three four five six seven eight nine ten.";
    private static final String FIRST = ALL.substring(0, 25);
    private static final String REFUSAL =
            "{\"error\":{\"message\":\"The last message must be the user's.\"}}";

    private static Exchange begin(Exchange x, String text) throws IOException {
        x.sseHead();
        for (String event : ChaosFormat.CHAT.opening()) {
            x.chunk(event);
        }
        for (String piece : text.split("(?<=\\G.{5})")) {
            x.chunk(ChaosFormat.CHAT.piece(piece));
        }
        return x;
    }

    private static void answer(Exchange x) throws IOException {
        begin(x, ALL);
        for (String event : ChaosFormat.CHAT.closing(ALL)) {
            x.chunk(event);
        }
        x.lastChunk();
    }

    /** Begins anew, since its model takes no words of its own to go on from. */
    private static Script takingNoPrefill() {
        return x -> {
            String asked = x.readRequest().text();
            if (ChaosFormat.prefill(ChaosFormat.json(asked)) != null) {
                x.head(400, "content-type: application/json", "content-length: "
                        + REFUSAL.length()).write(REFUSAL).flush();
            } else {
                answer(x);
            }
        };
    }

    private static Script limited() {
        return x -> {
            x.readRequest();
            x.head(429, "retry-after: 2", "content-length: 0").flush();
        };
    }

    private static void assertWhole(ChaosFormat format, Script... first) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(first);
                ScriptedUpstream b = ScriptedUpstream.start(takingNoPrefill());
                ProxyUnderTest proxy = start(a, b, "smart", "[a/m, b/m]")) {
            assertWhole(format, proxy, "smart");
        }
    }

    private static ProxyUnderTest start(ScriptedUpstream a, ScriptedUpstream b, String model,
            String targets) throws Exception {
        return ProxyUnderTest.ofYaml(Transport.auto(), """
                resilience: interactive
                providers:
                  - {name: a, type: vllm, base_url: "%s/v1", models: [m],
                     timeouts: {first_content: %3$dms, gap: %3$dms}}
                  - {name: b, type: vllm, base_url: "%s/v1", models: [m]}
                routes:
                  - {model: %4$s, targets: %5$s}
                """.formatted(a.url(), b.url(), SHORT.toMillis(), model, targets)).start();
    }

    private static void assertWhole(ChaosFormat format, ProxyUnderTest proxy, String model)
            throws IOException {
        RawClient caller = proxy.connect().post(format.path(model, true),
                format.request(model, "Count", true),
                "x-api-key: " + CALLER_KEY);
        RawClient.Head head = caller.readHead();
        assertThat(head.status()).isEqualTo(200);
        String body = caller.readChunked();

        List<JsonNode> events = ChaosFormat.data(body);
        StringBuilder text = new StringBuilder();
        events.forEach(event -> text.append(format.pieceOf(event)));
        assertThat(text).hasToString(ALL);
        assertThat(events).filteredOn(format::isFinish).hasSize(1);
        assertThat(events).noneMatch(format::isError);
        String last = body.stripTrailing();
        assertThat(format.isTerminator(last.substring(last.lastIndexOf("\n\n") + 1).strip()))
                .isTrue();
        proxy.awaitQuiet();
    }

    @ParameterizedTest
    @EnumSource
    void goesElsewhereAfterALimit(ChaosFormat format) throws Exception {
        assertWhole(format, limited());
    }

    @ParameterizedTest
    @EnumSource
    void waitsOutALimitWhereThereIsNothingElse(ChaosFormat format) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(limited(), takingNoPrefill());
                ScriptedUpstream b = ScriptedUpstream.start(takingNoPrefill());
                ProxyUnderTest proxy = start(a, b, "alone", "[a/m]")) {
            assertWhole(format, proxy, "alone");
            assertThat(a.requests()).hasSize(2);
            assertThat(b.requests()).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void goesElsewhereWhenTheFirstTokenIsFarTooLate(ChaosFormat format) throws Exception {
        assertWhole(format, x -> {
            x.readRequest();
            x.sseHead();
            for (String event : ChaosFormat.CHAT.opening()) {
                x.chunk(event);
            }
            x.awaitClosed(PATIENCE);
        });
    }

    @ParameterizedTest
    @EnumSource
    void hasAStreamContinuedThatIsCut(ChaosFormat format) throws Exception {
        assertWhole(format, x -> {
            x.readRequest();
            begin(x, FIRST).closeFin();
        });
    }

    @ParameterizedTest
    @EnumSource
    void hasAStreamContinuedThatStalls(ChaosFormat format) throws Exception {
        assertWhole(format, x -> {
            x.readRequest();
            begin(x, FIRST).awaitClosed(PATIENCE);
        });
    }

    /** What the preset says of streams holds for models without a route, too. */
    @ParameterizedTest
    @EnumSource
    void holdsForModelsWithoutARoute(ChaosFormat format) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
            x.readRequest();
            begin(x, FIRST).reset();
        });
                ScriptedUpstream b = ScriptedUpstream.start(takingNoPrefill());
                ProxyUnderTest proxy = start(a, b, "other", "[a/m]")) {
            assertWhole(format, proxy, "m");
        }
    }
}
