package io.penstock.testing;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One event of a stream, read the plain way: the whole text at once, line by line (HTML standard,
 * section 9.2.6). What the scanners find in pieces has to be this.
 *
 * @param bytes the event with the blank line that ends it; an LF behind a CR may be missing
 */
public record EventModel(byte[] bytes, boolean ended, boolean error, byte[] data) {
    /** All events; the last may lack its blank line. */
    public static List<EventModel> of(byte[] stream) {
        List<EventModel> events = new ArrayList<>();
        int start = 0;
        int line = 0;
        while (line < stream.length) {
            int lineEnd = line;
            while (lineEnd < stream.length && stream[lineEnd] != '\n' && stream[lineEnd] != '\r') {
                lineEnd++;
            }
            boolean ended = lineEnd < stream.length;
            boolean blank = ended && lineEnd == line && line > start;
            int next = !ended ? lineEnd : stream[lineEnd] == '\r' && lineEnd + 1 < stream.length
                    && stream[lineEnd + 1] == '\n' ? lineEnd + 2 : lineEnd + 1;
            if (blank) {
                events.add(of(Arrays.copyOfRange(stream, start, next), true));
                start = next;
            }
            line = next;
        }
        if (start < stream.length) {
            events.add(of(Arrays.copyOfRange(stream, start, stream.length), false));
        }
        return events;
    }

    private static EventModel of(byte[] bytes, boolean ended) {
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        StringBuilder data = null;
        boolean error = false;
        for (String line : (text.startsWith("\u00ef\u00bb\u00bf") ? text.substring(3) : text)
                .split("\r\n|\r|\n")) {
            int colon = line.indexOf(':');
            String name = colon < 0 ? line : line.substring(0, colon);
            String value = colon < 0 ? "" : line.substring(colon + 1);
            value = value.startsWith(" ") ? value.substring(1) : value;
            if (name.equals("data")) {
                data = data == null ? new StringBuilder(value) : data.append('\n').append(value);
            } else if (name.equals("event")) {
                error = value.equals("error");
            }
        }
        return new EventModel(bytes, ended, error, data == null ? new byte[0]
                : data.toString().getBytes(StandardCharsets.ISO_8859_1));
    }

    /** An event as a text that can be compared. */
    public static String text(boolean error, byte[] data, int length) {
        return (error ? "error: " : "") + new String(data, 0, length, StandardCharsets.ISO_8859_1);
    }

    @Override
    public String toString() {
        return text(error, data, data.length);
    }
}
