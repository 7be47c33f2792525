package io.penstock.bench;

import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;
import org.HdrHistogram.Histogram;

/**
 * What one event loop saw during one round's window. Times are nanoseconds.
 *
 * <p><b>Thread:</b> confined to its event loop until the round is over.
 */
final class Recording {
    /** The times that are kept as histograms, with the name of their file and their meaning. */
    enum Timing {
        TOTAL("total", "time to the end of the response, from the intended start"),
        FIRST_EVENT("first_event", "time to the first event, from the intended start"),
        FIRST_CONTENT("ttft", "time to the first content, from the intended start"),
        GAP("gap", "time between two events of a stream"),
        EVENT_DELAY("event_delay", "time from the upstream's stamp on an event to its arrival"),
        START_LAG("start_lag", "how late the generator itself sent, after the intended start");

        final String code;
        final String meaning;

        Timing(String code, String meaning) {
            this.code = code;
            this.meaning = meaning;
        }
    }

    private static final long MAX_NANOS = 3_600_000_000_000L;

    private final EnumMap<Timing, Histogram> timings = new EnumMap<>(Timing.class);
    private final EnumMap<CallFailure, Long> failures = new EnumMap<>(CallFailure.class);
    private final TreeMap<Integer, Long> failedStatuses = new TreeMap<>();
    long calls; // that succeeded
    long events;
    long bytes;
    long overdue; // calls that were due while every connection was busy
    long dropped; // calls never sent, for the backlog was full
    long unfinished; // calls of a closed loop that were running when the window ended
    String firstFailure; // null if none

    Recording() {
        for (Timing timing : Timing.values()) {
            timings.put(timing, new Histogram(MAX_NANOS, 3));
        }
    }

    Histogram timing(Timing timing) {
        return timings.get(timing);
    }

    void record(Timing timing, long nanos) {
        record(timing, nanos, 1);
    }

    void record(Timing timing, long nanos, long times) {
        timings.get(timing).recordValueWithCount(Math.min(Math.max(nanos, 0), MAX_NANOS), times);
    }

    void fail(CallFailure failure, int status, String detail) {
        failures.merge(failure, 1L, Long::sum);
        if (failure == CallFailure.STATUS) {
            failedStatuses.merge(status, 1L, Long::sum);
        }
        if (firstFailure == null) {
            firstFailure = failure.code + ": " + detail;
        }
    }

    long failed() {
        return failures.values().stream().mapToLong(Long::longValue).sum();
    }

    Map<CallFailure, Long> failures() {
        return failures;
    }

    Map<Integer, Long> failedStatuses() {
        return failedStatuses;
    }

    void add(Recording other) {
        for (Timing timing : Timing.values()) {
            timings.get(timing).add(other.timings.get(timing));
        }
        other.failures.forEach((failure, count) -> failures.merge(failure, count, Long::sum));
        other.failedStatuses.forEach((code, count) -> failedStatuses.merge(code, count, Long::sum));
        calls += other.calls;
        events += other.events;
        bytes += other.bytes;
        overdue += other.overdue;
        dropped += other.dropped;
        unfinished += other.unfinished;
        firstFailure = firstFailure == null ? other.firstFailure : firstFailure;
    }
}
