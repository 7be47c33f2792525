package io.penstock.http;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds one field of a form (multipart/form-data, RFC 7578) that comes in any pieces: its value,
 * and where it stands. All other parts, files above all, are skipped at the speed of searches for
 * CR and LF.
 *
 * <p>Strict about whatever decides which part is the field, since the next reader might see another
 * one than this did: a field that stands there twice, has a file's name, or an odd head is refused,
 * and so is a delimiter behind half a line end.
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
    private static final String DISPOSITION = "form-data";

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

    /** Finds a delimiter behind a CR or an LF alone, which some readers take for one. */
    private final class Guard {
        private final byte lineEnd;
        private int matched; // bytes of it and the delimiter
        private boolean bare;
        private byte last; // of the piece before

        Guard(char lineEnd) {
            this.lineEnd = (byte) lineEnd;
        }

        void scan(ByteBuf piece, int from, int to) throws HttpSyntaxException {
            int at = from;
            while (at < to) {
                if (matched == 0) {
                    at = piece.indexOf(at, to, lineEnd);
                    if (at < 0) {
                        break;
                    }
                    bare = lineEnd == '\r' || (at > from ? piece.getByte(at - 1) : last) != '\r';
                    matched = 1;
                    at++;
                } else if (piece.getByte(at) != delimiter[matched + 1]) {
                    matched = 0; // and perhaps it begins here
                } else {
                    at++;
                    matched++;
                    if (matched == delimiter.length - 1) {
                        matched = 0;
                        if (bare) {
                            throw new HttpSyntaxException(
                                    "a form's delimiter behind half a line end");
                        }
                    }
                }
            }
            last = from < to ? piece.getByte(to - 1) : last;
        }
    }

    private final byte[] delimiter;
    private final Guard bareCr = new Guard('\r');
    private final Guard bareLf = new Guard('\n');
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
    private @Nullable String value;

    private FormScanner(String boundary, String field) {
        delimiter = ("\r\n--" + boundary).getBytes(StandardCharsets.US_ASCII);
        this.field = field;
        kept = new byte[MAX_HEAD_BYTES];
        matched = 2; // the first delimiter may open the body
    }

    /** One for a body of that content type; null if it is no form, or doesn't say how it is cut. */
    public static @Nullable FormScanner of(@Nullable String contentType, String field) {
        if (contentType == null || !contentType.toLowerCase(Locale.ROOT).startsWith(TYPE)) {
            return null;
        }
        String boundary;
        try {
            boundary = parameter(contentType.substring(TYPE.length()), "boundary");
        } catch (HttpSyntaxException e) {
            return null;
        }
        if (boundary == null || boundary.isEmpty() || boundary.length() > MAX_BOUNDARY
                || !boundary.chars().allMatch(c -> c >= ' ' && c < 0x7f)) {
            return null;
        }
        return new FormScanner(boundary, field);
    }

    /** The field's value; null while it has not come to its end. */
    public @Nullable String value() {
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
        bareCr.scan(piece, from, to);
        bareLf.scan(piece, from, to);
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
        moveTo(State.DELIMITED);
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

    private void moveTo(State next) {
        state = next;
    }

    /** Either "--", or blanks and CRLF. */
    private int readDelimiterEnd(byte b, int next) throws HttpSyntaxException {
        if (tail == 0 && (b == ' ' || b == '\t')) {
            return next;
        }
        if (tail == 1 && b == '\n') {
            moveTo(State.HEAD);
            keptLength = 0;
            lineLength = 0;
        } else if (tail == 2 && b == '-') {
            moveTo(State.END);
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
            moveTo(wanted ? State.VALUE : State.SKIP);
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
        String name = disposition == null || !disposition.regionMatches(true, 0, DISPOSITION, 0,
                DISPOSITION.length()) ? null
                : parameter(disposition.substring(DISPOSITION.length()), "name");
        if (disposition == null || name == null) {
            throw new HttpSyntaxException("a form's part without a name");
        }
        boolean wanted = field.equals(name);
        if (wanted && (coded || parameters(disposition.substring(DISPOSITION.length())).keySet()
                .stream().anyMatch(each -> each.startsWith("filename")))) {
            throw new HttpSyntaxException("a form's field '" + field + "' that could be a file");
        }
        return wanted;
    }

    /** The value of a parameter in {@code ; a=b; c="d"}, if any. */
    private static @Nullable String parameter(String text, String wanted)
            throws HttpSyntaxException {
        Map<String, String> all = parameters(text);
        for (String name : all.keySet()) {
            if (name.startsWith(wanted + "*")) { // RFC 2231: not all put it together, or decode it
                throw new HttpSyntaxException("a form's parameter in the extended notation");
            }
        }
        return all.get(wanted);
    }

    /** All of them by their names in lower case, each once (RFC 9110 section 5.6.6). */
    private static Map<String, String> parameters(String text) throws HttpSyntaxException {
        Map<String, String> all = new HashMap<>();
        int at = blanksEnd(text, 0);
        while (at < text.length()) {
            int equals = text.indexOf('=', at);
            String name = text.charAt(at) != ';' || equals < 0 ? ""
                    : text.substring(blanksEnd(text, at + 1), equals).toLowerCase(Locale.ROOT);
            if (name.isEmpty() && text.substring(at).strip().equals(";")) {
                return all; // a semicolon behind the last of them is common, and says nothing
            }
            StringBuilder value = new StringBuilder();
            at = isToken(name) ? blanksEnd(text, readValue(text, equals + 1, value)) : -1;
            if (at > 0 && isDoubtful(text, equals, at, name)) {
                throw new HttpSyntaxException("a form's parameter with a backslash in it");
            }
            if (at < 0 || all.put(name, value.toString()) != null) {
                throw new HttpSyntaxException("malformed parameters of a form");
            }
        }
        return all;
    }

    /**
     * Whether others read a value in another way, to whom a backslash in quotes escapes nothing. A
     * file's name may have one in it, as long as no parameter could follow.
     */
    private static boolean isDoubtful(String text, int from, int to, String name) {
        int escape = text.indexOf('\\', from);
        return escape >= 0 && escape < to && (!name.startsWith("filename")
                || text.startsWith("\"", escape + 1) && text.indexOf('=', escape) >= 0);
    }

    private static int blanksEnd(String text, int from) {
        int at = from;
        while (at >= 0 && at < text.length() && (text.charAt(at) == ' '
                || text.charAt(at) == '\t')) {
            at++;
        }
        return at;
    }

    private static boolean isToken(String text) {
        return !text.isEmpty()
                && text.chars().allMatch(c -> c < 0x80 && HeadSyntax.isToken((byte) c));
    }

    /** Returns where it ended; -1 for one that could be read in several ways. */
    private static int readValue(String text, int from, StringBuilder value) {
        int at = from;
        if (at == text.length() || text.charAt(at) != '"') {
            int end = text.indexOf(';', at);
            end = end < 0 ? text.length() : end;
            value.append(text.substring(at, end).strip());
            return value.indexOf("\"") < 0 ? end : -1;
        }
        at++;
        while (at < text.length() && text.charAt(at) != '"') {
            if (text.charAt(at) == '\\' && at + 1 < text.length()) {
                at++;
            }
            value.append(text.charAt(at++));
        }
        return at < text.length() ? at + 1 : -1;
    }
}
