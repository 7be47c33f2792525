package io.penstock.observe;

/** The buckets of all durations. */
final class Buckets {
    private static final double NANOS_A_SECOND = 1e9;

    /** Their upper bounds, in seconds; the last one holds what is longer. */
    static final double[] SECONDS = {1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3,
        1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 120, 300, 600,
        Double.POSITIVE_INFINITY};

    private Buckets() {}

    /** The place of the bucket that a duration is in. */
    static int of(long nanos) {
        double seconds = nanos / NANOS_A_SECOND;
        int bucket = 0;
        while (seconds > SECONDS[bucket]) {
            bucket++;
        }
        return bucket;
    }
}
