package io.penstock.upstream;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/**
 * Leaves a provider's model alone while it mostly fails: <i>closed</i> lets every call pass and
 * counts its outcome in a sliding window; <i>open</i> refuses all for a while; <i>half
 * open</i> lets a few real calls pass, whose success closes it and whose failure opens it again.
 *
 * <p><b>Thread:</b> safe; all event loops share it. A call that meets it closed reads one field;
 * the monitor is held for some tens of nanoseconds when an outcome is counted.
 * <br><b>Bounds:</b> the window is {@value #BUCKETS} buckets, a tenth of it being how late an old
 * outcome is forgotten; {@code halfOpenProbes} probes at a time.
 */
final class Breaker {
    /** Whether calls pass. */
    enum State { CLOSED, OPEN, HALF_OPEN }

    static final int BUCKETS = 10;

    /** What {@link #tryPass} answers when the call has to go elsewhere. */
    static final long REFUSED = -1;

    /** What it answers when the call is one like any other; greater ones are probes. */
    static final long PASSED = 0;

    /** A guess how soon a place among the probes may be free. */
    private static final long PROBE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final int[] calls = new int[BUCKETS];
    private final int[] failures = new int[BUCKETS];
    private BreakerSettings settings;
    private long bucketNanos;
    private long newest; // number of the newest bucket, counted from the clock's zero
    private int windowCalls;
    private int windowFailures;
    private volatile State state = State.CLOSED;
    private long openUntilNanos;
    private long round = PASSED; // of probing; the ticket of its probes
    private int probing;
    private int passed; // probes of this round that went well

    Breaker(BreakerSettings settings) {
        this.settings = settings;
        bucketNanos = bucketNanos(settings);
    }

    private static long bucketNanos(BreakerSettings settings) {
        return Math.max(1, settings.window().toNanos() / BUCKETS);
    }

    /** Goes by other settings: what was counted by the old ones is forgotten. */
    synchronized void use(BreakerSettings settings) {
        if (!settings.equals(this.settings)) {
            this.settings = settings;
            bucketNanos = bucketNanos(settings);
            close();
        }
    }

    State state() {
        return state;
    }

    /** Whether {@link #tryPass} would let a call pass. */
    boolean isPassable(long nowNanos) {
        return state == State.CLOSED || readyInNanos(nowNanos) == 0;
    }

    /**
     * Asks for passage: {@link #REFUSED}, or the ticket by which the outcome is told. The ticket of
     * a probe takes one of their places, which that outcome gives back.
     */
    long tryPass(long nowNanos) {
        return state == State.CLOSED ? PASSED : tryProbe(nowNanos);
    }

    private synchronized long tryProbe(long nowNanos) {
        if (state == State.CLOSED) {
            return PASSED;
        }
        if (readyInNanos(nowNanos) > 0) {
            return REFUSED;
        }
        if (state == State.OPEN) {
            startProbing();
        }
        probing++;
        return round;
    }

    private void startProbing() {
        moveTo(State.HALF_OPEN);
        round++;
        probing = 0;
        passed = 0;
    }

    /**
     * Another proxy has found the model failing: from now on a few calls at a time try it. That is
     * less than opening, so that one proxy whose own network is broken stops no other. Returns
     * whether anything changed.
     */
    synchronized boolean onOpenedElsewhere() {
        if (state != State.CLOSED || !settings.enabled()) {
            return false;
        }
        startProbing();
        return true;
    }

    /** The call was answered; returns whether that closes it. */
    synchronized boolean onSuccess(long ticket, long nowNanos) {
        count(1, 0, nowNanos);
        if (!isProbe(ticket)) {
            return false;
        }
        probing--;
        if (++passed < settings.halfOpenProbes()) {
            return false;
        }
        close();
        return true;
    }

    /**
     * The call failed of the provider's fault; returns whether that opens it.
     *
     * @param wasGood it has been told as a success before: its reply broke off later
     */
    synchronized boolean onFailure(long ticket, boolean wasGood, long nowNanos) {
        count(wasGood ? 0 : 1, 1, nowNanos);
        boolean opens = isProbe(ticket) || state == State.CLOSED && settings.enabled()
                && windowCalls >= settings.minRequests() && ratio() >= settings.failureRatio();
        if (opens) {
            moveTo(State.OPEN);
            openUntilNanos = nowNanos + settings.openFor().toNanos();
        }
        return opens;
    }

    /** The call ended without saying anything of the provider. */
    synchronized void onNothing(long ticket) {
        if (isProbe(ticket)) {
            probing--;
        }
    }

    private boolean isProbe(long ticket) {
        return state == State.HALF_OPEN && ticket == round;
    }

    private void moveTo(State next) {
        state = next;
    }

    private void close() {
        moveTo(State.CLOSED);
        Arrays.fill(calls, 0);
        Arrays.fill(failures, 0);
        windowCalls = 0;
        windowFailures = 0;
    }

    private void count(int call, int failure, long nowNanos) {
        roll(nowNanos);
        int bucket = (int) Math.floorMod(newest, (long) BUCKETS);
        calls[bucket] += call;
        failures[bucket] += failure;
        windowCalls += call;
        windowFailures += failure;
    }

    /** Forgets what has left the window. A clock a little behind counts into the newest bucket. */
    private void roll(long nowNanos) {
        long now = Math.floorDiv(nowNanos, bucketNanos);
        for (int i = 0; newest < now && !isEmpty() && i < BUCKETS; i++) {
            int oldest = (int) Math.floorMod(++newest, (long) BUCKETS);
            windowCalls -= calls[oldest];
            windowFailures -= failures[oldest];
            calls[oldest] = 0;
            failures[oldest] = 0;
        }
        if (isEmpty() || newest < now) {
            newest = now; // nothing is left, or there never was anything
        }
    }

    private boolean isEmpty() {
        return windowCalls == 0 && windowFailures == 0;
    }

    private double ratio() {
        // A reply may break off after its success has left the window.
        int of = Math.max(windowCalls, windowFailures);
        return of == 0 ? 0 : (double) windowFailures / of;
    }

    /** Failures as a share of the window's calls; 0 without any. */
    synchronized double failureRatio(long nowNanos) {
        roll(nowNanos);
        return ratio();
    }

    /** Whether something went well within the window: worth a try when all others are out. */
    synchronized boolean isPartlyGood(long nowNanos) {
        roll(nowNanos);
        return windowCalls > windowFailures;
    }

    /** Nanoseconds until a call may pass; a guess while all probes are under way. */
    synchronized long readyInNanos(long nowNanos) {
        return switch (state) {
            case CLOSED -> 0;
            case OPEN -> Math.max(0, openUntilNanos - nowNanos);
            case HALF_OPEN -> probing < settings.halfOpenProbes() ? 0 : PROBE_NANOS;
        };
    }
}
