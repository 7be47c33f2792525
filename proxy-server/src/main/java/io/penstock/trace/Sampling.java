package io.penstock.trace;

/**
 * Which requests are recorded, decided when their head comes and never changed.
 *
 * @param ratio of the requests that begin a trace; of all, where the caller is not followed
 * @param followsCaller a request that belongs to a trace already is recorded if its caller records
 */
public record Sampling(double ratio, boolean followsCaller) {
    public static final Sampling DEFAULT = new Sampling(1, true);

    public Sampling {
        if (!(ratio >= 0 && ratio <= 1)) {
            throw new IllegalArgumentException("sample: " + ratio + " (expected: 0 to 1)");
        }
    }

    /** Whether a trace of that id is among them; alike in every process that shares the ratio. */
    boolean covers(long traceLow) {
        return ratio >= 1 || (traceLow & Long.MAX_VALUE) < (long) (ratio * Long.MAX_VALUE);
    }
}
