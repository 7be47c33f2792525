package io.penstock.exchange.call;

import io.penstock.http.HeadWriter;

/**
 * Where the time of one exchange goes until its reply begins: each moment belongs to one of the
 * stages, so that they add up to the whole.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
public final class Timing {
    /** What an exchange waits for, or that it waits for nothing. */
    public enum Stage {
        /** For the rest of the request. */
        RECEIVE,
        /** For a slot, where a limit of calls in flight is reached. */
        QUEUE,
        /** For a provider: its connection, its reply, or the pause before it is asked again. */
        PROVIDER,
        /** For nothing: the proxy itself is at work. */
        PROXY
    }

    private static final int STAGES = Stage.values().length;

    private final long[] nanos = new long[STAGES];
    private final long beganNanos;
    private long sinceNanos;
    private Stage stage = Stage.RECEIVE;

    /** The head of the request was accepted. */
    public Timing(long nowNanos) {
        beganNanos = nowNanos;
        sinceNanos = nowNanos;
    }

    /** From {@code nowNanos} on, which may be a moment ago; harmless if it is so already. */
    public void enter(Stage next, long nowNanos) {
        if (nowNanos - sinceNanos > 0) {
            nanos[stage.ordinal()] += nowNanos - sinceNanos;
            sinceNanos = nowNanos;
        }
        stage = next;
    }

    /** Writes a {@code server-timing} field with its end, for a reply that no provider gave. */
    public void write(HeadWriter out, long nowNanos) {
        enter(Stage.PROXY, nowNanos);
        begin(out).text(", upstream;dur=").millis(nanos[Stage.PROVIDER.ordinal()]);
        end(out, nowNanos);
    }

    /**
     * Writes a {@code server-timing} field with its end, for a provider's reply: connect, head and
     * content are those of the committed attempt alone.
     */
    public void write(HeadWriter out, long nowNanos, AttemptFigures good) {
        enter(Stage.PROXY, nowNanos);
        begin(out).text(", connect;dur=").millis(good.readyNanos() - good.slotNanos())
                .text(", head;dur=").millis(good.headNanos() - good.readyNanos())
                .text(", content;dur=").millis(good.contentNanos() - good.headNanos());
        end(out, nowNanos);
    }

    /** When the current stage was entered. */
    public long sinceNanos() {
        return sinceNanos;
    }

    /** Nanoseconds that went for that stage so far. */
    public long nanos(Stage of) {
        return nanos[of.ordinal()];
    }

    private HeadWriter begin(HeadWriter out) {
        return out.text("server-timing: receive;dur=").millis(nanos[Stage.RECEIVE.ordinal()])
                .text(", queue;dur=").millis(nanos[Stage.QUEUE.ordinal()]);
    }

    private void end(HeadWriter out, long nowNanos) {
        out.text(", proxy;dur=").millis(nanos[Stage.PROXY.ordinal()])
                .text(", total;dur=").millis(nowNanos - beganNanos).crlf();
    }
}
