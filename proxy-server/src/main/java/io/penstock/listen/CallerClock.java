package io.penstock.listen;

import io.penstock.loop.Deadlines;
import java.util.concurrent.TimeUnit;

/**
 * How long a connection waits for its caller, in each of its states. The exchange has deadlines of
 * its own.
 *
 * <p><b>Thread:</b> confined to the event loop.
 * <br><b>Bounds:</b> those of {@link DownstreamConnection}.
 */
final class CallerClock extends Deadlines.Entry {
    private final DownstreamConnection connection;
    private final Deadlines deadlines;
    private long sinceNanos; // when the current wait began
    private long progressBytes;
    private boolean stalled; // the caller takes no more of the answer
    private long stalledSinceNanos;
    private boolean paused; // the caller isn't read, for the provider's sake
    private long pausedSinceNanos;

    CallerClock(DownstreamConnection connection, Deadlines deadlines) {
        this.connection = connection;
        this.deadlines = deadlines;
    }

    void start() {
        deadlines.add(this);
        await(DownstreamConnection.IDLE_SECONDS);
    }

    void stop() {
        deadlines.remove(this);
    }

    /** A wait begins, which ends within so many seconds unless there is progress. */
    void await(int seconds) {
        awaitNanos(TimeUnit.SECONDS.toNanos(seconds));
    }

    /** A moment begins in which the caller may read what it was sent. */
    void awaitCutPause() {
        awaitNanos(TimeUnit.MILLISECONDS.toNanos(DownstreamConnection.CUT_PAUSE_MILLIS));
    }

    private void awaitNanos(long nanos) {
        sinceNanos = deadlines.nowNanos();
        progressBytes = 0;
        deadlines.expectBy(sinceNanos + nanos);
    }

    /** A body is waited for, of which some may have come already. */
    void awaitBody(boolean begun) {
        progressBytes = 0;
        if (!begun) {
            await(DownstreamConnection.BODY_GRACE_SECONDS);
        }
    }

    /** Bytes of a body came, the first of which begin the wait for the others. */
    void onBodyBytes(int length) {
        if (progressBytes == 0) {
            await(DownstreamConnection.BODY_GRACE_SECONDS);
        }
        progressBytes += length;
    }

    /** Bytes came that are thrown away; returns how many that is since the current wait began. */
    long onProgress(int length) {
        progressBytes += length;
        return progressBytes;
    }

    boolean isPaused() {
        return paused;
    }

    /** The caller isn't read from here on; the time until {@link #resume} doesn't count. */
    void pause() {
        paused = true;
        pausedSinceNanos = deadlines.nowNanos();
    }

    void resume() {
        paused = false;
        long now = deadlines.nowNanos();
        sinceNanos += now - pausedSinceNanos;
        expectWithin(now, DownstreamConnection.BODY_GRACE_SECONDS);
    }

    /** The caller takes more of the answer, or no more. */
    void onWritabilityChanged(boolean writable) {
        stalled = !writable;
        if (stalled) {
            stalledSinceNanos = deadlines.nowNanos();
            expectWithin(stalledSinceNanos, DownstreamConnection.STALL_SECONDS);
        }
    }

    private void expectWithin(long now, int seconds) {
        deadlines.expectBy(now + TimeUnit.SECONDS.toNanos(seconds));
    }

    @Override
    protected long remainingNanos(long nowNanos) {
        long waited = nowNanos - sinceNanos;
        return switch (connection.state()) {
            case IDLE -> TimeUnit.SECONDS.toNanos(DownstreamConnection.IDLE_SECONDS) - waited;
            case HEAD -> TimeUnit.SECONDS.toNanos(DownstreamConnection.HEAD_SECONDS) - waited;
            case BODY, DISCARDING -> paused ? Deadlines.NEVER
                    : TimeUnit.SECONDS.toNanos(DownstreamConnection.BODY_GRACE_SECONDS
                            + progressBytes / DownstreamConnection.BODY_BYTES_PER_SECOND) - waited;
            case ANSWERING, REFUSED -> stalled
                    ? TimeUnit.SECONDS.toNanos(DownstreamConnection.STALL_SECONDS)
                            - (nowNanos - stalledSinceNanos)
                    : Deadlines.NEVER;
            case ENDING -> TimeUnit.SECONDS.toNanos(DownstreamConnection.STALL_SECONDS) - waited;
            case CUT -> TimeUnit.MILLISECONDS.toNanos(DownstreamConnection.CUT_PAUSE_MILLIS)
                    - waited;
            case LINGERING -> TimeUnit.SECONDS.toNanos(DownstreamConnection.LINGER_SECONDS)
                    - waited;
            case TUNNEL, CLOSED -> Deadlines.NEVER; // the tunnel has its own
        };
    }

    @Override
    protected void onDeadline(long nowNanos) {
        connection.onDeadline();
    }
}
