package io.penstock.exchange.chat;

/**
 * The place where the text of a second answer continues that of a first: drops what the caller
 * already has, and says when the two do not meet.
 *
 * <p>A model that was asked to continue the text so far may do that, or start from the beginning.
 * So the second text is held back as long as it could be the beginning of the first; once so much
 * of it agrees that it is no coincidence, it counts as a new beginning and must agree to the end.
 *
 * <p><b>Thread:</b> confined to the event loop. <b>Bounds:</b> holds no more than the first text.
 */
final class Splice {
    /** As many characters don't agree by chance. */
    static final int TELLING_CHARS = 24;

    /** What to make of a piece. */
    enum Outcome { MATCHING, JOINED, DIVERGED }

    private final String first;
    private final String blanks; // at its end, which the second model was not shown
    private boolean joined;
    private boolean repeats; // it has begun anew
    private int matched; // characters of the first text that have come again
    private int dropped; // blanks that came again
    private boolean dropping;
    private StringBuilder held = new StringBuilder();

    /**
     * A join of which nothing has come.
     *
     * @param first the text that the caller has
     * @param continues the second answer was asked to continue it, without its last blanks
     */
    Splice(String first, boolean continues) {
        this.first = first;
        blanks = continues ? first.substring(first.stripTrailing().length()) : "";
        repeats = !continues;
    }

    /**
     * Whether a model can be asked to go on from that text: with less, an answer that begins anew
     * all the same could not be told from one that goes on.
     */
    static boolean isTelling(String text) {
        return text.length() >= TELLING_CHARS;
    }

    /** Reads the next piece of the second answer. */
    Outcome read(String piece) {
        held.append(piece);
        if (joined) {
            dropBlanks();
            return Outcome.JOINED;
        }
        return match();
    }

    private Outcome match() {
        while (matched < held.length() && matched < first.length()
                && held.charAt(matched) == first.charAt(matched)) {
            matched++;
        }
        if (matched == first.length() && (repeats || matched >= TELLING_CHARS)) {
            held.delete(0, matched);
            joined = true;
            return Outcome.JOINED;
        }
        if (matched == held.length()) {
            repeats |= matched >= TELLING_CHARS;
            return Outcome.MATCHING;
        }
        if (repeats || matched >= TELLING_CHARS) {
            return Outcome.DIVERGED;
        }
        goOn();
        return Outcome.JOINED;
    }

    /** What is held goes on from the first text. */
    private void goOn() {
        joined = true;
        dropping = true;
        dropBlanks();
    }

    private void dropBlanks() {
        int at = 0;
        while (dropping && at < held.length()) {
            dropping = dropped < blanks.length() && held.charAt(at) == blanks.charAt(dropped);
            if (dropping) {
                dropped++;
                at++;
            }
        }
        held.delete(0, at);
    }

    /** The second answer has ended: whether it goes on from the first, if only by ending there. */
    boolean end() {
        if (joined) {
            return true;
        }
        if (repeats) {
            return matched == first.length();
        }
        goOn(); // as much as came was no repetition
        return true;
    }

    /** Takes what is new to the caller. */
    String take() {
        String fresh = joined ? held.toString() : "";
        if (joined) {
            held = new StringBuilder();
        }
        return fresh;
    }
}
