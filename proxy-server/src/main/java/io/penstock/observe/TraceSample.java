package io.penstock.observe;

import io.penstock.trace.AttemptSpan;
import io.penstock.trace.RequestTrace;
import org.jspecify.annotations.Nullable;

/**
 * One duration with the trace that it is of: what Prometheus calls an exemplar.
 *
 * <p><b>Thread:</b> immutable.
 *
 * @param attempt that took so long; null for the request
 * @param atMillis when it was over, since 1970
 */
record TraceSample(RequestTrace trace, @Nullable AttemptSpan attempt, long nanos, long atMillis) {
    String traceId() {
        return trace.traceId();
    }

    String spanId() {
        return attempt == null ? trace.spanId() : attempt.id();
    }
}
