package io.penstock.cache;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One call that is under way to a provider, and those like it that wait for its reply: the leader
 * writes the reply as it comes, each follower reads it at a pace of its own, from the start.
 *
 * <p>The leader and the followers are on any event loops. What passes between them are arrays that
 * nobody writes to any more; a loop with followers is woken once for all of them.
 *
 * <p>A leader that fails before a follower has begun to read leaves the lead to the first follower.
 * Events can be read as they come; a whole reply is given when it is whole, so that even one that
 * breaks off in the middle is followed by another.
 *
 * <p><b>Thread:</b> safe by its lock, which is held for a few steps in lists. The leader's methods
 * are for the leader's event loop, those of a {@link Seat} for the follower's.
 * <br><b>Bounds:</b> {@value #MAX_FOLLOWERS} followers; what is recorded of a reply, {@link
 * ReplyCache#tryRecord}; beyond that a follower that is {@value #MAX_LAG_BYTES} bytes behind is cut
 * off; {@value #MAX_LEADERS} leaders that fail.
 */
public final class Flight {
    static final int MAX_FOLLOWERS = 16 * 1024;
    static final int MAX_LEADERS = 3;
    static final int MAX_LAG_BYTES = 4 * 1024 * 1024;

    /** How far the reply has come. */
    enum Stage {
        /** The leader has nothing that could be passed on. */
        HELD,
        /** The reply is good, and comes. */
        OPEN,
        /** All of it has come. */
        DONE,
        /** Nobody leads, and nothing comes any more. */
        CLOSED
    }

    /** A part of the reply; the first of them is empty. */
    static final class Piece {
        final byte[] bytes;
        volatile @Nullable Piece next;

        Piece(byte[] bytes) {
            this.bytes = bytes;
        }
    }

    /** Wakes those followers that are on one event loop. */
    static final class Wake implements Runnable {
        private final Executor loop;
        private final List<Seat> seats = new ArrayList<>(2); // confined to the event loop
        private boolean scheduled; // guarded by this

        Wake(Executor loop) {
            this.loop = loop;
        }

        void schedule() {
            synchronized (this) {
                if (scheduled) {
                    return;
                }
                scheduled = true;
            }
            try {
                loop.execute(this);
            } catch (RejectedExecutionException e) {
                // The proxy stops: that loop has ended, and its followers with it.
            }
        }

        @Override
        public void run() {
            synchronized (this) {
                scheduled = false;
            }
            // From the last to the first: a follower that leaves meanwhile hides none behind it.
            for (int i = seats.size() - 1; i >= 0; i--) {
                if (i < seats.size()) {
                    wake(seats.get(i));
                }
            }
        }

        private static void wake(Seat seat) {
            try {
                seat.wake();
            } catch (RuntimeException e) {
                LOG.error("follower_failed", e); // one must not keep the others from their news
            }
        }

        void add(Seat seat) {
            seats.add(seat);
        }

        void remove(Seat seat) {
            seats.remove(seat);
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(Flight.class);
    private static final byte[] NOTHING = {};

    private final ReplyCache home;
    private final ReplyCache.Place place;

    // All that follows is guarded by this.
    private final Set<Seat> seats = new LinkedHashSet<>(); // in the order in which they came
    private final List<Wake> wakes = new ArrayList<>(2);
    private Stage stage = Stage.HELD;
    private @Nullable Piece first; // null where the reply is not recorded
    private Piece last;
    private long writtenBytes;
    private long recordedBytes; // that the cache counts
    private int failed;
    private String provider = "";
    private String model = "";
    private @Nullable CachedReply reply; // once it is whole; null if it was not recorded

    Flight(ReplyCache home, ReplyCache.Place place) {
        this.home = home;
        this.place = place;
        last = new Piece(NOTHING);
        first = last;
    }

    // The followers' part

    /** A seat for one more; null if the flight takes no more. */
    synchronized @Nullable Seat tryJoin(Executor loop, Runnable listener) {
        boolean joinable = stage != Stage.CLOSED && first != null
                && seats.size() < MAX_FOLLOWERS;
        if (!joinable || first == null) {
            return null;
        }
        Wake wake = wakeOf(loop);
        Seat seat = new Seat(this, wake, listener, first);
        seats.add(seat);
        wake.add(seat);
        return seat;
    }

    private Wake wakeOf(Executor loop) {
        for (Wake wake : wakes) {
            if (wake.loop == loop) {
                return wake;
            }
        }
        Wake wake = new Wake(loop);
        wakes.add(wake);
        return wake;
    }

    /** What there is for that seat; a follower that is told of events begins to read them. */
    synchronized Seat.News newsFor(Seat seat) {
        if (seat.fate != null) {
            seat.left = true; // it knows, and acts on it
            return seat.fate;
        }
        if (place.kind() == ReplyKind.WHOLE) {
            return stage == Stage.DONE ? Seat.News.WHOLE : Seat.News.NOTHING;
        }
        if (stage == Stage.DONE || stage == Stage.OPEN) {
            seat.reading = true;
            return stage == Stage.DONE ? Seat.News.ALL_EVENTS : Seat.News.EVENTS;
        }
        return Seat.News.NOTHING;
    }

    void leave(Seat seat) {
        synchronized (this) {
            boolean leads = seat.fate == Seat.News.LEAD && !seat.left;
            seats.remove(seat);
            seat.left = true;
            if (!leads) {
                return;
            }
        }
        handOver(); // it was to lead, and has not heard of it
    }

    synchronized @Nullable CachedReply reply() {
        return reply;
    }

    synchronized String provider() {
        return provider;
    }

    synchronized String model() {
        return model;
    }

    ReplyCache.Place place() {
        return place;
    }

    // The leader's part

    /** Whether others wait for the reply. */
    public synchronized boolean isFollowed() {
        return !seats.isEmpty();
    }

    /** The reply is good, and from that target; its bytes follow. */
    public void open(String provider, String model) {
        synchronized (this) {
            this.provider = provider;
            this.model = model;
            stage = Stage.OPEN;
        }
        if (place.kind().isEvents()) {
            wakeAll();
        }
    }

    /** The next bytes of the reply, without framing; nobody may write to them any more. */
    public void append(byte[] bytes) {
        synchronized (this) {
            if (bytes.length == 0 || stage != Stage.OPEN) {
                return;
            }
            writtenBytes += bytes.length;
            if (first != null) {
                record(bytes.length);
            }
            if (first == null && seats.isEmpty()) {
                return;
            }
            Piece piece = new Piece(bytes);
            last.next = piece;
            last = piece;
            if (first == null) {
                cutTheSlow();
            }
        }
        if (place.kind().isEvents()) {
            wakeAll();
        }
    }

    /** Counts so many more bytes; records no more if there is no room for them. */
    private void record(int more) {
        if (home.tryRecord(recordedBytes, more)) {
            recordedBytes += more;
            return;
        }
        forget();
        home.remove(place, this);
        if (place.kind() == ReplyKind.WHOLE) {
            decide(Seat.News.ALONE);
        }
    }

    private void forget() {
        first = null;
        home.release(recordedBytes);
        recordedBytes = 0;
    }

    private void cutTheSlow() {
        for (Seat seat : seats) {
            if (writtenBytes - seat.readBytes() > MAX_LAG_BYTES) {
                seat.fate = Seat.News.BROKEN;
            }
        }
        seats.removeIf(seat -> seat.fate != null);
    }

    /** Decides the fate of all who follow. */
    private void decide(Seat.News fate) {
        seats.forEach(seat -> seat.fate = fate);
        seats.clear();
    }

    /**
     * The reply is whole.
     *
     * @param keeps it may be given to calls that come later
     */
    public void complete(CachedReply.Tokens tokens, long tookNanos, long ttlNanos,
            boolean keeps) {
        synchronized (this) {
            if (stage != Stage.OPEN) {
                throw new IllegalStateException("complete while " + stage);
            }
            if (first != null) {
                CachedReply whole = new CachedReply(place.kind(), joined(first), provider, model,
                        tokens, tookNanos, home.nowNanos(), ttlNanos);
                reply = whole;
                if (keeps) {
                    home.put(place.key(), whole); // before it takes no more followers
                }
            }
            finish();
        }
        home.remove(place, this);
        wakeAll();
    }

    /** There is such a reply already: nothing has to be asked. */
    public void complete(CachedReply known) {
        synchronized (this) {
            provider = known.provider();
            model = known.model();
            Piece piece = new Piece(known.body());
            last.next = piece;
            last = piece;
            reply = known;
            finish();
        }
        home.remove(place, this);
        wakeAll();
    }

    private void finish() {
        stage = Stage.DONE;
        first = null;
        home.release(recordedBytes);
        recordedBytes = 0;
    }

    private byte[] joined(Piece from) {
        byte[] all = new byte[(int) writtenBytes];
        int at = 0;
        for (Piece piece = from; piece != null; piece = piece.next) {
            System.arraycopy(piece.bytes, 0, all, at, piece.bytes.length);
            at += piece.bytes.length;
        }
        return all;
    }

    /** The leader brought no reply, or one that broke off. */
    public void fail() {
        end(true);
    }

    /** The leader's caller has gone. */
    public void handOver() {
        end(false);
    }

    private void end(boolean failure) {
        synchronized (this) {
            if (stage == Stage.DONE || stage == Stage.CLOSED) {
                return;
            }
            failed += failure ? 1 : 0;
            breakReaders();
            Seat next = seats.isEmpty() || failed >= MAX_LEADERS ? null : seats.iterator().next();
            if (next == null) {
                decide(Seat.News.ALONE);
                stage = Stage.CLOSED;
                forget();
                home.remove(place, this);
            } else {
                restart();
                seats.remove(next);
                next.fate = Seat.News.LEAD;
            }
        }
        wakeAll();
    }

    private void breakReaders() {
        for (Seat seat : seats) {
            if (seat.reading || first == null) {
                seat.fate = Seat.News.BROKEN;
            }
        }
        seats.removeIf(seat -> seat.fate != null);
    }

    /** Nothing of the reply was seen by those who are left: another one takes its place. */
    private void restart() {
        stage = Stage.HELD;
        home.release(recordedBytes);
        recordedBytes = 0;
        writtenBytes = 0;
        Piece start = new Piece(NOTHING);
        first = start;
        last = start;
        seats.forEach(seat -> seat.startAt(start));
    }

    private void wakeAll() {
        Wake[] all;
        synchronized (this) {
            all = wakes.toArray(new Wake[0]);
        }
        for (Wake wake : all) {
            wake.schedule();
        }
    }
}
