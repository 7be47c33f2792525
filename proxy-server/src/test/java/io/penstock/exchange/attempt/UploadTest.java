package io.penstock.exchange.attempt;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.penstock.http.HeadWriter;
import io.penstock.http.RequestLine;
import io.penstock.loop.Deadlines;
import io.penstock.testing.Bytes;
import io.penstock.testing.EmbeddedDownstream;
import io.penstock.upstream.ReplyListener;
import io.penstock.upstream.UpstreamStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class UploadTest {
    private static final long GAP_NANOS = 5_000_000_000L;

    private final EmbeddedCalls calls = new EmbeddedCalls();
    private final EmbeddedDownstream downstream = new EmbeddedDownstream();
    private final Provider provider = new Provider();
    private Upload upload = upload(false);

    private Upload upload(boolean chunks) {
        return new Upload(provider, downstream, calls.loop().deadlines(), chunks, GAP_NANOS);
    }

    @AfterEach
    void close() {
        calls.finish();
        downstream.finish();
    }

    /** Takes all that is written, and has room for more as the test wants. */
    private static final class Provider implements UpstreamStream {
        private final StringBuilder taken = new StringBuilder();
        private boolean writable = true;
        private long pendingBytes;
        private int flushes;

        @Override
        public boolean isReused() {
            return false;
        }

        @Override
        public boolean isReplyStarted() {
            return false;
        }

        @Override
        public void write(ByteBuf bytes) {
            taken.append(Bytes.drain(bytes));
        }

        @Override
        public void flush() {
            flushes++;
        }

        @Override
        public boolean isWritable() {
            return writable;
        }

        @Override
        public void beginHead(HeadWriter out, RequestLine line) {
            throw new AssertionError("the head went out before the body");
        }

        @Override
        public void writeHead(HeadWriter out, long bodyLength) {
            throw new AssertionError("the head went out before the body");
        }

        @Override
        public boolean takesChunks() {
            return true;
        }

        @Override
        public long pendingBytes() {
            return pendingBytes;
        }

        @Override
        public void expectUpgrade(String protocol) {}

        @Override
        public void expectEarlyReply() {}

        @Override
        public void becomeTunnel(ReplyListener end) {}

        @Override
        public void endOutput() {}

        @Override
        public void setReading(boolean reading) {}

        @Override
        public void release(boolean reusable, long nowNanos) {}

        @Override
        public void close() {}

        @Override
        public void closeGently() {}
    }

    private void send(String text) {
        upload.send(Bytes.buffer(text));
    }

    private void stall(long pendingBytes) {
        provider.writable = false;
        provider.pendingBytes = pendingBytes;
        send("x");
    }

    @Test
    void sendsABodyOfKnownLengthAsItIs() {
        send("abc");
        send("");
        send("def");
        upload.end();
        assertThat(provider.taken).hasToString("abcdef");
        assertThat(upload.isOn()).isFalse();
    }

    @Test
    void putsABodyOfUnknownLengthIntoChunks() {
        upload = upload(true);
        send("abc");
        send(""); // would end the body
        send("x".repeat(5000)); // too long to be copied
        upload.end();
        assertThat(provider.taken).hasToString(
                "3\r\nabc\r\n1388\r\n" + "x".repeat(5000) + "\r\n0\r\n\r\n");
    }

    @Test
    void flushesWhatIsQueuedOnce() {
        send("abc");
        send("def");
        assertThat(provider.flushes).isZero();
        upload.flush();
        upload.flush();
        assertThat(provider.flushes).isEqualTo(1);
    }

    @Test
    void readsTheCallerOnlyWhileTheProviderHasRoom() {
        stall(10);
        assertThat(provider.flushes).as("perhaps it only waited for that").isEqualTo(1);
        assertThat(downstream.isReading()).isFalse();
        provider.writable = true;
        upload.onWritable();
        assertThat(downstream.isReading()).isTrue();
        assertThat(upload.remainingNanos(calls.nowNanos())).isEqualTo(Deadlines.NEVER);
    }

    @Test
    void givesTheProviderTheGapToTakeSomething() {
        assertThat(upload.remainingNanos(calls.nowNanos())).isEqualTo(Deadlines.NEVER);
        stall(10);
        long since = calls.nowNanos();
        assertThat(upload.remainingNanos(since + GAP_NANOS - 1)).isEqualTo(1);
        assertThat(upload.remainingNanos(since + GAP_NANOS)).isZero();
        calls.passMillis(1000);
        send("y"); // the caller's bytes are no sign of the provider's life
        assertThat(upload.remainingNanos(since + GAP_NANOS)).isZero();
        assertThat(upload.isStuck(since + GAP_NANOS)).isTrue();
    }

    @Test
    void takesASlowProviderForNoSilentOne() {
        stall(10);
        long due = calls.nowNanos() + GAP_NANOS;
        provider.pendingBytes = 9;
        assertThat(upload.isStuck(due)).isFalse();
        assertThat(upload.remainingNanos(due)).as("once more the whole time").isEqualTo(GAP_NANOS);
        assertThat(upload.isStuck(due + GAP_NANOS)).isTrue();
    }

    @Test
    void waitsForNothingOnceItHasStopped() {
        stall(10);
        upload.stop();
        assertThat(upload.isOn()).isFalse();
        assertThat(upload.remainingNanos(calls.nowNanos())).isEqualTo(Deadlines.NEVER);
        upload.flush();
        upload.keepPace();
        assertThat(provider.flushes).as("from before").isEqualTo(1);
    }
}
