package io.penstock.redis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class CircuitTest {
    private static final long PAUSE = TimeUnit.MILLISECONDS.toNanos(Circuit.PAUSE_MILLIS);

    private final Circuit circuit = new Circuit(0);

    private void close(long nowNanos) {
        assertThat(circuit.tryProbe(nowNanos)).isTrue();
        assertThat(circuit.onAnswer(true)).isTrue();
    }

    @Test
    void letsNothingButAProbePassUntilThatIsAnswered() {
        assertThat(circuit.tryPass()).isFalse();
        assertThat(circuit.tryProbe(0)).isTrue();
        assertThat(circuit.tryProbe(0)).isFalse();
        assertThat(circuit.onAnswer(true)).isTrue();
        assertThat(circuit.tryPass()).isTrue();
    }

    @Test
    void opensAfterFailuresInARow() {
        close(0);
        for (int i = 1; i < Circuit.FAILURES; i++) {
            assertThat(circuit.onFailure(false, 0)).isFalse();
        }
        assertThat(circuit.onAnswer(false)).isFalse();
        for (int i = 1; i < Circuit.FAILURES; i++) {
            assertThat(circuit.onFailure(false, 0)).isFalse();
        }
        assertThat(circuit.isClosed()).isTrue();
        assertThat(circuit.onFailure(false, 0)).isTrue();
        assertThat(circuit.isClosed()).isFalse();
    }

    @Test
    void opensAtOnceWhenTheConnectionIsLost() {
        close(0);
        assertThat(circuit.onDisconnect(0)).isTrue();
        assertThat(circuit.tryPass()).isFalse();
        assertThat(circuit.onDisconnect(0)).isFalse();
    }

    @Test
    void isTriedAgainAfterEachPause() {
        close(0);
        circuit.onDisconnect(100);

        assertThat(circuit.tryProbe(100 + PAUSE - 1)).isFalse();
        assertThat(circuit.tryProbe(100 + PAUSE)).isTrue();
        circuit.onFailure(true, 100 + PAUSE);
        assertThat(circuit.probesFailed()).isOne();
        assertThat(circuit.tryProbe(100 + 2 * PAUSE - 1)).isFalse();
        close(100 + 2 * PAUSE);
        assertThat(circuit.probesFailed()).isZero();
    }

    @Test
    void takesNoWordOfCommandsThatWereSentBefore() {
        close(0);
        circuit.onDisconnect(0);
        circuit.tryProbe(PAUSE);

        assertThat(circuit.onAnswer(false)).isFalse();
        circuit.onFailure(false, PAUSE);

        assertThat(circuit.isClosed()).isFalse();
        assertThat(circuit.onAnswer(true)).isTrue();
    }

    @Test
    void isTriedAtOnceOnAnotherConnection() {
        close(0);
        circuit.onDisconnect(0);
        circuit.onNewConnection();

        close(1);
    }
}
