package io.penstock.translate.request;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.penstock.json.JsonText;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * A run of bytes of JSON: either the inside of a string, its escapes as they are, or one whole
 * value. Long texts go from one format to the other as such, without ever being decoded.
 *
 * <p><b>Thread:</b> valid as long as the body that it is a part of.
 */
record Raw(byte[] bytes, int start, int end) {
    static final Raw EMPTY = of("");
    private static final byte[] LINE_END = {'\\', 'n'}; // as a string of JSON has it

    /** The inside of a string that says {@code text}. */
    static Raw of(String text) {
        StringBuilder quoted = JsonText.quote(new StringBuilder(text.length() + 2), text);
        return ofJson(quoted.substring(1, quoted.length() - 1));
    }

    /** The text itself, which is JSON. */
    static Raw ofJson(String json) {
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        return new Raw(bytes, 0, bytes.length);
    }

    /** Both, one behind the other, as the inside of one string. */
    Raw prefixedWith(String ascii) {
        byte[] prefix = ascii.getBytes(StandardCharsets.US_ASCII);
        byte[] joined = Arrays.copyOf(prefix, prefix.length + length());
        System.arraycopy(bytes, start, joined, prefix.length, length());
        return new Raw(joined, 0, joined.length);
    }

    /** Texts as one, each on a line of its own, as the inside of one string. */
    static Raw joined(List<Raw> texts) {
        int length = 0;
        for (Raw text : texts) {
            length += text.length() + LINE_END.length;
        }
        byte[] joined = new byte[Math.max(0, length - LINE_END.length)];
        int at = 0;
        for (Raw text : texts) {
            if (at > 0) {
                System.arraycopy(LINE_END, 0, joined, at, LINE_END.length);
                at += LINE_END.length;
            }
            System.arraycopy(text.bytes, text.start, joined, at, text.length());
            at += text.length();
        }
        return new Raw(joined, 0, at);
    }

    /** Both, one behind the other. */
    Raw followedBy(Raw other) {
        byte[] joined = Arrays.copyOf(Arrays.copyOfRange(bytes, start, end),
                length() + other.length());
        System.arraycopy(other.bytes, other.start, joined, length(), other.length());
        return new Raw(joined, 0, joined.length);
    }

    int length() {
        return end - start;
    }

    boolean isEmpty() {
        return start == end;
    }

    /** Without a character that would be seen. */
    boolean isBlank() {
        int at = start;
        while (at < end) {
            int next = skipBlank(at);
            if (next == at) {
                return false;
            }
            at = next;
        }
        return true;
    }

    private int skipBlank(int at) {
        byte b = bytes[at];
        if (b == ' ') {
            return at + 1;
        }
        if (b == '\\') {
            return at + 1 == end ? at : switch (bytes[at + 1]) {
                case 'n', 'r', 't', 'f' -> at + 2;
                case 'u' -> isBlank(codeUnit(bytes, at + 2, end)) ? at + 6 : at;
                default -> at;
            };
        }
        boolean threeBytes = (b & 0xf0) == 0xe0 && at + 3 <= end;
        boolean twoBytes = (b & 0xe0) == 0xc0 && at + 2 <= end;
        if (threeBytes || twoBytes) {
            int size = threeBytes ? 3 : 2;
            String one = new String(bytes, at, size, StandardCharsets.UTF_8);
            return isBlank(one.charAt(0)) ? at + size : at;
        }
        return at;
    }

    private static boolean isBlank(int c) {
        return c >= 0 && (Character.isWhitespace(c) || Character.isSpaceChar(c));
    }

    /** Without blanks, line ends and tabs at its end. */
    Raw withoutTrailingBlanks() {
        int to = end;
        while (to > start) {
            if (bytes[to - 1] == ' ') {
                to--;
            } else if (to - start >= 2 && "nrtf".indexOf(bytes[to - 1]) >= 0
                    && isEscaped(to - 1)) {
                to -= 2;
            } else {
                break;
            }
        }
        return new Raw(bytes, start, to);
    }

    /** Whether an odd number of backslashes stands before it. */
    private boolean isEscaped(int at) {
        int slash = at;
        while (slash > start && bytes[slash - 1] == '\\') {
            slash--;
        }
        return (at - slash) % 2 == 1;
    }

    /** The value as it stands. */
    String json() {
        return new String(bytes, start, length(), StandardCharsets.UTF_8);
    }

    /** What the string says. */
    String text() {
        byte[] out = unescaped();
        return new String(out, StandardCharsets.UTF_8);
    }

    /** What the string's beginning says: that of its first bytes, less what they cut. */
    String prefix(int maxBytes) {
        int to = Math.min(end, start + maxBytes);
        for (int at = to - 1; at >= start && at > to - 6 && to < end; at--) {
            if (bytes[at] == '\\') {
                to = at;
            }
        }
        return new Raw(bytes, start, to).text();
    }

    /** What the string says, in UTF-8; half a surrogate pair stays the escape that it was. */
    byte[] unescaped() {
        byte[] out = new byte[length()];
        int length = 0;
        int at = start;
        while (at < end) {
            byte b = bytes[at];
            if (b != '\\' || at + 1 == end) {
                out[length++] = b;
                at++;
                continue;
            }
            byte c = bytes[at + 1];
            int unit = c == 'u' ? codeUnit(bytes, at + 2, end) : -1;
            if (unit >= 0) {
                int low = Character.isHighSurrogate((char) unit) && at + 7 < end
                        && bytes[at + 6] == '\\' && bytes[at + 7] == 'u'
                        ? codeUnit(bytes, at + 8, end) : -1;
                boolean pair = low >= 0 && Character.isLowSurrogate((char) low);
                if (Character.isSurrogate((char) unit) && !pair) {
                    System.arraycopy(bytes, at, out, length, 6);
                    length += 6;
                } else {
                    int code = pair ? Character.toCodePoint((char) unit, (char) low) : unit;
                    byte[] utf8 = Character.toString(code).getBytes(StandardCharsets.UTF_8);
                    System.arraycopy(utf8, 0, out, length, utf8.length);
                    length += utf8.length;
                }
                at += pair ? 12 : 6;
            } else {
                out[length++] = switch (c) {
                    case 'n' -> '\n';
                    case 'r' -> '\r';
                    case 't' -> '\t';
                    case 'b' -> '\b';
                    case 'f' -> '\f';
                    default -> c;
                };
                at += 2;
            }
        }
        return length == out.length ? out : Arrays.copyOf(out, length);
    }

    /** The four hexadecimal digits there; -1 if there are none. */
    private static int codeUnit(byte[] bytes, int from, int end) {
        int value = 0;
        for (int i = from; i < from + 4; i++) {
            int digit = i < end && bytes[i] >= 0 ? Character.digit(bytes[i], 16) : -1;
            if (digit < 0) {
                return -1;
            }
            value = value << 4 | digit;
        }
        return value;
    }

    /** Whether the object, which has been read before, has any members. */
    boolean hasMembers() {
        return !new Raw(bytes, start + 1, end - 1).isBlankJson();
    }

    private boolean isBlankJson() {
        for (int at = start; at < end; at++) {
            if (bytes[at] > ' ' || bytes[at] < 0) {
                return false;
            }
        }
        return true;
    }

    /** Whether the object, which has been read before, has a member of that name. */
    boolean hasMember(String name) {
        try (JsonParser parser = JsonIndex.JSON.createParser(bytes, start, end - start)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                if (parser.currentName().equals(name)) {
                    return true;
                }
                parser.nextToken();
                parser.skipChildren();
            }
            return false;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot happen: the body has been read before", e);
        }
    }

    /** Whether the bytes are one JSON object with nothing around it but blanks. */
    boolean isJsonObject() {
        int first = start;
        while (first < end && bytes[first] <= ' ' && bytes[first] >= 0) {
            first++;
        }
        if (first == end || bytes[first] != '{' || first + 1 < end && bytes[first + 1] == 0) {
            return false; // also keeps the parser from guessing at other encodings
        }
        try (JsonParser parser = JsonIndex.JSON.createParser(bytes, first, end - first)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return false;
            }
            parser.skipChildren();
            return parser.currentToken() == JsonToken.END_OBJECT && parser.nextToken() == null;
        } catch (IOException | IllegalStateException e) {
            return false; // malformed, too deep, or names chosen to collide: text, at any rate
        }
    }
}
