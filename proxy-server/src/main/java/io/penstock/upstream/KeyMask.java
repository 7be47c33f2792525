package io.penstock.upstream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Hides a provider's keys in what the provider says, byte for byte, so that the length stays. The
 * last four characters of a long key may show, as providers show keys themselves.
 *
 * <p><b>Thread:</b> immutable. <b>Buffers:</b> borrows, and writes into the readable bytes.
 */
final class KeyMask {
    private static final int SHOWN_CHARS = 4;
    private static final int MIN_CHARS_TO_SHOW_ANY = 12;
    private static final byte MASK = '*';

    private record Key(ByteBuf spelling, int hidden) {}

    private final List<Key> keys = new ArrayList<>();

    KeyMask(List<KeySettings> settings) {
        for (KeySettings key : settings) {
            add(key.value());
            if (key.value().contains("/")) {
                add(key.value().replace("/", "\\/")); // as some write JSON
            }
        }
    }

    private void add(String spelling) {
        int length = spelling.length();
        keys.add(new Key(Unpooled.wrappedBuffer(spelling.getBytes(StandardCharsets.US_ASCII)),
                length < MIN_CHARS_TO_SHOW_ANY ? length : length - SHOWN_CHARS));
    }

    /** Writes asterisks over every key in the body; returns whether there were any. */
    boolean mask(ByteBuf body) {
        boolean found = false;
        for (Key key : keys) {
            ByteBuf rest = body.duplicate();
            int at = ByteBufUtil.indexOf(key.spelling(), rest);
            while (at >= 0) {
                found = true;
                for (int i = 0; i < key.hidden(); i++) {
                    body.setByte(at + i, MASK);
                }
                rest.readerIndex(at + key.hidden());
                at = ByteBufUtil.indexOf(key.spelling(), rest);
            }
        }
        return found;
    }
}
