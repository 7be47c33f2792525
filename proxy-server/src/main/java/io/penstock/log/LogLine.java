package io.penstock.log;

import io.penstock.json.JsonText;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** How one entry of the log reads. Peers have a say in messages, so none of them ends a line. */
final class LogLine {
    /** So long that no entry as JSON is cut, even where each character becomes six. */
    private static final int MAX_JSON_CHARS = StandardError.MAX_LINE_BYTES / 12 - 100;
    private static final String JSON_START = "{\"time\":\"";

    private LogLine() {}

    /** A line, and below it the trace of what was thrown. */
    static String text(String level, String logger, @Nullable String message,
            @Nullable Throwable cause) {
        StringBuilder out = new StringBuilder(128);
        out.append(now()).append(' ').append(level).append(' ').append(logger).append(" [")
                .append(Thread.currentThread().getName()).append("] ");
        appendPrintable(out, String.valueOf(message));
        out.append('\n');
        if (cause != null) {
            out.append(trace(cause));
        }
        return out.toString();
    }

    /** An object on a line, the trace in it. */
    static String json(String level, String logger, @Nullable String message,
            @Nullable Throwable cause) {
        StringBuilder out = start(level);
        JsonText.quote(out.append(",\"logger\":"), logger);
        JsonText.quote(out.append(",\"thread\":"), Thread.currentThread().getName());
        JsonText.quote(out.append(",\"message\":"), bounded(String.valueOf(message)));
        if (cause != null) {
            JsonText.quote(out.append(",\"exception\":"), bounded(trace(cause)));
        }
        return out.append("}\n").toString();
    }

    /** A line that came from no logger, as an object; null if it is one already. */
    static @Nullable String wrapped(String line) {
        if (line.startsWith(JSON_START)) {
            return null;
        }
        StringBuilder out = start("INFO").append(",\"logger\":null,\"message\":");
        return JsonText.quote(out, bounded(line)).append("}\n").toString();
    }

    private static StringBuilder start(String level) {
        return new StringBuilder(256).append(JSON_START).append(now()).append("\",\"level\":\"")
                .append(level.toLowerCase(Locale.ROOT)).append('"');
    }

    private static Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.MILLIS);
    }

    private static String bounded(String text) {
        return text.length() <= MAX_JSON_CHARS ? text : text.substring(0, MAX_JSON_CHARS);
    }

    private static String trace(Throwable cause) {
        StringWriter trace = new StringWriter();
        cause.printStackTrace(new PrintWriter(trace, true)); // to the line, not past the log
        return trace.toString();
    }

    private static void appendPrintable(StringBuilder out, String message) {
        for (int i = 0; i < message.length(); i++) {
            char c = message.charAt(i);
            if (Character.isISOControl(c) && c != '\t') {
                out.append(c == '\n' ? "\\n" : c == '\r' ? "\\r" : "?");
            } else {
                out.append(c);
            }
        }
    }
}
