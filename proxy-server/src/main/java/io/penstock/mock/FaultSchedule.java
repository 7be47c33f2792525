package io.penstock.mock;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Decides call by call which fault strikes it.
 *
 * <p><b>Thread:</b> safe by its counters: calls of several event loops share one count.
 */
final class FaultSchedule {
    private final Failures failures;
    private final boolean ends;
    private final long startNanos;
    private final AtomicLong calls = new AtomicLong();
    private final AtomicLong struck = new AtomicLong();

    FaultSchedule(Failures failures, long nowNanos) {
        this.failures = failures;
        ends = !failures.lasting().isZero();
        startNanos = nowNanos;
    }

    /** Whether it strikes nobody, ever. */
    boolean isNone() {
        return failures.fault().kind() == Fault.Kind.NONE;
    }

    Fault next(long nowNanos) {
        if (isNone() || ends && nowNanos - startNanos >= failures.lasting().toNanos()) {
            return Fault.NONE;
        }
        long call = calls.getAndIncrement();
        double ratio = failures.ratio();
        boolean strikes = Math.ceil((call + 1) * ratio) > Math.ceil(call * ratio);
        if (strikes && failures.times() > 0) {
            strikes = struck.getAndIncrement() < failures.times();
        }
        return strikes ? failures.fault() : Fault.NONE;
    }
}
