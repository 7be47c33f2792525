package io.penstock.exchange.call;

/**
 * What is to be changed in a request's body on its way out: a few runs of bytes, each with what
 * stands in its place.
 *
 * <p><b>Thread:</b> confined to the event loop, which uses one for all its exchanges.
 * <br><b>Bounds:</b> {@value #MAX_EDITS} edits.
 */
public final class BodyEdits {
    static final int MAX_EDITS = 12;

    private final long[] starts = new long[MAX_EDITS];
    private final long[] ends = new long[MAX_EDITS];
    private final byte[][] texts = new byte[MAX_EDITS][];
    private int count;
    private long growth;

    /** Removes all edits, for a next body. */
    public BodyEdits clear() {
        count = 0;
        growth = 0;
        return this;
    }

    /**
     * Puts {@code text} in the place of the bytes from {@code start} to {@code end}; runs must not
     * overlap, nor begin where the body ends. Of two that begin at the same place, the first given
     * must be the insertion of something, and not the removal of what stands there.
     */
    public BodyEdits replace(long start, long end, byte[] text) {
        int at = count++;
        while (at > 0 && starts[at - 1] > start) {
            starts[at] = starts[at - 1];
            ends[at] = ends[at - 1];
            texts[at] = texts[at - 1];
            at--;
        }
        starts[at] = start;
        ends[at] = end;
        texts[at] = text;
        growth += text.length - (end - start);
        return this;
    }

    public int count() {
        return count;
    }

    /** By how many bytes all edits together lengthen the body. */
    public long growth() {
        return growth;
    }

    public long start(int edit) {
        return starts[edit];
    }

    public long end(int edit) {
        return ends[edit];
    }

    public byte[] text(int edit) {
        return texts[edit];
    }
}
