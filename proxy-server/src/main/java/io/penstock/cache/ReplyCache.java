package io.penstock.cache;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.Policy;
import com.github.benmanes.caffeine.cache.RemovalCause;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The replies that may be given again, and the calls under way that others can join. Both are
 * shared by all event loops, so that identical calls make one call to a provider wherever their
 * connections are (ADR-0017).
 *
 * <p><b>Thread:</b> safe; nothing in it waits.
 * <br><b>Bounds:</b> the bytes that are configured, but never more than a {@value #HEAP_SHARE}th of
 * the heap; a reply, {@value #MAX_REPLY_BYTES} bytes and an {@value #REPLY_SHARE}th of all; what is
 * recorded of calls under way, a {@value #RECORDING_SHARE}th on top. Which reply goes first is
 * Caffeine's to choose (W-TinyLFU): one that is asked for seldom.
 */
public final class ReplyCache {
    public static final int MAX_REPLY_BYTES = 4 * 1024 * 1024;
    static final int HEAP_SHARE = 4;
    static final int REPLY_SHARE = 8;
    static final int RECORDING_SHARE = 4;

    /** How long a shared store is waited for; then a provider is asked. */
    static final Duration SHARED_DEADLINE = Duration.ofMillis(50);

    /** One reply to one request: each of its shapes has a place. */
    record Place(CacheKey key, ReplyKind kind) {
        /** As a shared store knows it. */
        String name() {
            return kind.name().toLowerCase(Locale.ROOT) + ":" + key.toHex();
        }
    }

    /** Makes a reply of one shape from another. */
    @FunctionalInterface
    public interface Reshaper {
        /** The same answer in that shape; null if it would not be the same. */
        @Nullable CachedReply reshape(CachedReply reply, ReplyKind to);
    }

    private final LongSupplier nanoTime;
    private final Cache<Place, CachedReply> replies;
    private final ConcurrentHashMap<Place, Flight> flights = new ConcurrentHashMap<>();
    private final AtomicLong recordedBytes = new AtomicLong();
    private final LongAdder evicted = new LongAdder();
    private final LongAdder expired = new LongAdder();
    private volatile long maxBytes;
    private volatile @Nullable SharedStore shared; // null where each process is on its own

    /** A cache with no reply in it; {@code nanoTime} is {@link System#nanoTime} but in tests. */
    public ReplyCache(long maxBytes, LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.maxBytes = bounded(maxBytes);
        replies = Caffeine.newBuilder()
                .maximumWeight(this.maxBytes)
                .weigher((Place place, CachedReply reply) -> reply.weight())
                .expireAfter(new ByTheirOwnTime())
                .ticker(nanoTime::getAsLong)
                .executor(Runnable::run) // a few steps of upkeep, by whichever loop is there
                .evictionListener((place, reply, cause) -> onEvicted(cause))
                .build();
    }

    private static long bounded(long bytes) {
        return Math.min(bytes, Runtime.getRuntime().maxMemory() / HEAP_SHARE);
    }

    private void onEvicted(RemovalCause cause) {
        (cause == RemovalCause.EXPIRED ? expired : evicted).increment();
    }

    /** A reply lives as long as it says itself, however often it is given. */
    private static final class ByTheirOwnTime implements Expiry<Place, CachedReply> {
        @Override
        public long expireAfterCreate(Place place, CachedReply reply, long nowNanos) {
            return Math.max(0, reply.leftNanos(nowNanos));
        }

        @Override
        public long expireAfterUpdate(Place place, CachedReply reply, long nowNanos,
                long leftNanos) {
            return expireAfterCreate(place, reply, nowNanos);
        }

        @Override
        public long expireAfterRead(Place place, CachedReply reply, long nowNanos,
                long leftNanos) {
            return leftNanos;
        }
    }

    /** From now on replies are looked for, and put, there as well; null for no longer. */
    public void share(@Nullable SharedStore store) {
        shared = store;
    }

    /**
     * Asks the shared store for the reply that a flight has yet to ask a provider for; returns
     * false if there is no store to be asked.
     *
     * @param answer is run on {@code loop} once, with null for nothing
     */
    public boolean tryAskShared(Flight flight, Executor loop,
            Consumer<@Nullable CachedReply> answer) {
        SharedStore store = shared;
        if (store == null || !store.isUp()) {
            return false;
        }
        ReplyKind kind = flight.place().kind();
        store.get(flight.place().name(), SHARED_DEADLINE).thenAccept(bytes -> {
            CachedReply found = bytes == null ? null : SharedForm.read(bytes, kind,
                    System.currentTimeMillis(), nowNanos());
            loop.execute(() -> {
                if (found != null) {
                    keep(flight.place().key(), found);
                }
                answer.accept(found);
            });
        });
        return true;
    }

    /** Keeps a reply that a provider gave, and has others keep it. */
    void put(CacheKey key, CachedReply reply) {
        keep(key, reply);
        SharedStore store = shared;
        if (store != null && store.isUp() && reply.body().length <= maxReplyBytes()) {
            store.put(new Place(key, reply.kind()).name(), SharedForm.write(reply,
                    System.currentTimeMillis(), nowNanos()), Duration.ofNanos(reply.ttlNanos()));
        }
    }

    /** Another bound from now on. */
    public void setMaxBytes(long bytes) {
        long bound = bounded(bytes);
        if (bound != maxBytes) {
            maxBytes = bound;
            eviction().setMaximum(bound);
        }
    }

    /** The bound in force. */
    long maxBytes() {
        return maxBytes;
    }

    private Policy.Eviction<Place, CachedReply> eviction() {
        return replies.policy().eviction().orElseThrow();
    }

    /**
     * Looks for a reply, or a call under way, for a call with that key.
     *
     * @param kind the shape that the caller reads
     * @param loop the caller's event loop, on which the listener is run
     * @param listener is run whenever there may be news of a flight that is followed
     */
    public Lookup look(CacheKey key, ReplyKind kind, Reshaper reshaper, Executor loop,
            Runnable listener) {
        CachedReply known = find(key, kind, reshaper);
        if (known != null) {
            return new Lookup.Hit(known);
        }
        Place place = new Place(key, kind);
        Flight mine = new Flight(this, place);
        Flight under = flights.putIfAbsent(place, mine);
        if (under == null) {
            known = replies.getIfPresent(place);
            if (known == null) {
                return new Lookup.Lead(mine);
            }
            mine.complete(known); // it was put there between the two looks
            return new Lookup.Hit(known);
        }
        Seat seat = under.tryJoin(loop, listener);
        if (seat != null) {
            return new Lookup.Follow(seat);
        }
        known = replies.getIfPresent(place);
        return known == null ? new Lookup.Bypass() : new Lookup.Hit(known);
    }

    private @Nullable CachedReply find(CacheKey key, ReplyKind kind, Reshaper reshaper) {
        CachedReply known = replies.getIfPresent(new Place(key, kind));
        for (ReplyKind other : ReplyKind.values()) {
            if (known != null) {
                return known;
            }
            if (other != kind) {
                CachedReply shaped = replies.getIfPresent(new Place(key, other));
                known = shaped == null ? null : reshaper.reshape(shaped, kind);
                if (known != null) {
                    keep(key, known);
                }
            }
        }
        return known;
    }

    long nowNanos() {
        return nanoTime.getAsLong();
    }

    /** Keeps a reply, if it is not too long. */
    private void keep(CacheKey key, CachedReply reply) {
        if (reply.body().length <= maxReplyBytes()) {
            replies.put(new Place(key, reply.kind()), reply);
        }
    }

    private long maxReplyBytes() {
        return Math.min(MAX_REPLY_BYTES, maxBytes / REPLY_SHARE);
    }

    /** Forgets all replies; calls under way are not touched. */
    public void clear() {
        replies.invalidateAll();
    }

    /** Makes room for more of a reply of which some was recorded; false if there is none. */
    boolean tryRecord(long recorded, int more) {
        if (recorded + more > maxReplyBytes()) {
            return false;
        }
        if (recordedBytes.addAndGet(more) > maxBytes / RECORDING_SHARE) {
            recordedBytes.addAndGet(-more);
            return false;
        }
        return true;
    }

    void release(long recorded) {
        recordedBytes.addAndGet(-recorded);
    }

    void remove(Place place, Flight flight) {
        flights.remove(place, flight);
    }

    // Figures

    /** Bytes of the replies that are kept, about. */
    public long bytes() {
        return eviction().weightedSize().orElse(0);
    }

    /** Replies that are kept, about. */
    public long count() {
        return replies.estimatedSize();
    }

    /** Bytes that are recorded of calls under way. */
    public long recordedBytes() {
        return recordedBytes.get();
    }

    /** Calls under way that others can join. */
    public int flights() {
        return flights.size();
    }

    /** Replies that made room for others. */
    public long evicted() {
        return evicted.sum();
    }

    /** Replies that were given for as long as they might be. */
    public long expired() {
        return expired.sum();
    }
}
