package io.penstock.mock;

import java.time.Duration;
import java.util.Objects;

/**
 * Which of a mock's calls fail, and how.
 *
 * @param ratio share of calls that {@code fault} strikes, evenly spread: at 0.5 every other one,
 *     beginning with the first
 * @param times calls that it strikes before the mock heals; 0 for no bound
 * @param lasting how long it strikes before the mock heals; zero for no bound
 */
public record Failures(Fault fault, double ratio, long times, Duration lasting) {
    public static final Failures NONE = new Failures(Fault.NONE, 1, 0, Duration.ZERO);

    public Failures {
        Objects.requireNonNull(fault, "fault");
        if (!(ratio >= 0 && ratio <= 1)) {
            throw new IllegalArgumentException("failRatio: " + ratio + " (expected: 0 to 1)");
        }
        if (times < 0) {
            throw new IllegalArgumentException("failTimes: " + times + " (expected: >= 0)");
        }
        Pause.check("failFor", lasting);
    }

    /** Every call fails. */
    public static Failures always(Fault fault) {
        return new Failures(fault, 1, 0, Duration.ZERO);
    }

    public Failures withRatio(double ratio) {
        return new Failures(fault, ratio, times, lasting);
    }

    /** The mock heals after so many failures. */
    public Failures withTimes(long times) {
        return new Failures(fault, ratio, times, lasting);
    }

    /** The mock heals after this time. */
    public Failures withLasting(Duration lasting) {
        return new Failures(fault, ratio, times, lasting);
    }
}
