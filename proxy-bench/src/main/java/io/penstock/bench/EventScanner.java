package io.penstock.bench;

import java.nio.charset.StandardCharsets;

/**
 * Counts the events of one server-sent event stream as its bytes go by, in pieces of any size.
 *
 * <p>An event is a line that begins with {@code data:}, counted when the line ends; {@code [DONE]}
 * is none. It looks into an event only for the first content and, when asked, for the time stamp
 * that the upstream put there: the rest of each line is skipped eight bytes at a time.
 */
final class EventScanner {
    /** Hears the time stamp of each event that has one, in nanoseconds of the machine's clock. */
    interface StampListener {
        void onStamp(long sentNanos);
    }

    private enum State { LINE_START, PAYLOAD_START, LITERAL, EVENT, OTHER_LINE }

    private static final byte[] DATA = "data:".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] DONE = "[DONE]".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] ERROR = "{\"error\"".getBytes(StandardCharsets.US_ASCII);
    private static final int MAX_STAMP_DIGITS = 18;

    private final JsonKeyMatcher content = new JsonKeyMatcher("content");
    private final JsonKeyMatcher text = new JsonKeyMatcher("text");
    private final JsonKeyMatcher stamp; // null: events are not looked into
    private final StampListener stamps;

    private State state = State.LINE_START;
    private int matched;
    private byte[] literal = DONE;
    private boolean stringOpened; // the last byte opened the value of a content key
    private int stampDigits = -1; // -1: not within a stamp
    private long stampValue;

    private long events;
    private boolean contentSeen;
    private boolean errorSeen;
    private boolean done;

    EventScanner(String stampKey, StampListener stamps) {
        this.stamp = stampKey == null ? null : new JsonKeyMatcher(stampKey);
        this.stamps = stamps;
    }

    /** Makes ready for the next stream. */
    void reset() {
        lineStart();
        events = 0;
        contentSeen = false;
        errorSeen = false;
        done = false;
    }

    long events() {
        return events;
    }

    boolean isContentSeen() {
        return contentSeen;
    }

    boolean isErrorSeen() {
        return errorSeen;
    }

    /** Whether {@code [DONE]} went by. */
    boolean isDone() {
        return done;
    }

    /** Takes the next bytes {@code [from, to)} of the stream. */
    void scan(byte[] bytes, int from, int to) {
        int i = from;
        while (i < to) {
            switch (state) {
                case LINE_START -> {
                    if (bytes[i] != DATA[matched]) {
                        state = State.OTHER_LINE;
                    } else {
                        i++;
                        if (++matched == DATA.length) {
                            state = State.PAYLOAD_START;
                        }
                    }
                }
                case PAYLOAD_START -> {
                    byte first = bytes[i];
                    if (first == ' ') {
                        i++;
                    } else if (first == DONE[0] || first == ERROR[0]) {
                        literal = first == DONE[0] ? DONE : ERROR;
                        matched = 0;
                        state = State.LITERAL;
                    } else {
                        state = State.EVENT;
                    }
                }
                case LITERAL -> i = matchLiteral(bytes, i);
                case EVENT -> i = contentSeen && stamp == null
                        ? skipLine(bytes, i, to, 1) : lookInto(bytes, i, to);
                case OTHER_LINE -> i = skipLine(bytes, i, to, 0);
            }
        }
    }

    private int matchLiteral(byte[] bytes, int i) {
        if (bytes[i] != literal[matched]) {
            for (int k = 0; k < matched; k++) {
                inspect(literal[k]); // it was the beginning of an ordinary event
            }
            state = State.EVENT;
            return i;
        }
        if (++matched == literal.length) {
            if (literal == DONE) {
                done = true;
                state = State.OTHER_LINE;
            } else {
                errorSeen = true;
                state = State.EVENT;
            }
        }
        return i + 1;
    }

    private int skipLine(byte[] bytes, int from, int to, int eventsAtEnd) {
        int end = Bytes.indexOfNewline(bytes, from, to);
        if (end < 0) {
            return to;
        }
        events += eventsAtEnd;
        lineStart();
        return end + 1;
    }

    private int lookInto(byte[] bytes, int from, int to) {
        for (int i = from; i < to; i++) {
            byte next = bytes[i];
            if (next == '\n') {
                events++;
                lineStart();
                return i + 1;
            }
            inspect(next);
        }
        return to;
    }

    private void inspect(byte next) {
        if (!contentSeen) {
            seekContent(next);
        }
        if (stamp != null) {
            seekStamp(next);
        }
    }

    private void seekContent(byte next) {
        if (stringOpened) {
            stringOpened = false;
            contentSeen = next != '"';
        }
        // Both matchers take every byte: each keeps a place of its own in the text.
        boolean atContent = content.isAtValue(next);
        boolean atText = text.isAtValue(next);
        stringOpened = (atContent || atText) && next == '"';
    }

    private void seekStamp(byte next) {
        if (stamp.isAtValue(next)) {
            stampDigits = 0;
            stampValue = 0;
        }
        if (stampDigits >= 0) {
            if (next >= '0' && next <= '9' && stampDigits < MAX_STAMP_DIGITS) {
                stampValue = stampValue * 10 + (next - '0');
                stampDigits++;
            } else {
                if (stampDigits > 0) {
                    stamps.onStamp(stampValue);
                }
                stampDigits = -1;
            }
        }
    }

    private void lineStart() {
        state = State.LINE_START;
        matched = 0;
        stringOpened = false;
        stampDigits = -1;
        content.reset();
        text.reset();
        if (stamp != null) {
            stamp.reset();
        }
    }
}
