package io.penstock.json;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Single JSON values as text: scalars checked, strings escaped and unescaped (RFC 8259). */
public final class JsonText {
    private static final String HEX = "0123456789abcdef";

    private JsonText() {}

    /** Whether it is {@code true}, {@code false}, {@code null} or a number. */
    static boolean isScalar(String text) {
        return switch (text) {
            case "true", "false", "null" -> true;
            default -> isNumber(text);
        };
    }

    /** RFC 8259 section 6. */
    private static boolean isNumber(String text) {
        int at = text.startsWith("-") ? 1 : 0;
        int digits = digits(text, at);
        if (digits == 0 || digits > 1 && text.charAt(at) == '0') {
            return false;
        }
        at += digits;
        if (at < text.length() && text.charAt(at) == '.') {
            digits = digits(text, at + 1);
            if (digits == 0) {
                return false;
            }
            at += 1 + digits;
        }
        if (at < text.length() && (text.charAt(at) | 0x20) == 'e') {
            at++;
            if (at < text.length() && (text.charAt(at) == '+' || text.charAt(at) == '-')) {
                at++;
            }
            digits = digits(text, at);
            if (digits == 0) {
                return false;
            }
            at += digits;
        }
        return at == text.length();
    }

    private static int digits(String text, int from) {
        int at = from;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            at++;
        }
        return at - from;
    }

    /** What the inside of a string says; UTF-8 in, its escapes resolved. */
    static String unescape(byte[] bytes, int length) throws JsonSyntaxException {
        String raw = new String(bytes, 0, length, StandardCharsets.UTF_8);
        int slash = raw.indexOf('\\');
        if (slash < 0) {
            return raw;
        }
        StringBuilder out = new StringBuilder(raw.length());
        int from = 0;
        while (slash >= 0) {
            out.append(raw, from, slash);
            char c = slash + 1 < raw.length() ? raw.charAt(slash + 1) : 0;
            from = slash + 2;
            switch (c) {
                case '"', '\\', '/' -> out.append(c);
                case 'b' -> out.append('\b');
                case 'f' -> out.append('\f');
                case 'n' -> out.append('\n');
                case 'r' -> out.append('\r');
                case 't' -> out.append('\t');
                case 'u' -> {
                    out.append(codeUnit(raw, from));
                    from += 4;
                }
                default -> throw new JsonSyntaxException("a bad escape in a string");
            }
            slash = raw.indexOf('\\', from);
        }
        return out.append(raw, from, raw.length()).toString();
    }

    private static char codeUnit(String raw, int from) throws JsonSyntaxException {
        int value = 0;
        for (int i = from; i < from + 4; i++) {
            char c = i < raw.length() ? raw.charAt(i) : 0;
            int digit = c < 0x80 ? Character.digit(c, 16) : -1; // which knows other scripts' digits
            if (digit < 0) {
                throw new JsonSyntaxException("a bad escape in a string");
            }
            value = value << 4 | digit;
        }
        return (char) value;
    }

    /** Appends {@code text} as a JSON string, quotes included; {@code null} as null. */
    public static StringBuilder quote(StringBuilder out, @Nullable String text) {
        if (text == null) {
            return out.append("null");
        }
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (c < 0x20 || Character.isSurrogate(c) && !isPaired(text, i)) {
                        out.append("\\u").append(HEX.charAt(c >> 12))
                                .append(HEX.charAt(c >> 8 & 15)).append(HEX.charAt(c >> 4 & 15))
                                .append(HEX.charAt(c & 15));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        return out.append('"');
    }

    private static boolean isPaired(String text, int at) {
        return Character.isHighSurrogate(text.charAt(at))
                ? at + 1 < text.length() && Character.isLowSurrogate(text.charAt(at + 1))
                : at > 0 && Character.isHighSurrogate(text.charAt(at - 1));
    }
}
