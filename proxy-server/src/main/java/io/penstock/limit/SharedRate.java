package io.penstock.limit;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One caller's bucket, as all nodes together fill and empty it. This node has a copy of it, by
 * which calls are let in or refused at once; what it lets in counts in the copy, and is
 * <i>unconfirmed</i> until the shared bucket has it. The answer is what is lacking there, and
 * becomes the copy's state.
 *
 * <p>No more than a <i>slice</i> may be unconfirmed, the bucket's capacity by the number of nodes:
 * so the shared bucket is overdrawn by one slice of each node at most, however late they learn of
 * each other. See ADR-0018 for the proof. One call that takes more than a slice passes when nothing
 * else is unconfirmed.
 *
 * <p>Everything is counted in time, as {@link Bucket} does: what an amount takes to be refilled. So
 * nodes need not agree on a bound to count in the same bucket.
 *
 * <p><b>Thread:</b> safe. One exchange with the shared bucket is under way at a time, see {@link
 * Turn}.
 */
public final class SharedRate implements Shared {
    /** What {@link #tryTake} answers when the others would have to be asked, and can't be. */
    static final long AWAY = -1;

    /** When a call may come again that the others' word was wanting for: it is on its way. */
    static final long CONFIRMED_SOON_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private static final long NANOS_A_MICRO = 1000;
    private static final int URGENT_SHARE = 2; // of a slice

    private final String name;
    private final Account account;
    private final Bucket<Account> bucket;
    private final Sharing sharing;
    private final Turn turn = new Turn();
    private final AtomicLong unconfirmedNanos = new AtomicLong();
    private volatile long sliceNanos = Long.MAX_VALUE; // of the last call
    private volatile long forgivenAboveNanos; // with the next exchange; 0 for nothing
    private volatile long sentNanos; // of the one that is under way, as the next
    private volatile long sentForgivenAboveNanos;

    SharedRate(String name, Account account, Bucket<Account> bucket, Sharing sharing) {
        this.name = name;
        this.account = account;
        this.bucket = bucket;
        this.sharing = sharing;
    }

    /** Whose bucket, and of what. */
    public String name() {
        return name;
    }

    @Override
    public Turn turn() {
        return turn;
    }

    @Override
    public boolean isUrgent() {
        return unconfirmedNanos.get() >= sliceNanos / URGENT_SHARE;
    }

    @Override
    public int patience() {
        return 1;
    }

    /** Whether this node is alone with the bucket. */
    private boolean isAlone() {
        return !sharing.isUp() || turn.isUnanswered();
    }

    /**
     * Takes {@code amount} if the copy holds as much and it may be unconfirmed; else the
     * nanoseconds to wait, or {@link #AWAY}.
     */
    long tryTake(long amount, long capacity, long intervalNanos, long nowNanos) {
        boolean alone = isAlone();
        if (alone && !sharing.rejects()) {
            return bucket.tryTake(account, amount, capacity, intervalNanos, nowNanos);
        }
        int nodes = sharing.nodes();
        long slice = nodes == 0 ? 0
                : Math.max(intervalNanos, Bucket.cost(capacity, intervalNanos) / nodes);
        sliceNanos = slice;
        long cost = Bucket.cost(amount, intervalNanos);
        if (!tryLeaveUnconfirmed(cost, slice, !alone)) {
            sharing.onUnconfirmed();
            return alone ? AWAY : CONFIRMED_SOON_NANOS;
        }
        long wait = bucket.tryTake(account, amount, capacity, intervalNanos, nowNanos);
        if (wait > 0) {
            unconfirmedNanos.addAndGet(-cost);
        }
        if (!alone) {
            sharing.onChange(this); // a refusal, too: others may have given something back
        }
        return wait;
    }

    private boolean tryLeaveUnconfirmed(long cost, long slice, boolean mayBeLarge) {
        while (true) {
            long before = unconfirmedNanos.get();
            boolean fits = cost <= slice - before || mayBeLarge && before <= 0;
            if (!fits) {
                return false;
            }
            if (unconfirmedNanos.compareAndSet(before, before + cost)) {
                return true;
            }
        }
    }

    void takeAnyway(long amount, long intervalNanos, long nowNanos) {
        bucket.takeAnyway(account, amount, intervalNanos, nowNanos);
        count(Bucket.cost(amount, intervalNanos));
    }

    void giveBack(long amount, long intervalNanos, long nowNanos) {
        bucket.giveBack(account, amount, intervalNanos, nowNanos);
        count(-Bucket.cost(amount, intervalNanos));
    }

    private void count(long cost) {
        if (!isAlone()) {
            unconfirmedNanos.addAndGet(cost);
            sharing.onChange(this);
        }
    }

    /** The shared bucket is empty at worst from the next exchange on. */
    void forgiveAbove(long nanos) {
        forgivenAboveNanos = nanos;
    }

    /** Whether the shared bucket knows everything. */
    boolean isConfirmed() {
        return turn.isAtRest() && Math.abs(unconfirmedNanos.get()) < NANOS_A_MICRO;
    }

    // The exchange with the shared bucket

    /** Begins one; returns what was taken and not confirmed, in microseconds of refilling. */
    public long begin(long nowNanos) {
        turn.begin(nowNanos);
        sentForgivenAboveNanos = forgivenAboveNanos;
        long micros = Math.floorDiv(unconfirmedNanos.get(), NANOS_A_MICRO);
        sentNanos = micros * NANOS_A_MICRO;
        return micros;
    }

    /** What the shared bucket may lack at most from that exchange on, in microseconds, or 0. */
    public long forgivenAboveMicros() {
        return sentForgivenAboveNanos / NANOS_A_MICRO;
    }

    /** The shared bucket has it, and lacks so many microseconds of refilling, that included. */
    public void onAnswer(long lackMicros, long nowNanos) {
        if (forgivenAboveNanos == sentForgivenAboveNanos) {
            forgivenAboveNanos = 0;
        }
        long later = unconfirmedNanos.addAndGet(-sentNanos);
        bucket.set(account, Math.max(0, lackMicros * NANOS_A_MICRO + later), nowNanos);
        turn.end(true);
    }

    /** Nothing is known of it: it stays unconfirmed, and is told again. */
    public void onNoAnswer() {
        turn.end(false);
        sharing.onChange(this);
    }
}
