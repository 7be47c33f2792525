package io.penstock.observe;

import io.penstock.loop.Counter;
import io.penstock.loop.Durations;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.SingleWriterRecorder;
import org.jspecify.annotations.Nullable;

/**
 * The durations of one event loop: which there were, to a hundredth, and their exact sum; and the
 * last trace of each bucket.
 *
 * <p><b>Thread:</b> written by one event loop, which never waits; read by one other thread at a
 * time.
 */
final class LoopTimer implements Durations {
    static final int DIGITS = 2;
    private static final long NANOS_A_MICRO = 1000;

    private final SingleWriterRecorder micros = new SingleWriterRecorder(DIGITS);
    private final Counter sumNanos = new Counter();
    private volatile @Nullable AtomicReferenceArray<TraceSample> samples; // null for none
    private @Nullable Histogram interval; // the reader's, used again each time

    @Override
    public void record(long nanos) {
        long counted = Math.max(0, nanos);
        micros.recordValue(counted / NANOS_A_MICRO);
        sumNanos.add(counted);
    }

    /** Notes of which trace that duration is, which was recorded. */
    void note(TraceSample sample) {
        AtomicReferenceArray<TraceSample> all = samples;
        if (all == null) {
            all = new AtomicReferenceArray<>(Buckets.SECONDS.length);
            samples = all;
        }
        all.set(Buckets.of(sample.nanos()), sample);
    }

    /** Puts the samples that are newer than those of {@code newest}, by buckets, in their place. */
    void addTo(@Nullable TraceSample[] newest) {
        AtomicReferenceArray<TraceSample> all = samples;
        for (int i = 0; all != null && i < newest.length; i++) {
            TraceSample mine = all.get(i);
            TraceSample other = newest[i];
            if (mine != null && (other == null || other.atMillis() < mine.atMillis())) {
                newest[i] = mine;
            }
        }
    }

    /** Moves what was recorded since the last time into {@code total}. */
    void drainTo(Histogram total) {
        interval = micros.getIntervalHistogram(interval);
        total.add(interval);
    }

    /** Of all durations since the start. */
    long sumNanos() {
        return sumNanos.get();
    }
}
