package io.penstock.usage;

import io.netty.buffer.ByteBuf;
import io.penstock.json.Needle;
import io.penstock.loop.Scratch;
import org.jspecify.annotations.Nullable;

/**
 * Finds the usage objects in a reply of any format that comes in any pieces: JSON, events, or the
 * frames of a tunnel.
 *
 * <p><b>Thread:</b> confined to the event loop. <b>Buffers:</b> borrows.
 * <br><b>Bounds:</b> {@value #MAX_OBJECT_BYTES} bytes of an object; a longer one counts nothing.
 */
public final class UsageFinder {
    static final int MAX_OBJECT_BYTES = 4 * 1024;
    private static final Needle USAGE = new Needle("\"usage\"");

    private final UsageScanner scanner = new UsageScanner(true);
    private final Scratch scratch;
    private final byte[] tail = new byte[2 * USAGE.length()]; // the end of the pieces so far
    private int tailLength;
    private byte @Nullable [] object; // null until one was found
    private int objectLength;
    private boolean collecting;
    private int depth;
    private boolean inString;
    private boolean escaped;
    private @Nullable TokenUsage largest;
    private @Nullable TokenUsage sum;

    /** {@code scratch} may be shared with whatever else looks at bytes on that loop. */
    public UsageFinder(Scratch scratch) {
        this.scratch = scratch;
    }

    /** Forgets the reply so far, for a next one. */
    public void reset() {
        tailLength = 0;
        collecting = false;
        largest = null;
        sum = null;
    }

    /** The most that was reported, count by count: what later objects repeat is not added up. */
    public @Nullable TokenUsage largest() {
        return largest;
    }

    /** All that was reported together since it was last asked; null if nothing was. */
    public @Nullable TokenUsage takeSum() {
        TokenUsage taken = sum;
        sum = null;
        return taken;
    }

    /** Reads the next bytes. */
    public void read(ByteBuf buffer, int index, int length) {
        byte[] bytes = scratch.copy(buffer, index, length);
        int at = collecting ? 0 : afterTail(bytes, length);
        while (at < length) {
            if (collecting) {
                at = collect(bytes, at, length);
            } else {
                int found = USAGE.find(bytes, at, length);
                if (found < 0) {
                    keepTail(bytes, at, length);
                    return;
                }
                at = begin(found + USAGE.length());
            }
        }
    }

    private int begin(int at) {
        tailLength = 0;
        collecting = true;
        objectLength = 0;
        depth = 0;
        inString = false;
        escaped = false;
        if (object == null) {
            object = new byte[MAX_OBJECT_BYTES];
        }
        return at;
    }

    /** Where to begin in a piece: behind the word, if it began in the one before. */
    private int afterTail(byte[] bytes, int length) {
        int more = Math.min(length, USAGE.length() - 1);
        if (tailLength == 0) {
            return 0;
        }
        System.arraycopy(bytes, 0, tail, tailLength, more);
        int found = USAGE.find(tail, 0, tailLength + more);
        return found < 0 ? 0 : begin(found + USAGE.length() - tailLength);
    }

    private void keepTail(byte[] bytes, int from, int to) {
        int kept = USAGE.length() - 1;
        int fresh = Math.min(kept, to - from);
        int old = from > 0 ? 0 : Math.min(tailLength, kept - fresh);
        System.arraycopy(tail, tailLength - old, tail, 0, old);
        System.arraycopy(bytes, to - fresh, tail, old, fresh);
        tailLength = old + fresh;
    }

    private int collect(byte[] bytes, int from, int to) {
        assert object != null;
        for (int at = from; at < to; at++) {
            byte b = bytes[at];
            if (depth == 0 && (b == ':' || b <= ' ' && b >= 0)) {
                continue;
            }
            if (depth == 0 && b != '{' || objectLength == MAX_OBJECT_BYTES) {
                collecting = false; // null, or nothing that could be read
                return at;
            }
            object[objectLength++] = b;
            if (inString) {
                inString = escaped || b != '"';
                escaped = !escaped && b == '\\';
            } else {
                inString = b == '"';
                depth += b == '{' ? 1 : b == '}' ? -1 : 0;
                if (depth == 0) {
                    collecting = false;
                    add(scanner.read(object, objectLength));
                    return at + 1;
                }
            }
        }
        return to;
    }

    private void add(@Nullable TokenUsage found) {
        if (found == null) {
            return;
        }
        sum = sum == null ? found : sum.plus(found);
        largest = largest == null ? found : new TokenUsage(
                Math.max(largest.prompt(), found.prompt()),
                Math.max(largest.completion(), found.completion()),
                Math.max(largest.cached(), found.cached()),
                Math.max(largest.reasoning(), found.reasoning()));
    }
}
