package io.penstock.translate.request;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.penstock.json.JsonText;
import java.nio.charset.StandardCharsets;

/**
 * Writes JSON into a buffer, commas included; copies what has been JSON before as it is.
 *
 * <p><b>Thread:</b> confined. <b>Buffers:</b> borrows the one that it writes to.
 */
final class JsonOut {
    private final ByteBuf out;
    private boolean comma; // before the next name or value

    JsonOut(ByteBuf out) {
        this.out = out;
    }

    JsonOut beginObject() {
        return open('{');
    }

    JsonOut endObject() {
        return close('}');
    }

    JsonOut beginArray() {
        return open('[');
    }

    JsonOut endArray() {
        return close(']');
    }

    private JsonOut open(char bracket) {
        separate();
        out.writeByte(bracket);
        comma = false;
        return this;
    }

    private JsonOut close(char bracket) {
        out.writeByte(bracket);
        comma = true;
        return this;
    }

    /** The name of the next member: ASCII, nothing in it to be escaped. */
    JsonOut name(String name) {
        separate();
        out.writeByte('"');
        ByteBufUtil.writeAscii(out, name);
        out.writeByte('"').writeByte(':');
        comma = false;
        return this;
    }

    JsonOut member(String name, String text) {
        return name(name).string(text);
    }

    JsonOut member(String name, Raw text) {
        return name(name).string(text);
    }

    JsonOut member(String name, long number) {
        return name(name).number(number);
    }

    JsonOut member(String name, boolean value) {
        return name(name).literal(Boolean.toString(value));
    }

    JsonOut string(String text) {
        return literal(JsonText.quote(new StringBuilder(text.length() + 8), text).toString());
    }

    JsonOut string(Raw text) {
        return beginString().piece(text).endString();
    }

    JsonOut number(long number) {
        return literal(Long.toString(number));
    }

    /** A value that is spelled so. */
    JsonOut literal(String json) {
        separate();
        out.writeCharSequence(json, StandardCharsets.UTF_8);
        comma = true;
        return this;
    }

    /** A whole value. */
    JsonOut value(Raw value) {
        separate();
        out.writeBytes(value.bytes(), value.start(), value.length());
        comma = true;
        return this;
    }

    /** Members, or elements, with the commas between them. */
    JsonOut pieces(Raw values) {
        return value(values);
    }

    /** A string that comes in pieces. */
    JsonOut beginString() {
        separate();
        out.writeByte('"');
        return this;
    }

    JsonOut piece(Raw text) {
        out.writeBytes(text.bytes(), text.start(), text.length());
        return this;
    }

    /** ASCII, nothing in it to be escaped. */
    JsonOut piece(String ascii) {
        ByteBufUtil.writeAscii(out, ascii);
        return this;
    }

    JsonOut endString() {
        out.writeByte('"');
        comma = true;
        return this;
    }

    /** A whole value as the text of a string, less the blanks between its tokens. */
    JsonOut asString(Raw value) {
        beginString();
        byte[] bytes = value.bytes();
        boolean inString = false;
        int copied = value.start();
        for (int at = value.start(); at < value.end(); at++) {
            byte b = bytes[at];
            boolean blank = !inString && (b == ' ' || b == '\n' || b == '\r' || b == '\t');
            if (b != '"' && b != '\\' && !blank) {
                continue;
            }
            out.writeBytes(bytes, copied, at - copied);
            copied = at;
            if (blank) {
                copied++;
                continue;
            }
            out.writeByte('\\');
            if (b == '"') {
                inString = !inString;
            } else {
                out.writeByte('\\');
                copied = ++at; // what is escaped ends no string and escapes nothing
                if (bytes[at] == '"' || bytes[at] == '\\') {
                    out.writeByte('\\');
                }
            }
        }
        out.writeBytes(bytes, copied, value.end() - copied);
        return endString();
    }

    private void separate() {
        if (comma) {
            out.writeByte(',');
            comma = false;
        }
    }
}
