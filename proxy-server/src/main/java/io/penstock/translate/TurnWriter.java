package io.penstock.translate;

import io.penstock.failure.Failure;
import org.jspecify.annotations.Nullable;

/**
 * Writes one streamed reply in one format, as its turn goes on. Writes nothing of an error by
 * itself: whether the caller hears of it is the exchange's to say.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop. <b>Bounds:</b> a sign of life at most
 * every {@value #KEEP_ALIVE_SECONDS} s.
 */
abstract class TurnWriter implements TurnSink {
    private static final int KEEP_ALIVE_SECONDS = 3;
    private static final long KEEP_ALIVE_NANOS = KEEP_ALIVE_SECONDS * 1_000_000_000L;

    private final ReplyLoop loop;
    private final ReplyOptions options;
    private @Nullable ReplyUsage usage;
    private long lastKeepAlive;
    private boolean anyKeepAlive;

    TurnWriter(ReplyLoop loop, ReplyOptions options) {
        this.loop = loop;
        this.options = options;
    }

    final ReplyLoop loop() {
        return loop;
    }

    final ReplyBytes out() {
        return loop.bytes();
    }

    final ReplyOptions options() {
        return options;
    }

    /** What the provider has counted; null if nothing. */
    final @Nullable ReplyUsage usage() {
        return usage;
    }

    /** Ends the stream with a failure of the exchange. */
    abstract void fail(Failure failure, @Nullable String attempts);

    /** Ends the stream with what the provider said. */
    abstract void fail(ReplyError error);

    /** Writes a sign of life. */
    void writeKeepAlive() {
        out().put(": ping\n\n");
    }

    @Override
    public void onUsage(ReplyUsage counted) {
        usage = counted;
    }

    @Override
    public final void onKeepAlive() {
        long now = loop.nanoTime();
        if (!anyKeepAlive || now - lastKeepAlive >= KEEP_ALIVE_NANOS) {
            anyKeepAlive = true;
            lastKeepAlive = now;
            writeKeepAlive();
        }
    }

    @Override
    public final void onError(ReplyError error) {}
}
