package io.penstock.relay;

import io.netty.buffer.ByteBuf;

/** Makes another body of the one that comes, for a caller who would not understand it. */
public interface Rewriter {
    /** Reads the next bytes, borrowed; appends to {@code out} what the caller gets for them. */
    void rewrite(ByteBuf buffer, int index, int length, ByteBuf out);

    /** The body has come to its proper end; appends to {@code out} what is still to be said. */
    void finish(ByteBuf out);

    /** What passes in the place of what {@link #finish} made. Takes and gives. */
    default ByteBuf wrap(ByteBuf made) {
        return made;
    }
}
