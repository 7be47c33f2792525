package io.penstock.provider;

import io.penstock.http.HeadWriter;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/**
 * Where a signer puts its fields: they go into the head of the request at once, in place of what
 * the caller may have sent under the same names.
 *
 * <p><b>Thread:</b> confined to the event loop; of no use once the signer has returned.
 * <br><b>Bounds:</b> {@value #MAX_BYTES} bytes of fields.
 */
public final class FieldSink {
    static final int MAX_BYTES = 16 * 1024;
    private static final int OTHER_BYTES = 4; // colon, blank and the line's end

    /** What frames the message, or is said by the proxy itself. */
    private static final Set<String> RESERVED = Set.of("host", "content-length",
            "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect", "keep-alive",
            "content-type", "content-encoding", "accept-encoding");

    private final HeadWriter out;
    private final Set<String> names = new HashSet<>();
    private int left = MAX_BYTES;

    public FieldSink(HeadWriter out) {
        this.out = out;
    }

    /** Adds a field; throws an {@link IllegalArgumentException} if it is none, or one too many. */
    public void add(String name, String value) {
        String checked = checkedName(name);
        left -= checked.length() + checkedValue(value).length() + OTHER_BYTES;
        if (left < 0) {
            throw new IllegalArgumentException("more than " + MAX_BYTES + " bytes of fields");
        }
        out.text(checked).text(": ").text(value).crlf();
        names.add(checked);
    }

    /** The names of what was added, in lower case. */
    public Set<String> names() {
        return names;
    }

    /** The name in lower case, if it is one that may be set (RFC 9110 section 5.1). */
    static String checkedName(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        if (!lower.matches("[a-z0-9!#$%&'*+.^_`|~-]{1,100}") || RESERVED.contains(lower)) {
            throw new IllegalArgumentException("no field '" + lower + "' may be set");
        }
        return lower;
    }

    /** The value, if it is one (RFC 9110 section 5.5); it is not shown if it is none. */
    static String checkedValue(String value) {
        if (value.isBlank() || value.chars().anyMatch(c -> c < ' ' || c >= 0x7f)
                || value.length() > MAX_BYTES) {
            throw new IllegalArgumentException(
                    "a field's value is empty, too long, or has a character outside ASCII");
        }
        return value;
    }
}
