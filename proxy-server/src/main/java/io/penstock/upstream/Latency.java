package io.penstock.upstream;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * How long a target takes to its first content: a moving average that jumps up at once and comes
 * down slowly (peak EWMA, as in Finagle), and a histogram of the last minutes.
 *
 * <p><b>Thread:</b> safe; the average may be read by anyone at any time, all else takes the monitor
 * for some tens of nanoseconds.
 * <br><b>Bounds:</b> {@value #BUCKETS} buckets from a millisecond to 18 minutes, each an eighth of
 * its octave wide, so that a percentile is at most 12.5 % off; they exist from the first sample on.
 */
final class Latency {
    /** Fewer samples than this say nothing about percentiles. */
    static final int MIN_SAMPLES = 20;

    static final int BUCKETS = 161;

    /** After so long, two thirds of the average are news. */
    static final long DECAY_NANOS = TimeUnit.SECONDS.toNanos(10);

    private static final int SUB_BITS = 3; // of an octave
    private static final int FIRST_OCTAVE = 20; // 2^20 ns, about a millisecond
    private static final float FADING = 0.9f; // of each sample's weight, per DECAY_NANOS
    private static final int MAX_FADINGS = 100; // by then nothing is left
    private static final float MIN_WEIGHT = 5; // of all samples together

    private static final double FAILURE_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final double MAX_FAILURE_NANOS = TimeUnit.SECONDS.toNanos(10);

    private volatile double averageNanos; // 0 while there is none
    private volatile long sampledNanos;
    private float @Nullable [] weights;
    private float weight; // the sum of them
    private int samples; // no more than MIN_SAMPLES
    private long fadedNanos;

    /** A call took so long. */
    synchronized void add(long nanos, long nowNanos) {
        average(nanos, nowNanos);
        if (weights == null) {
            weights = new float[BUCKETS];
            fadedNanos = nowNanos;
        }
        fade(nowNanos);
        weights[bucket(nanos)]++;
        weight++;
        samples = Math.min(MIN_SAMPLES, samples + 1);
    }

    /** A call failed: as slow as it was, and slower than any before, but seconds at most. */
    synchronized void addFailure(long nanos, long nowNanos) {
        double least = Math.min(Math.max(2 * averageNanos, FAILURE_NANOS), MAX_FAILURE_NANOS);
        average(Math.max(nanos, least), nowNanos);
    }

    private void average(double nanos, long nowNanos) {
        double old = averageNanos;
        if (old == 0 || nanos >= old) {
            averageNanos = Math.max(1, nanos);
        } else {
            double kept = Math.exp(-Math.max(0, nowNanos - sampledNanos) / (double) DECAY_NANOS);
            averageNanos = old * kept + nanos * (1 - kept);
        }
        sampledNanos = nowNanos;
    }

    private void fade(long nowNanos) {
        long steps = Math.min(MAX_FADINGS, (nowNanos - fadedNanos) / DECAY_NANOS);
        if (steps <= 0) {
            return;
        }
        assert weights != null; // since the first sample
        float kept = (float) Math.pow(FADING, steps);
        weight = 0;
        for (int i = 0; i < BUCKETS; i++) {
            weights[i] *= kept;
            weight += weights[i];
        }
        fadedNanos = steps == MAX_FADINGS ? nowNanos : fadedNanos + steps * DECAY_NANOS;
    }

    /** The moving average; 0 while there is no sample. */
    double averageNanos() {
        return averageNanos;
    }

    /** How long ago the last call told something; only if there is an average. */
    long ageNanos(long nowNanos) {
        return Math.max(0, nowNanos - sampledNanos);
    }

    /**
     * The time within which that share of the last minutes' calls came.
     *
     * @param share 0.95 for p95
     * @return -1 while fewer than {@value #MIN_SAMPLES} have come, or most are forgotten
     */
    synchronized long percentileNanos(double share, long nowNanos) {
        if (samples < MIN_SAMPLES) {
            return -1;
        }
        fade(nowNanos);
        if (weight < MIN_WEIGHT) {
            return -1;
        }
        assert weights != null; // since the first sample
        double left = share * weight;
        int bucket = 0;
        while (bucket < BUCKETS - 1 && left > weights[bucket]) {
            left -= weights[bucket++];
        }
        double part = weights[bucket] == 0 ? 1 : Math.min(1, left / weights[bucket]);
        return startNanos(bucket) + (long) (part * (startNanos(bucket + 1) - startNanos(bucket)));
    }

    private static int bucket(long nanos) {
        if (nanos < 1L << FIRST_OCTAVE) {
            return 0;
        }
        int octave = 63 - Long.numberOfLeadingZeros(nanos);
        int within = (int) (nanos >>> octave - SUB_BITS) & (1 << SUB_BITS) - 1;
        return Math.min(BUCKETS - 1, 1 + (octave - FIRST_OCTAVE << SUB_BITS) + within);
    }

    /** Bucket 0 holds all that is quicker than a millisecond. */
    private static long startNanos(int bucket) {
        if (bucket == 0) {
            return 0;
        }
        int octave = FIRST_OCTAVE + (bucket - 1 >> SUB_BITS);
        long within = bucket - 1L & (1L << SUB_BITS) - 1;
        return (1L << octave) + (within << octave - SUB_BITS);
    }
}
