package io.penstock.http;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Finds one field of a form (multipart/form-data, RFC 7578) that comes in any pieces: its value,
 * and where it stands. All other parts, files above all, are skipped at the speed of a search for
 * CR.
 *
 * <p>Strict about whatever decides which part is the field, since the next reader might see another
 * one than this did: a field that stands there twice, has a file's name, or an odd head is refused.
 *
 * <p><b>Thread:</b> confined to the event loop. <b>Buffers:</b> borrows.
 * <br><b>Bounds:</b> {@value #MAX_HEAD_BYTES} bytes of a part's head, {@value #MAX_VALUE_BYTES} of
 * the value.
 */
public final class FormScanner {
    static final int MAX_HEAD_BYTES = 8 * 1024;
    static final int MAX_VALUE_BYTES = 512;
    private static final int MAX_BOUNDARY = 70; // RFC 2046 section 5.1.1
    private static final String TYPE = "multipart/form-data";

    private enum State {
        /** Before the first part, or in one that isn't wanted. */
        SKIP,
        /** In the wanted part. */
        VALUE,
        /** Behind a delimiter: a line end, or the two hyphens of the last one. */
        DELIMITED,
        HEAD,
        END
    }

    private final byte[] delimiter;
    private final String field;
    private final byte[] kept; // a part's head, or the value with the delimiter that ends it
    private State state = State.SKIP;
    private int matched; // bytes of the delimiter
    private int keptLength;
    private int lineLength; // of a head's current line
    private int tail; // behind a delimiter
    private long base; // offset of the current piece in the whole body
    private long start;
    private long end;
    private String value;

    private FormScanner(String boundary, String field) {
        delimiter = ("\r\n--" + boundary).getBytes(StandardCharsets.US_ASCII);
        this.field = field;
        kept = new byte[MAX_HEAD_BYTES];
        matched = 2; // the first delimiter may open the body
    }

    /** One for a body of that content type; null if it is no form, or doesn't say how it is cut. */
    public static FormScanner of(String contentType, String field) {
        if (contentType == null || !contentType.toLowerCase(Locale.ROOT).startsWith(TYPE)) {
            return null;
        }
        Parameters parameters = new Parameters(contentType.substring(TYPE.length()), true);
        String boundary = parameters.value("boundary");
        boolean sane = boundary != null && !boundary.isEmpty()
                && !parameters.isDoubtful("boundary")
                && boundary.length() <= MAX_BOUNDARY
                && boundary.chars().allMatch(c -> c >= ' ' && c < 0x7f);
        return sane ? new FormScanner(boundary, field) : null;
    }

    /** The field's value; null while it has not come to its end. */
    public String value() {
        return value;
    }

    /** Offset of the value's first byte in the whole body. */
    public long start() {
        return start;
    }

    /** Offset behind the value's last byte. */
    public long end() {
        return end;
    }

    /** Reads on through the readable bytes of {@code piece}. */
    public void scan(ByteBuf piece) throws HttpSyntaxException {
        int from = piece.readerIndex();
        int to = piece.writerIndex();
        int at = from;
        while (at < to) {
            at = switch (state) {
                case SKIP -> skip(piece, at, to);
                case VALUE -> keepValue(piece, at, base + at - from);
                case DELIMITED -> readDelimiterEnd(piece.getByte(at), at + 1);
                case HEAD -> keepHead(piece.getByte(at), at + 1, base + at + 1 - from);
                case END -> to;
            };
        }
        base += to - from;
    }

    private int skip(ByteBuf piece, int from, int to) {
        int at = from;
        if (matched == 0) { // nothing but a CR begins a delimiter
            at = piece.indexOf(from, to, (byte) '\r');
            if (at < 0) {
                return to;
            }
        }
        while (at < to && (matched > 0 || piece.getByte(at) == '\r')) {
            match(piece.getByte(at++));
            if (matched == delimiter.length) {
                delimited();
                return at;
            }
        }
        return at;
    }

    /** CR stands nowhere in it but in front, so that it can begin anew only there. */
    private void match(byte b) {
        if (b == delimiter[matched]) {
            matched++;
        } else {
            matched = b == '\r' ? 1 : 0;
        }
    }

    private void delimited() {
        matched = 0;
        tail = 0;
        state = State.DELIMITED;
    }

    private int keepValue(ByteBuf piece, int at, long offset) throws HttpSyntaxException {
        byte b = piece.getByte(at);
        if (keptLength == MAX_VALUE_BYTES + delimiter.length) {
            throw new HttpSyntaxException("the form's field '" + field + "' is too long");
        }
        kept[keptLength++] = b;
        match(b);
        if (matched == delimiter.length) {
            value = new String(kept, 0, keptLength - delimiter.length, StandardCharsets.UTF_8);
            end = offset + 1 - delimiter.length;
            delimited();
        }
        return at + 1;
    }

    /** Either "--", or blanks and CRLF. */
    private int readDelimiterEnd(byte b, int next) throws HttpSyntaxException {
        if (tail == 0 && (b == ' ' || b == '\t')) {
            return next;
        }
        if (tail == 1 && b == '\n') {
            state = State.HEAD;
            keptLength = 0;
            lineLength = 0;
        } else if (tail == 2 && b == '-') {
            state = State.END;
        } else if (tail == 0 && (b == '\r' || b == '-')) {
            tail = b == '\r' ? 1 : 2;
        } else {
            throw new HttpSyntaxException("a form's delimiter goes on");
        }
        return next;
    }

    private int keepHead(byte b, int next, long nextOffset) throws HttpSyntaxException {
        if (keptLength == MAX_HEAD_BYTES) {
            throw new HttpSyntaxException("the head of a form's part is too long");
        }
        kept[keptLength++] = b;
        if (b != '\n') {
            lineLength++;
            return next;
        }
        if (keptLength < 2 || kept[keptLength - 2] != '\r') {
            throw new HttpSyntaxException("a line of a form's part that ends in a bare LF");
        }
        boolean empty = lineLength == 1;
        lineLength = 0;
        if (empty) {
            boolean wanted = isWanted(new String(kept, 0, keptLength, StandardCharsets.UTF_8));
            if (wanted && value != null) {
                throw new HttpSyntaxException(
                        "the form's field '" + field + "' stands there twice");
            }
            state = wanted ? State.VALUE : State.SKIP;
            matched = 0;
            keptLength = 0;
            start = wanted ? nextOffset : start;
        }
        return next;
    }

    private boolean isWanted(String head) throws HttpSyntaxException {
        String disposition = null;
        boolean coded = false;
        for (String line : head.split("\r\n")) {
            int colon = line.indexOf(':');
            if (colon <= 0 || line.indexOf('\r') >= 0 || !isToken(line.substring(0, colon))) {
                throw new HttpSyntaxException("a malformed line in the head of a form's part");
            }
            String name = line.substring(0, colon).toLowerCase(Locale.ROOT);
            if (name.equals("content-disposition")) {
                if (disposition != null) {
                    throw new HttpSyntaxException("a form's part with two dispositions");
                }
                disposition = line.substring(colon + 1).strip();
            }
            coded |= name.equals("content-transfer-encoding");
        }
        if (disposition == null || !disposition.regionMatches(true, 0, "form-data", 0, 9)) {
            throw new HttpSyntaxException("a form's part without a name");
        }
        Parameters parameters = new Parameters(disposition.substring(9), true);
        boolean wanted = field.equals(parameters.value("name"));
        // To some readers a backslash in quotes escapes nothing.
        Parameters unescaped = new Parameters(disposition.substring(9), false);
        if (parameters.isDoubtful("name") || unescaped.isDoubtful("name")
                || wanted != field.equals(unescaped.value("name"))) {
            throw new HttpSyntaxException("a form's part with more than one name");
        }
        if (wanted && (coded || parameters.value("filename") != null
                || parameters.isDoubtful("filename"))) {
            throw new HttpSyntaxException("a form's field '" + field + "' that could be a file");
        }
        return wanted;
    }

    private static boolean isToken(String name) {
        return name.chars().allMatch(c -> c < 128 && HeadSyntax.isToken((byte) c));
    }

    /** The parameters in {@code ; a=b; c="d"}, in their order. */
    private static final class Parameters {
        private final List<String> names = new ArrayList<>(2);
        private final List<String> values = new ArrayList<>(2);
        private final boolean escapes; // a backslash in quotes does

        Parameters(String text, boolean escapes) {
            this.escapes = escapes;
            int semicolon = text.indexOf(';');
            int equals = semicolon < 0 ? -1 : text.indexOf('=', semicolon);
            while (equals >= 0) {
                names.add(text.substring(semicolon + 1, equals).strip().toLowerCase(Locale.ROOT));
                StringBuilder value = new StringBuilder();
                semicolon = text.indexOf(';', readValue(text, equals + 1, value));
                equals = semicolon < 0 ? -1 : text.indexOf('=', semicolon);
                values.add(value.toString());
            }
        }

        /** The first of that name; null if there is none. */
        String value(String name) {
            int place = names.indexOf(name);
            return place < 0 ? null : values.get(place);
        }

        /** Whether it stands there twice, or also as RFC 8187 and RFC 2231 write it. */
        boolean isDoubtful(String name) {
            return names.indexOf(name) != names.lastIndexOf(name)
                    || names.stream().anyMatch(each -> each.startsWith(name + "*"));
        }

        private int readValue(String text, int from, StringBuilder value) {
            int at = from;
            if (at == text.length() || text.charAt(at) != '"') {
                int end = text.indexOf(';', at);
                end = end < 0 ? text.length() : end;
                value.append(text.substring(at, end).strip());
                return end;
            }
            at++;
            while (at < text.length() && text.charAt(at) != '"') {
                if (escapes && text.charAt(at) == '\\' && at + 1 < text.length()) {
                    at++;
                }
                value.append(text.charAt(at++));
            }
            return Math.min(at + 1, text.length());
        }
    }
}
