package io.penstock.upstream;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How one model of a provider is: its breaker, its calls in flight, and how long it takes to the
 * first content, streamed and unary replies apart, since a unary one comes when the model has
 * finished.
 *
 * <p><b>Thread:</b> safe; all event loops share it.
 */
public final class TargetHealth {
    /** A call that is not let pass. */
    public static final long REFUSED = Breaker.REFUSED;

    private static final Logger LOG = LoggerFactory.getLogger(TargetHealth.class);

    private final String provider;
    private final String model;
    private final Supplier<Weather> weather;
    private final Breaker breaker;
    private final Latency streamed = new Latency();
    private final Latency unary = new Latency();
    private final AtomicInteger inFlight = new AtomicInteger();
    private volatile boolean configured;

    TargetHealth(String provider, String model, BreakerSettings settings,
            Supplier<Weather> weather) {
        this.weather = weather;
        this.provider = provider;
        this.model = model;
        breaker = new Breaker(settings);
    }

    void use(BreakerSettings settings, boolean configured) {
        this.configured = configured;
        breaker.use(settings);
    }

    public String model() {
        return model;
    }

    /** Whether the configuration names the model, and not just a caller. */
    public boolean isConfigured() {
        return configured;
    }

    // For the choice of a target

    /** Whether {@link #tryPass} would let a call pass. */
    public boolean isPassable(long nowNanos) {
        return breaker.isPassable(nowNanos);
    }

    /** A ticket for one call, which has to be used; {@link #REFUSED} while it is left alone. */
    public long tryPass(long nowNanos) {
        return breaker.tryPass(nowNanos);
    }

    /**
     * Like {@link #tryPass}, for the last remaining target: an open breaker lets the call pass if
     * some calls in its window succeeded. Such a call is not counted as a probe.
     */
    public long tryPassAsLast(long nowNanos) {
        long ticket = breaker.tryPass(nowNanos);
        return ticket == REFUSED && breaker.isPartlyGood(nowNanos) ? Breaker.PASSED : ticket;
    }

    /** Nanoseconds until a call may pass. */
    public long readyInNanos(long nowNanos) {
        return breaker.readyInNanos(nowNanos);
    }

    /** Failures as a share of the recent calls. */
    public double failureRatio(long nowNanos) {
        return breaker.failureRatio(nowNanos);
    }

    /** {@code closed}, {@code open} or {@code half_open}. */
    public String breakerState() {
        return switch (breaker.state()) {
            case CLOSED -> "closed";
            case OPEN -> "open";
            case HALF_OPEN -> "half_open";
        };
    }

    /** Calls that have begun and not ended. */
    public int inFlight() {
        return inFlight.get();
    }

    /** The moving average of the time to first content; 0 while nothing is known. */
    public double averageNanos(boolean stream) {
        return latency(stream).averageNanos();
    }

    /** How old what is known of that is. */
    public long ageNanos(boolean stream, long nowNanos) {
        return latency(stream).ageNanos(nowNanos);
    }

    /**
     * The time to first content within which that share of the last minutes' calls came; -1 while
     * fewer than {@value Latency#MIN_SAMPLES} are known.
     *
     * @param share 0.95 for p95
     */
    public long firstContentNanos(double share, boolean stream, long nowNanos) {
        return latency(stream).percentileNanos(share, nowNanos);
    }

    private Latency latency(boolean stream) {
        return stream ? streamed : unary;
    }

    // For the trials

    void onStart() {
        inFlight.incrementAndGet();
    }

    void onEnd() {
        inFlight.decrementAndGet();
    }

    void onLatency(boolean stream, long nanos, long nowNanos) {
        latency(stream).add(nanos, nowNanos);
    }

    void onSuccess(long ticket, long nowNanos) {
        if (breaker.onSuccess(ticket, nowNanos)) {
            LOG.info("breaker_closed provider={} model={}", provider, printable());
        }
    }

    void onFailure(long ticket, boolean wasGood, boolean stream, long nanos, long nowNanos) {
        if (!wasGood) {
            latency(stream).addFailure(nanos, nowNanos);
        }
        if (breaker.onFailure(ticket, wasGood, nowNanos)) {
            LOG.warn("breaker_opened provider={} model={} failure_ratio={}", provider,
                    printable(), Math.round(breaker.failureRatio(nowNanos) * 100) / 100.0);
            weather.get().onBreakerOpened(provider, model, breaker.readyInNanos(nowNanos));
        }
    }

    void onOpenedElsewhere() {
        if (breaker.onOpenedElsewhere()) {
            LOG.info("breaker_half_open provider={} model={} cause=\"it opened elsewhere\"",
                    provider, printable());
        }
    }

    /** A call was not made, or its outcome counts for nothing. */
    public void onNothing(long ticket) {
        breaker.onNothing(ticket);
    }

    /** The name may be a caller's: no line of the log begins in it. */
    private String printable() {
        return model.replaceAll("[^!-~]", "?");
    }
}
