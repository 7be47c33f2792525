package io.penstock.upstream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.http.HttpSyntaxException;
import io.penstock.http.ResponseHead;
import org.jspecify.annotations.Nullable;

/**
 * Finds the final head of a reply in what comes, behind the interim ones (RFC 9110 section 15.2).
 *
 * <p><b>Thread:</b> confined to the event loop.
 * <br><b>Buffers:</b> holds a head that came in pieces, until it is whole or {@link #release}.
 * <br><b>Bounds:</b> a head as long as the {@link ResponseHead} allows.
 */
final class ReplyHeadReader {
    private final ResponseHead head; // the loop's
    private @Nullable ByteBuf partial; // null between two heads

    ReplyHeadReader(ResponseHead head) {
        this.head = head;
    }

    /** The head that was read last; valid until another one is read on this loop. */
    ResponseHead head() {
        return head;
    }

    /**
     * Reads the next bytes; takes them.
     *
     * @param upgrade the protocol that was asked for, of which a 101 is a final head; else null
     * @return what follows the head, perhaps nothing; null if the head goes on
     */
    @Nullable ByteBuf read(ByteBufAllocator allocator, ByteBuf bytes, @Nullable String upgrade)
            throws HttpSyntaxException, UnexpectedUpgradeException {
        ByteBuf all = bytes;
        if (partial != null) {
            all = partial.writeBytes(bytes);
            bytes.release();
            partial = null;
        }
        boolean read = false;
        try {
            int length = head.parse(all);
            while (length != ResponseHead.INCOMPLETE && head.isInterim()) {
                if (head.status() == 101) {
                    if (upgrade != null && head.isUpgradeTo(upgrade)) {
                        break;
                    }
                    throw new UnexpectedUpgradeException();
                }
                all.skipBytes(length);
                length = head.parse(all);
            }
            read = true;
            if (length == ResponseHead.INCOMPLETE) {
                keep(allocator, all);
                return null;
            }
            return all.skipBytes(length);
        } finally {
            if (!read) {
                all.release();
            }
        }
    }

    /** Into a buffer of its own: a read buffer has no room for what follows. */
    private void keep(ByteBufAllocator allocator, ByteBuf all) {
        partial = allocator.directBuffer(Math.max(1024, all.readableBytes() * 2));
        partial.writeBytes(all);
        all.release();
    }

    /** Releases what is held; harmless if nothing is. */
    void release() {
        if (partial != null) {
            partial.release();
            partial = null;
        }
    }

    static final class UnexpectedUpgradeException extends Exception {
        private static final long serialVersionUID = 1L;

        UnexpectedUpgradeException() {
            super("the provider switches to a protocol that nobody asked for", null, false, false);
        }
    }
}
