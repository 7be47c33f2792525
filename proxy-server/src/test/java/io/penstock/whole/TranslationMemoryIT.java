package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.netty.buffer.PooledByteBufAllocator;
import io.penstock.loop.Transport;
import io.penstock.provider.ProviderTypes;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Translated streams of large events whose callers do not read hold a few events each, and not what
 * the provider has to say: figures are the allocator's own. A stream of responses is another
 * matter: its last events repeat all of it, within the bounds of a turn.
 */
class TranslationMemoryIT {
    private static final int CALLERS = 8;
    private static final int EVENTS = 48;
    private static final int EVENT_BYTES = 256 * 1024;
    /** Per stream: an event being read, one that is written, and what waits for the caller. */
    private static final int MOST_EVENTS_HELD = 12;

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "RESPONSES")
    void holdsAFewEventsOfAStreamWhoseCallerStalls(ChaosFormat format) throws Exception {
        ChaosFormat spoken = format == ChaosFormat.MESSAGES ? ChaosFormat.CHAT
                : ChaosFormat.MESSAGES;
        String piece = "x".repeat(EVENT_BYTES);
        long before = PooledByteBufAllocator.DEFAULT.pinnedDirectMemory();
        long most = 0;
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.sseHead();
                    for (String event : spoken.opening()) {
                        x.chunk(event);
                    }
                    for (int i = 0; i < EVENTS; i++) {
                        x.chunk(spoken.piece(piece));
                    }
                    for (String event : spoken.closing("")) {
                        x.chunk(event);
                    }
                    x.lastChunk();
                });
                ProxyUnderTest proxy = ProxyUnderTest.on(Transport.auto())
                        .provider("a", a.url()).type(format == ChaosFormat.MESSAGES
                                ? ProviderTypes.OPENAI : ProviderTypes.ANTHROPIC).start()) {
            List<RawClient> callers = new ArrayList<>();
            for (int i = 0; i < CALLERS; i++) {
                callers.add(proxy.connect().post(format.path(SMART, true),
                        format.request(SMART, "Go on", true), "x-api-key: " + CALLER_KEY));
            }
            for (RawClient caller : callers) {
                assertThat(caller.readHead().status()).isEqualTo(200);
            }
            for (RawClient caller : callers) { // the others stall meanwhile
                StringBuilder events = new StringBuilder();
                String chunk = caller.readChunk();
                while (!chunk.isEmpty()) {
                    events.append(chunk);
                    most = Math.max(most, PooledByteBufAllocator.DEFAULT.pinnedDirectMemory());
                    chunk = caller.readChunk();
                }
                assertThat(textBytes(format, events.toString()))
                        .isEqualTo((long) EVENTS * EVENT_BYTES);
            }
            proxy.awaitQuiet();
        }
        assertThat(most - before).isPositive()
                .isLessThan((long) CALLERS * MOST_EVENTS_HELD * EVENT_BYTES);
        assertThat((long) CALLERS * MOST_EVENTS_HELD * EVENT_BYTES)
                .as("far less than there was to say")
                .isLessThan((long) CALLERS * EVENTS * EVENT_BYTES / 2);
    }

    private static long textBytes(ChaosFormat format, String events) {
        long bytes = 0;
        for (JsonNode event : ChaosFormat.data(events)) {
            bytes += format.pieceOf(event).length();
        }
        return bytes;
    }
}
