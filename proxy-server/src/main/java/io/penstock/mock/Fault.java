package io.penstock.mock;

import java.util.Locale;
import java.util.Objects;

/**
 * How a mock's calls go wrong.
 *
 * @param status the reply's status where {@code kind} is {@code STATUS}, else 0
 */
public record Fault(Kind kind, int status) {
    public static final Fault NONE = new Fault(Kind.NONE, 0);

    /** What the caller sees. */
    public enum Kind {
        /** A proper reply. */
        NONE,
        /** An error reply. */
        STATUS,
        /** Nothing listens: the connection is refused. Concerns a whole mock, not one call. */
        REFUSE,
        /** The request is read, then the connection is reset. */
        RESET,
        /** The request is read, and no reply ever comes. */
        HANG,
        /** The reply ends half way, and the connection with it. */
        MIDSTREAM
    }

    public Fault {
        Objects.requireNonNull(kind, "kind");
        boolean error = status >= 400 && status <= 599;
        if (kind == Kind.STATUS ? !error : status != 0) {
            throw new IllegalArgumentException("status: " + status + " (expected: "
                    + (kind == Kind.STATUS ? "400 to 599" : "0 for " + kind) + ")");
        }
    }

    /** Reads the word of the command line and of {@code x-mock-fail}. */
    public static Fault parse(String text) {
        return switch (text.trim().toLowerCase(Locale.ROOT)) {
            case "none" -> NONE;
            case "refuse" -> new Fault(Kind.REFUSE, 0);
            case "reset" -> new Fault(Kind.RESET, 0);
            case "hang" -> new Fault(Kind.HANG, 0);
            case "midstream" -> new Fault(Kind.MIDSTREAM, 0);
            default -> parseStatus(text.trim());
        };
    }

    private static Fault parseStatus(String text) {
        if (!text.matches("[45][0-9][0-9]")) {
            throw new IllegalArgumentException("fail: " + text
                    + " (expected: none, a status 400 to 599, refuse, reset, hang or midstream)");
        }
        return new Fault(Kind.STATUS, Integer.parseInt(text));
    }
}
