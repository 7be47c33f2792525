package io.penstock.trace;

import org.jspecify.annotations.Nullable;

/**
 * A {@code traceparent} field (W3C Trace Context, section 3.2).
 *
 * @param traceHigh with {@code traceLow} the trace's id, which is not zero
 * @param spanId of the caller's span; not zero
 */
record TraceParent(long traceHigh, long traceLow, long spanId, int flags) {
    private static final int CHARS = 55;
    private static final int VERSION_END = 2;
    private static final int TRACE_START = 3;
    private static final int SPAN_START = 36;
    private static final int FLAGS_START = 53;
    private static final int NO_VERSION = 0xff;

    static final int SAMPLED = 1;
    static final int RANDOM = 2;

    /** Reads the field's value; null if it is malformed, and then to be ignored. */
    static @Nullable TraceParent of(String value) {
        if (value.length() < CHARS || !hasHyphens(value) || !isLowerHex(value)) {
            return null;
        }
        int version = (int) hex(value, 0, VERSION_END);
        if (version == NO_VERSION || version == 0 && value.length() > CHARS
                || value.length() > CHARS && value.charAt(CHARS) != '-') {
            return null;
        }
        TraceParent read = new TraceParent(hex(value, TRACE_START, TRACE_START + 16),
                hex(value, TRACE_START + 16, TRACE_START + 32),
                hex(value, SPAN_START, SPAN_START + 16), (int) hex(value, FLAGS_START, CHARS));
        return (read.traceHigh | read.traceLow) == 0 || read.spanId == 0 ? null : read;
    }

    private static boolean hasHyphens(String value) {
        return value.charAt(VERSION_END) == '-' && value.charAt(SPAN_START - 1) == '-'
                && value.charAt(FLAGS_START - 1) == '-';
    }

    private static boolean isLowerHex(String value) {
        for (int i = 0; i < CHARS; i++) {
            char c = value.charAt(i);
            boolean separates = i == VERSION_END || i == SPAN_START - 1 || i == FLAGS_START - 1;
            if (!separates && !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f')) {
                return false;
            }
        }
        return true;
    }

    private static long hex(String value, int start, int end) {
        return Long.parseUnsignedLong(value, start, end, 16);
    }

    boolean isSampled() {
        return (flags & SAMPLED) != 0;
    }
}
