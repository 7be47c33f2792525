package io.penstock.mock;

import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * How a mock's calls go wrong.
 *
 * @param status the reply's status where {@code kind} is {@code STATUS}, else 0
 */
public record Fault(Kind kind, int status) {
    public static final Fault NONE = new Fault(Kind.NONE, 0);

    /** What the caller sees; its word is the name in lower case, with hyphens. */
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
        MIDSTREAM,
        /** The error of a prompt that is longer than the model takes. */
        CONTEXT_LENGTH,
        /** The error of an account that has run out of money. */
        QUOTA,
        /** The error of a wrong key, by the status that the format's provider has for it. */
        INVALID_KEY,
        /** An error page of HTML, as a provider's edge sends it, by 502. */
        HTML,
        /** A reply that a filter ends half way, with the reason that the format has for it. */
        CONTENT_FILTER,
        /** A reply in which the model declines. */
        REFUSAL,
        /** A 200 that is an error: a stream's first event, or the whole of a unary reply. */
        ERROR_FIRST,
        /** A stream that ends in an error event half way; a unary reply as {@code ERROR_FIRST}. */
        ERROR_EVENT,
        /** Half an event among the whole ones of a stream; a unary reply that ends too early. */
        MALFORMED,
        /** A stream without its terminator: all was said, and the body ends properly. */
        NO_DONE,
        /** A stream without its finish: the body ends properly after the last content. */
        NO_FINISH,
        /** A 200 with nothing in it. */
        EMPTY,
        /** A gzip body that lacks its last third, in a message that ends properly. */
        GZIP,
        /** A content-length that is larger than what comes before the connection closes. */
        WRONG_LENGTH,
        /** No fault, but a byte at a time: each in a chunk of its own, ten a millisecond. */
        TRICKLE,
        /** No fault, but the first event, or the whole of a unary reply, comes a second late. */
        SLOW;

        private String word() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
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
        String word = text.trim().toLowerCase(Locale.ROOT);
        for (Kind kind : Kind.values()) {
            if (kind != Kind.STATUS && kind.word().equals(word)) {
                return new Fault(kind, 0);
            }
        }
        if (!word.matches("[45][0-9][0-9]")) {
            throw new IllegalArgumentException("fail: " + text.trim()
                    + " (expected: a status 400 to 599, or " + words() + ")");
        }
        return new Fault(Kind.STATUS, Integer.parseInt(word));
    }

    /** Every word there is, for people. */
    public static String words() {
        return Arrays.stream(Kind.values()).filter(kind -> kind != Kind.STATUS).map(Kind::word)
                .collect(Collectors.joining(", "));
    }
}
