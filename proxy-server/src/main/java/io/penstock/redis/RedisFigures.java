package io.penstock.redis;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;

/**
 * What has become of commands.
 *
 * <p><b>Thread:</b> safe.
 */
public final class RedisFigures {
    private static final long MAX_MICROS = TimeUnit.SECONDS.toMicros(60);
    private static final int DIGITS = 2;

    final LongAdder answered = new LongAdder();
    final LongAdder failed = new LongAdder();
    final LongAdder late = new LongAdder();
    final LongAdder unsent = new LongAdder();
    private final Recorder micros = new Recorder(MAX_MICROS, DIGITS);

    RedisFigures() {}

    void onAnswer(long nanos) {
        answered.increment();
        micros.recordValue(Math.min(MAX_MICROS, Math.max(0, TimeUnit.NANOSECONDS.toMicros(nanos))));
    }

    /** Commands that were answered in time. */
    public long answered() {
        return answered.sum();
    }

    /** Commands that failed. */
    public long failed() {
        return failed.sum();
    }

    /** Commands whose answer had not come in time. */
    public long late() {
        return late.sum();
    }

    /** Commands that were not sent, since the circuit was open. */
    public long unsent() {
        return unsent.sum();
    }

    /** How long answers took since this was asked last, in microseconds. */
    public Histogram takeMicros() {
        return micros.getIntervalHistogram();
    }
}
