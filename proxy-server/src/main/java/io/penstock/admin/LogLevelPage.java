package io.penstock.admin;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.netty.buffer.ByteBuf;
import io.penstock.json.JsonText;
import io.penstock.log.LogLevel;
import io.penstock.log.Logs;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * {@code /admin/log-level}: how much each logger tells, and the order to change that. An instance
 * is one such order, gathered as its body comes.
 *
 * <p><b>Thread:</b> confined to the connection's event loop.
 * <br><b>Bounds:</b> an order of {@value #MAX_BYTES} bytes.
 */
final class LogLevelPage {
    static final String PATH = "/admin/log-level";
    static final int MAX_BYTES = 4096;
    private static final JsonFactory JSON = new JsonFactory();
    private static final String EXPECTED = "expected {\"logger\": NAME, \"level\": LEVEL}, the "
            + "level one of " + Stream.of(LogLevel.values()).map(LogLevel::text)
                    .collect(Collectors.joining(", ")) + ", or null";

    private final ByteArrayOutputStream body = new ByteArrayOutputStream();

    /** The levels in force, and which of them were set while the proxy runs. */
    static String page() {
        StringBuilder out = new StringBuilder("{\"levels\":{");
        Logs.levels().forEach((name, level) -> append(out, name, level));
        out.append("},\"set_while_running\":{");
        Logs.setWhileRunning().forEach((name, level) -> append(out, name, level));
        return out.append("}}").toString();
    }

    private static void append(StringBuilder out, String name, LogLevel level) {
        JsonText.quote(out.append(out.charAt(out.length() - 1) == '{' ? "" : ","), name)
                .append(":\"").append(level.text()).append('"');
    }

    /** Adds bytes of the order, which it borrows; returns whether there was room. */
    boolean add(ByteBuf bytes) {
        boolean fits = body.size() + bytes.readableBytes() <= MAX_BYTES;
        if (fits) {
            byte[] copy = new byte[bytes.readableBytes()];
            bytes.readBytes(copy);
            body.writeBytes(copy);
        }
        return fits;
    }

    /** Does what the order says; returns what is wrong with it, empty for nothing. */
    String apply() {
        String logger = null;
        String level = null;
        boolean says = false;
        try (JsonParser parser = JSON.createParser(body.toByteArray())) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return EXPECTED;
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                JsonToken value = parser.nextToken();
                String text = value == JsonToken.VALUE_STRING ? parser.getText() : null;
                if (name.equals("logger") && text != null) {
                    logger = text;
                } else if (name.equals("level")
                        && (text != null || value == JsonToken.VALUE_NULL)) {
                    level = text;
                    says = true;
                } else {
                    return "'" + name + "' is not understood, " + EXPECTED;
                }
            }
            if (parser.currentToken() != JsonToken.END_OBJECT || parser.nextToken() != null) {
                return EXPECTED;
            }
        } catch (IOException e) {
            return "no JSON, " + EXPECTED;
        }
        return logger == null || !says ? EXPECTED : set(logger, level);
    }

    private static String set(String logger, @Nullable String text) {
        LogLevel level = text == null ? null : LogLevel.of(text);
        if (text != null && level == null) {
            return "'" + text + "' is no level, " + EXPECTED;
        }
        if (!Logs.isName(logger)) {
            return "'" + logger + "' is no logger's name, expected one such as "
                    + "io.penstock.upstream, or " + Logs.ROOT + " for all";
        }
        return Logs.set(logger, level) ? ""
                : "as many levels are set as there may be; take one back with level null";
    }
}
