package io.penstock.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.penstock.http.StreamEnd;
import io.penstock.testing.Bytes;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class TunnelTest {
    private static final long IDLE = TimeUnit.MINUTES.toNanos(10);
    private static final long TOTAL = TimeUnit.MINUTES.toNanos(60);
    private static final long HALF_OPEN = TimeUnit.SECONDS.toNanos(Tunnel.HALF_OPEN_SECONDS);

    /** A side that keeps what it is told. */
    private static final class End implements StreamEnd {
        private final StringBuilder written = new StringBuilder();
        private int flushes;
        private boolean full;
        private boolean reading = true;
        private boolean outputEnded;

        @Override
        public void write(ByteBuf bytes) {
            written.append(Bytes.drain(bytes));
        }

        @Override
        public boolean takesChunks() {
            return false;
        }

        @Override
        public long pendingBytes() {
            return 0;
        }

        @Override
        public void flush() {
            flushes++;
        }

        @Override
        public boolean isWritable() {
            return !full;
        }

        @Override
        public void setReading(boolean reading) {
            this.reading = reading;
        }

        @Override
        public void endOutput() {
            outputEnded = true;
        }
    }

    private final End caller = new End();
    private final End provider = new End();
    private final Tunnel tunnel = new Tunnel(caller, provider, IDLE, TOTAL, 0);

    @Test
    void passesBytesOnAndFlushesOnceABurst() {
        tunnel.onCallerBytes(Bytes.buffer("a"), 1);
        tunnel.onCallerBytes(Bytes.buffer("b"), 1);
        assertThat(provider.flushes).isZero();
        tunnel.onCallerReadComplete();
        tunnel.onProviderBytes(Bytes.buffer("c"), 1);
        tunnel.onProviderReadComplete();

        assertThat(provider.written).hasToString("ab");
        assertThat(caller.written).hasToString("c");
        assertThat(provider.flushes).isEqualTo(1);
        assertThat(caller.flushes).isEqualTo(1);
    }

    @Test
    void readsNothingThatTheOtherSideHasNoRoomFor() {
        provider.full = true;
        tunnel.onCallerBytes(Bytes.buffer("a"), 1);
        assertThat(caller.reading).isFalse();
        assertThat(provider.reading).isTrue();

        provider.full = false;
        tunnel.onProviderWritable();
        assertThat(caller.reading).isTrue();

        caller.full = true;
        tunnel.onProviderBytes(Bytes.buffer("b"), 1);
        assertThat(provider.reading).isFalse();
        caller.full = false;
        tunnel.onCallerWritable();
        assertThat(provider.reading).isTrue();
    }

    @Test
    void endsWhenBothSidesHaveEnded() {
        assertThat(tunnel.onCallerEnd(5)).isFalse();
        assertThat(provider.outputEnded).isTrue();
        assertThat(caller.outputEnded).isFalse();
        tunnel.onProviderBytes(Bytes.buffer("still"), 6);
        assertThat(caller.written).hasToString("still");
        assertThat(tunnel.onProviderEnd(7)).isTrue();
    }

    @Test
    void waitsForBytesAsLongAsItMay() {
        assertThat(tunnel.remainingNanos(0)).isEqualTo(IDLE);
        tunnel.onProviderBytes(Bytes.buffer("a"), IDLE - 1);
        assertThat(tunnel.remainingNanos(IDLE)).isEqualTo(IDLE - 1);
        tunnel.onCallerBytes(Bytes.buffer("a"), TOTAL - 5);
        assertThat(tunnel.remainingNanos(TOTAL - 3)).isEqualTo(3);
        assertThat(tunnel.isOverdue(TOTAL - 1)).isFalse();
        assertThat(tunnel.isOverdue(TOTAL)).isTrue();
    }

    @Test
    void waitsNotLongForTheOtherHalf() {
        tunnel.onProviderEnd(100);

        assertThat(tunnel.isHalfOpen()).isTrue();
        assertThat(tunnel.remainingNanos(100)).isEqualTo(HALF_OPEN);
        tunnel.onCallerBytes(Bytes.buffer("a"), 200);
        assertThat(tunnel.remainingNanos(200)).isEqualTo(HALF_OPEN);
    }

    @Test
    void saysGoodbyeInTheFramesOfEachSide() {
        tunnel.sayClose(PooledByteBufAllocator.DEFAULT, 1001, "so long");

        assertThat(caller.written).hasToString("\u0088\u0009\u0003\u00e9so long");
        String frame = provider.written.toString();
        assertThat(frame).hasSize(6 + 9).startsWith("\u0088\u0089");
        StringBuilder plain = new StringBuilder();
        for (int i = 6; i < frame.length(); i++) {
            plain.append((char) (frame.charAt(i) ^ frame.charAt(2 + (i - 6) % 4)));
        }
        assertThat(plain).hasToString("\u0003\u00e9so long");
    }

    @Test
    void addsNothingInTheMiddleOfAFrame() {
        tunnel.onProviderBytes(Bytes.buffer("\u0081\u0005hel"), 1);
        tunnel.onCallerBytes(Bytes.buffer("\u0081"), 1);

        tunnel.sayClose(PooledByteBufAllocator.DEFAULT, 1001, "so long");

        assertThat(caller.written).hasToString("\u0081\u0005hel");
        assertThat(provider.written).hasToString("\u0081");
    }
}
