package io.penstock.translate.request;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayList;
import java.util.List;

/**
 * What has to change in a request's body before a provider of the same format takes it: runs of
 * bytes, each with what stands in its place.
 *
 * <p><b>Thread:</b> confined to the event loop.
 */
public final class Fitted {
    /** Bytes of the body, from {@code start} to {@code end}, and those in their place. */
    public record Edit(int start, int end, byte[] text) {}

    private final List<Edit> edits = new ArrayList<>();
    private final Notes notes = new Notes();
    private int growth;

    /** Runs come in the order of the body and don't overlap. */
    void replace(int start, int end, byte[] text) {
        assert edits.isEmpty() || edits.get(edits.size() - 1).end() <= start;
        edits.add(new Edit(start, end, text));
        growth += text.length - (end - start);
    }

    Notes notes() {
        return notes;
    }

    boolean isEmpty() {
        return edits.isEmpty();
    }

    /** In the order of the body; offsets count from its first readable byte. */
    public List<Edit> edits() {
        return edits;
    }

    /** The caller's fields that the provider goes without. */
    public List<String> dropped() {
        return notes.dropped();
    }

    /** The caller's fields that the provider gets another value for, or under another name. */
    public List<String> changed() {
        return notes.changed();
    }

    /** How much longer the body gets. */
    public int growth() {
        return growth;
    }

    /** The body with the edits made; borrows {@code body}, gives the other. */
    public ByteBuf apply(ByteBuf body, ByteBufAllocator allocator) {
        ByteBuf out = allocator.directBuffer(body.readableBytes() + growth);
        int first = body.readerIndex();
        int at = 0;
        for (Edit edit : edits) {
            out.writeBytes(body, first + at, edit.start() - at).writeBytes(edit.text());
            at = edit.end();
        }
        return out.writeBytes(body, first + at, body.readableBytes() - at);
    }
}
