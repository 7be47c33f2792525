package io.penstock.cache;

import io.penstock.cache.Flight.Piece;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A follower's place on a {@link Flight}. Its listener is run whenever there may be news; what they
 * are, {@link #look} tells.
 *
 * <pre>{@code
 * switch (seat.look()) {
 *     case EVENTS, ALL_EVENTS -> copy(seat.poll());    // until null: then wait, or all was read
 *     case WHOLE -> give(seat.reply());
 *     case LEAD -> ask(seat.flight());                 // a provider, for this call and the others
 *     case ALONE, BROKEN, NOTHING -> …
 * }
 * }</pre>
 *
 * <p><b>Thread:</b> confined to the follower's event loop; what others write is guarded by the
 * flight.
 */
public final class Seat {
    /** What there is for a follower. */
    public enum News {
        /** Nothing as yet. */
        NOTHING,
        /** The reply comes: what there is of it can be polled. */
        EVENTS,
        /** The reply is complete: the rest of it can be polled. */
        ALL_EVENTS,
        /** The reply is there. */
        WHOLE,
        /** The leader failed: this call leads from here on, and has left its seat. */
        LEAD,
        /** There will be no reply to share: this call is on its own, and has left its seat. */
        ALONE,
        /** The reply broke off when some of it had been read, or the follower was too slow. */
        BROKEN
    }

    private final Flight flight;
    private final Flight.Wake wake;
    private final Runnable listener;
    private final AtomicLong readBytes = new AtomicLong();
    private Piece read; // the last one that was

    // Guarded by the flight.
    @Nullable News fate; // null while it flies on
    boolean reading; // it has begun to
    boolean left;

    Seat(Flight flight, Flight.Wake wake, Runnable listener, Piece start) {
        this.flight = flight;
        this.wake = wake;
        this.listener = listener;
        read = start;
    }

    /** Another reply takes the place of the one of which nothing was read. */
    void startAt(Piece start) {
        read = start;
    }

    long readBytes() {
        return readBytes.get();
    }

    void wake() {
        listener.run();
    }

    /** What there is. */
    public News look() {
        News news = flight.newsFor(this);
        if (news == News.LEAD || news == News.ALONE) {
            wake.remove(this);
        }
        return news;
    }

    /** The next bytes of the events, not to be written to; null if there are none for now. */
    public byte @Nullable [] poll() {
        Piece next = read.next;
        if (next == null) {
            return null;
        }
        read = next;
        readBytes.addAndGet(next.bytes.length);
        return next.bytes;
    }

    /** The whole reply. */
    public CachedReply reply() {
        CachedReply reply = flight.reply();
        if (reply == null) {
            throw new IllegalStateException("it is not whole");
        }
        return reply;
    }

    /** The flight, for a follower that leads from here on. */
    public Flight flight() {
        return flight;
    }

    /** Who gives the reply; known once it comes. */
    public String provider() {
        return flight.provider();
    }

    /** What the provider calls the model; known once the reply comes. */
    public String model() {
        return flight.model();
    }

    /** Follows no longer; harmless if it did not. */
    public void leave() {
        wake.remove(this);
        flight.leave(this);
    }
}
