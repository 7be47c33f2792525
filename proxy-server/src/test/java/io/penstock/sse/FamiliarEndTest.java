package io.penstock.sse;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.penstock.testing.Bytes;
import org.junit.jupiter.api.Test;

class FamiliarEndTest {
    private static final String PLAIN = ",\"finish_reason\":null}]}\n\n";

    private final FamiliarEnd end = new FamiliarEnd();

    private boolean isFamiliar(String event) {
        ByteBuf buffer = Bytes.buffer("xx" + event);
        try {
            return end.isFamiliar(buffer, 2, event.length());
        } finally {
            buffer.release();
        }
    }

    private void learn(String ending) {
        ByteBuf buffer = Bytes.buffer("xx" + ending);
        end.learn(buffer, 2, 2 + ending.length());
        buffer.release();
    }

    private static String own(int number) {
        return ",\"finish_reason\":null}],\"obfuscation\":\"" + number + "\"}\n\n";
    }

    @Test
    void knowsWhatItHasLearnt() {
        assertThat(isFamiliar("data: {a" + PLAIN)).isFalse();
        learn(PLAIN);
        assertThat(isFamiliar("data: {a" + PLAIN)).isTrue();
        assertThat(isFamiliar(PLAIN)).isTrue();
        assertThat(isFamiliar(PLAIN.substring(1))).isFalse();
        assertThat(isFamiliar("data: {a" + PLAIN.replace("null", "\"x\""))).isFalse();
    }

    @Test
    void makesRoomAtOnceForAnotherEndIfItsOwnWasMet() {
        learn(PLAIN);
        assertThat(isFamiliar("a" + PLAIN)).isTrue();
        learn(own(1));
        assertThat(isFamiliar("a" + own(1))).isTrue();
        assertThat(isFamiliar("a" + PLAIN)).isFalse();
    }

    @Test
    void learnsSeldomWhereEachEndIsOnlyOnce() {
        learn(own(0));
        for (int i = 1; i < FamiliarEnd.PATIENCE; i++) {
            learn(own(i));
            assertThat(isFamiliar("a" + own(i))).isFalse();
        }
        learn(PLAIN); // the last for which it waits
        assertThat(isFamiliar("a" + PLAIN)).isTrue();
    }

    @Test
    void learnsNothingTooShortOrTooLong() {
        learn("short");
        assertThat(isFamiliar("short")).isFalse();
        String longer = "y".repeat(FamiliarEnd.MAX_BYTES + 1);
        learn(longer);
        assertThat(isFamiliar(longer)).isFalse();
    }
}
