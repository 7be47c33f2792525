package io.penstock.translate;

import io.penstock.sse.EventData;
import java.util.function.LongSupplier;

/**
 * What the translations of one event loop share: the parser, and the arrays in which an event is
 * read and written. Nothing of it outlives a call but its size.
 *
 * <p><b>Thread:</b> confined to the event loop.
 */
public final class ReplyLoop {
    private static final String ALPHABET =
            "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private static final int ID_CHARS = 24;

    private final JsonFeed feed = new JsonFeed();
    private final EventData data = new EventData();
    private final ReplyBytes bytes = new ReplyBytes();
    private final TextRun text = new TextRun();
    private final TextRun said = new TextRun();
    private final EventStreamMessage message = new EventStreamMessage();
    private final LongSupplier random;
    private final LongSupplier epochSeconds;
    private final LongSupplier nanoTime;

    /**
     * A loop's share.
     *
     * @param random for ids that a provider leaves out
     * @param epochSeconds for the time that one leaves out
     * @param nanoTime the event loop's clock
     */
    public ReplyLoop(LongSupplier random, LongSupplier epochSeconds, LongSupplier nanoTime) {
        this.random = random;
        this.epochSeconds = epochSeconds;
        this.nanoTime = nanoTime;
    }

    JsonFeed feed() {
        return feed;
    }

    EventData data() {
        return data;
    }

    EventStreamMessage message() {
        return message;
    }

    ReplyBytes bytes() {
        return bytes;
    }

    /** For text that must wait for the rest of its object. */
    TextRun text() {
        return text;
    }

    /** For text of an answer that must wait for the rest of its object. */
    TextRun said() {
        return said;
    }

    long epochSeconds() {
        return epochSeconds.getAsLong();
    }

    long nanoTime() {
        return nanoTime.getAsLong();
    }

    /** A made-up id. */
    String newId(String prefix) {
        StringBuilder id = new StringBuilder(prefix.length() + ID_CHARS).append(prefix);
        long bits = 0;
        for (int i = 0; i < ID_CHARS; i++) {
            if (i % 8 == 0) {
                bits = random.getAsLong();
            }
            id.append(ALPHABET.charAt((int) ((bits & 0xff) % ALPHABET.length())));
            bits >>>= 8;
        }
        return id.toString();
    }
}
