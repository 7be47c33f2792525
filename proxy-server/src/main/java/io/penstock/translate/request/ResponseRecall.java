package io.penstock.translate.request;

import static io.penstock.translate.request.JsonIndex.NONE;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.translate.ResponseMemory;
import io.penstock.translate.request.JsonIndex.Kind;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Puts items of earlier answers into a Responses request where it refers to them: in place of an
 * {@code item_reference}, and before the input for a {@code previous_response_id}. What isn't kept
 * stays as it is, for the provider that may know it, or for the translation to refuse.
 *
 * <p><b>Thread:</b> confined; good for one request.
 * <br><b>Bounds:</b> {@value #MAX_ADDED_BYTES} bytes of earlier items; with more, nothing is put
 * in.
 */
final class ResponseRecall {
    static final int MAX_ADDED_BYTES = 32 * 1024 * 1024;

    private final JsonIndex index;
    private final ResponseMemory memory;
    private final String caller;
    private int addedBytes;

    ResponseRecall(JsonIndex index, ResponseMemory memory, String caller) {
        this.index = index;
        this.memory = memory;
        this.caller = caller;
    }

    /** Reads the indexed body, which is borrowed. */
    Recalled recall(ByteBuf body, byte[] bytes, ByteBufAllocator allocator) {
        int root = index.root();
        int previous = index.member(root, "previous_response_id");
        int input = index.member(root, "input");
        List<byte[]> history = index.is(previous, Kind.STRING)
                ? memory.history(caller, index.text(previous)) : null;
        if (history != null) {
            history.forEach(items -> addedBytes += items.length);
        }
        byte[] items = items(input);
        boolean changes = addedBytes > 0 && addedBytes <= MAX_ADDED_BYTES;
        int store = index.member(root, "store");
        boolean kept = !"false".equals(index.text(store));
        return new Recalled(
                changes ? write(bytes, input, previous, history, items, allocator)
                        : body.retainedSlice(), memory, caller,
                changes && history != null ? index.text(previous) : null, kept ? items : null);
    }

    /** The items of the input, with commas between them. */
    private byte[] items(int input) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        if (index.is(input, Kind.STRING)) {
            ascii(out, "{\"type\":\"message\",\"role\":\"user\",\"content\":\"");
            raw(out, index.raw(input));
            ascii(out, "\"}");
        } else if (index.is(input, Kind.ARRAY)) {
            for (int item = index.first(input); item != NONE; item = index.next(input, item)) {
                if (out.size() > 0) {
                    out.write(',');
                }
                byte[] kept = kept(item);
                if (kept == null) {
                    raw(out, index.raw(item));
                } else {
                    addedBytes += kept.length;
                    out.writeBytes(kept);
                }
            }
        }
        return out.toByteArray();
    }

    /** What the item refers to; null if it is no reference, or what it refers to isn't kept. */
    private byte[] kept(int item) {
        int type = index.member(item, "type");
        int id = index.member(item, "id");
        boolean reference = index.is(id, Kind.STRING) && (type == NONE
                ? index.member(item, "role") == NONE
                : "item_reference".equals(index.text(type)));
        return reference && addedBytes <= MAX_ADDED_BYTES ? memory.item(caller, index.text(id))
                : null;
    }

    private ByteBuf write(byte[] bytes, int input, int previous, List<byte[]> history,
            byte[] items, ByteBufAllocator allocator) {
        ByteArrayOutputStream all = new ByteArrayOutputStream(items.length + addedBytes + 2);
        all.write('[');
        if (history != null) {
            for (byte[] earlier : history) {
                if (all.size() > 1) {
                    all.write(',');
                }
                all.writeBytes(earlier);
            }
        }
        if (all.size() > 1 && items.length > 0) {
            all.write(',');
        }
        all.writeBytes(items);
        all.write(']');
        Raw root = index.raw(index.root());
        ByteBuf out = allocator.directBuffer(root.length() + all.size());
        Raw first = history == null ? null : value(previous);
        Raw second = input == NONE ? null : value(input);
        boolean inputFirst = first != null && second != null && second.start() < first.start();
        int at = root.start();
        if (inputFirst) {
            at = replace(out, bytes, at, second, all.toByteArray());
        }
        if (first != null) {
            at = replace(out, bytes, at, first, resolved(index.raw(previous)));
        }
        if (second != null && !inputFirst) {
            at = replace(out, bytes, at, second, all.toByteArray());
        }
        if (second == null) {
            out.writeBytes(bytes, at, root.end() - 1 - at);
            out.writeBytes(",\"input\":".getBytes(StandardCharsets.US_ASCII));
            out.writeBytes(all.toByteArray());
            at = root.end() - 1;
        }
        return out.writeBytes(bytes, at, root.end() - at);
    }

    /** Copies up to the value, and the other in its place; returns where to go on. */
    private static int replace(ByteBuf out, byte[] bytes, int from, Raw value, byte[] other) {
        out.writeBytes(bytes, from, value.start() - from);
        out.writeBytes(other);
        return value.end();
    }

    /** A value with its quotes. */
    private Raw value(int value) {
        Raw raw = index.raw(value);
        int quote = index.is(value, Kind.STRING) ? 1 : 0;
        return new Raw(raw.bytes(), raw.start() - quote, raw.end() + quote);
    }

    /** What stands in place of an id that needs no looking up any more. */
    private static byte[] resolved(Raw id) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ascii(out, "{\"" + ResponseSettings.RESOLVED + "\":\"");
        raw(out, id);
        ascii(out, "\"}");
        return out.toByteArray();
    }

    private static void raw(ByteArrayOutputStream out, Raw raw) {
        out.write(raw.bytes(), raw.start(), raw.length());
    }

    private static void ascii(ByteArrayOutputStream out, String text) {
        out.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
    }
}
