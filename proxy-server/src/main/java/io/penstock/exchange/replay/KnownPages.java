package io.penstock.exchange.replay;

import io.penstock.cache.CachedReply;
import io.penstock.loop.Deadlines;
import org.jspecify.annotations.Nullable;

/**
 * The body of a reply that is whole, as fast as it can be taken, or event by event over the time
 * that its provider took.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Bounds:</b> pages of {@value #PAGE_BYTES} bytes, or of one event that is longer; {@value
 * #MAX_PACED_NANOS} ns for all events.
 */
final class KnownPages implements Pages {
    static final int PAGE_BYTES = 16 * 1024;
    static final long MAX_PACED_NANOS = 60_000_000_000L;

    private final byte[] body;
    private final boolean events;
    private final long spreadNanos; // 0 for as fast as can be
    private final long startNanos;
    private final int count; // of the events, where they are spread
    private int at;
    private int given; // events so far, where they are spread

    KnownPages(CachedReply reply, boolean paced, long nowNanos) {
        body = reply.body();
        events = reply.kind().isEvents();
        spreadNanos = paced && events ? Math.min(reply.tookNanos(), MAX_PACED_NANOS) : 0;
        startNanos = nowNanos;
        count = spreadNanos > 0 ? countEvents() : 0;
    }

    private int countEvents() {
        int found = 0;
        for (int from = 0; from < body.length; from = eventEnd(from)) {
            found++;
        }
        return found;
    }

    @Override
    public @Nullable Page poll(long nowNanos) {
        if (at == body.length || spreadNanos > 0 && remainingNanos(nowNanos) > 0) {
            return null;
        }
        int from = at;
        at = spreadNanos > 0 ? eventEnd(from) : pageEnd(from);
        given++;
        return new Page(body, from, at - from);
    }

    private int pageEnd(int from) {
        int limit = Math.min(body.length, from + PAGE_BYTES);
        if (!events || limit == body.length) {
            return limit;
        }
        int end = eventEnd(from);
        for (int next = end; next <= limit; next = eventEnd(next)) {
            end = next;
        }
        return end;
    }

    /** Behind the blank line that ends the event which begins there; the end if there is none. */
    private int eventEnd(int from) {
        boolean blank = false; // nothing stands in the line so far, but for the first
        for (int i = from; i < body.length; i++) {
            if (body[i] == '\n') {
                if (blank) {
                    return i + 1;
                }
                blank = true;
            } else if (body[i] != '\r') {
                blank = false;
            }
        }
        return body.length;
    }

    @Override
    public boolean isEnded() {
        return at == body.length;
    }

    @Override
    public long remainingNanos(long nowNanos) {
        if (spreadNanos == 0 || at == body.length) {
            return Deadlines.NEVER;
        }
        return (long) ((double) spreadNanos * given / count) - (nowNanos - startNanos);
    }
}
