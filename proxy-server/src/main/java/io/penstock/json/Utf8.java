package io.penstock.json;

/**
 * Whether bytes are UTF-8 (RFC 3629), told byte by byte: no character longer than need be, none cut
 * short. Halves of surrogate pairs are let pass; nobody takes them for another character.
 *
 * <p><b>Thread:</b> confined to the event loop.
 */
final class Utf8 {
    private int missing; // bytes of the character that has begun
    private int least; // of the next byte: less would spell a shorter character

    /** Prepares for another text. */
    void reset() {
        missing = 0;
    }

    /** Whether a character has begun and not ended. */
    boolean isInside() {
        return missing > 0;
    }

    /** Goes on by a byte; false if it cannot stand there, and then no more may follow. */
    boolean accepts(byte b) {
        int value = b & 0xff;
        if (missing > 0) {
            boolean continues = value >= least && value < 0xc0;
            missing--;
            least = 0x80;
            return continues;
        }
        if (value < 0x80) {
            return true;
        }
        missing = value < 0xe0 ? 1 : value < 0xf0 ? 2 : 3;
        least = value == 0xe0 ? 0xa0 : value == 0xf0 ? 0x90 : 0x80;
        return value >= 0xc2 && value < 0xf5;
    }
}
