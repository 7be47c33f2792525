package io.penstock.bench;

import java.util.function.ToDoubleFunction;
import org.HdrHistogram.Histogram;

/** The figures of a round, in the order of a report. */
enum Metric {
    CPU_PER_CALL("cpu_us_per_call", "CPU per call", Unit.MICROS,
            round -> per(round.cpuMicros(), round.recording().calls)),
    CPU_PER_EVENT("cpu_us_per_event", "CPU per event", Unit.MICROS,
            round -> per(round.cpuMicros(), round.recording().events)),
    CPU_CORES("cpu_cores", "CPU in use, cores", Unit.NUMBER,
            round -> round.cpuMicros() / (round.windowNanos() / 1e3)),
    RESIDENT("rss_bytes", "resident memory", Unit.BYTES, Round::residentBytes),
    RESIDENT_GROWTH("rss_growth_bytes", "its growth in the round", Unit.BYTES,
            Round::residentGrowthBytes),
    CALLS_PER_SECOND("calls_per_s", "calls per second", Unit.NUMBER,
            round -> round.recording().calls / round.seconds()),
    EVENTS_PER_SECOND("events_per_s", "events per second", Unit.NUMBER,
            round -> some(round.recording().events) / round.seconds()),
    BYTES_PER_SECOND("bytes_per_s", "bytes received per second", Unit.BYTES,
            round -> round.recording().bytes / round.seconds()),
    TOTAL_P50(Recording.Timing.TOTAL, 50),
    TOTAL_P90(Recording.Timing.TOTAL, 90),
    TOTAL_P99(Recording.Timing.TOTAL, 99),
    TOTAL_P999(Recording.Timing.TOTAL, 99.9),
    TOTAL_MAX(Recording.Timing.TOTAL, 100),
    FIRST_EVENT_P50(Recording.Timing.FIRST_EVENT, 50),
    FIRST_EVENT_P99(Recording.Timing.FIRST_EVENT, 99),
    TTFT_P50(Recording.Timing.FIRST_CONTENT, 50),
    TTFT_P99(Recording.Timing.FIRST_CONTENT, 99),
    GAP_P50(Recording.Timing.GAP, 50),
    GAP_P99(Recording.Timing.GAP, 99),
    GAP_MAX(Recording.Timing.GAP, 100),
    EVENT_DELAY_P50(Recording.Timing.EVENT_DELAY, 50),
    EVENT_DELAY_P99(Recording.Timing.EVENT_DELAY, 99),
    FAILED("failed", "failed calls", Unit.NUMBER, round -> round.recording().failed()),
    OVERDUE("overdue", "overdue calls (waited for a connection)", Unit.NUMBER,
            round -> round.recording().overdue),
    DROPPED("dropped", "dropped calls (backlog full)", Unit.NUMBER,
            round -> round.recording().dropped),
    UNFINISHED("unfinished", "calls still running at the end", Unit.NUMBER,
            round -> round.recording().unfinished),
    START_LAG_P99(Recording.Timing.START_LAG, 99),
    OWN_CPU_PER_CALL("client_cpu_us_per_call", "this client's CPU per call", Unit.MICROS,
            round -> per(round.ownCpuMicros(), round.recording().calls)),
    OWN_CPU_PER_EVENT("client_cpu_us_per_event", "this client's CPU per event", Unit.MICROS,
            round -> per(round.ownCpuMicros(), round.recording().events));

    /** What a value counts, and so how it is written. */
    enum Unit { NANOS, MICROS, BYTES, NUMBER }

    final String code;
    final String label;
    final Unit unit;
    private final ToDoubleFunction<Round> value;

    Metric(String code, String label, Unit unit, ToDoubleFunction<Round> value) {
        this.code = code;
        this.label = label;
        this.unit = unit;
        this.value = value;
    }

    Metric(Recording.Timing timing, double percentile) {
        String rank = percentile == 100 ? "max" : "p" + Figure.plain(percentile);
        this.code = timing.code + "_" + rank.replace(".", "") + "_ns";
        this.label = timing.code.replace('_', ' ') + " " + rank;
        this.unit = Unit.NANOS;
        this.value = round -> {
            Histogram histogram = round.recording().timing(timing);
            return histogram.getTotalCount() == 0
                    ? Double.NaN : histogram.getValueAtPercentile(percentile);
        };
    }

    /** NaN where the round has no such figure. */
    double of(Round round) {
        return value.applyAsDouble(round);
    }

    /** Whether a multiple of it means something: a cost or a time of the endpoint's. */
    boolean isCompared() {
        return ordinal() <= EVENT_DELAY_P99.ordinal() && this != RESIDENT_GROWTH;
    }

    private static double per(double total, long count) {
        return count == 0 ? Double.NaN : total / count;
    }

    private static double some(long count) {
        return count == 0 ? Double.NaN : count;
    }
}
