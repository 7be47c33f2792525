package io.penstock.translate;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The proxy's own answers to Responses callers, kept for a while: what {@code item_reference} and
 * {@code previous_response_id} mean before a model whose provider knows neither. Each caller finds
 * its own answers only. An answer that is referred to is kept on.
 *
 * <p><b>Thread:</b> safe by its lock, which is held for a few steps in maps; one serves all event
 * loops.
 * <br><b>Bounds:</b> those of the {@link Settings}; {@value #MAX_CHAIN} responses that follow one
 * another; no answer of more than a {@value #MAX_SHARE}th of the bytes is kept. The oldest goes
 * first.
 */
public final class ResponseMemory {
    static final int MAX_CHAIN = 1024;
    static final int MAX_SHARE = 4;
    private static final int RESPONSE_BYTES = 512; // what the maps take for each, about
    private static final int ITEM_BYTES = 192;

    /**
     * How much is kept, and for how long after it was last referred to.
     *
     * @param maxBytes 0 to keep nothing
     */
    public record Settings(long maxBytes, int maxResponses, Duration life) {
        public static final Settings DEFAULT =
                new Settings(64L * 1024 * 1024, 16 * 1024, Duration.ofHours(1));

        public Settings {
            if (maxBytes < 0) {
                throw new IllegalArgumentException("maxBytes: " + maxBytes + " (expected: >= 0)");
            }
            if (maxResponses < 1) {
                throw new IllegalArgumentException(
                        "maxResponses: " + maxResponses + " (expected: >= 1)");
            }
            if (life.isNegative() || life.isZero()) {
                throw new IllegalArgumentException("life: " + life + " (expected: > 0)");
            }
        }
    }

    private record Key(String caller, String id) {}

    /** An answer, with what was asked since the one before it. */
    private static final class Entry {
        final @Nullable String previousId;
        final byte[] input; // items, with commas between them; may be empty
        final ResponseAnswer answer;
        final long bytes;
        long usedNanos;

        Entry(@Nullable String previousId, byte[] input, ResponseAnswer answer, long usedNanos) {
            this.previousId = previousId;
            this.input = input;
            this.answer = answer;
            this.usedNanos = usedNanos;
            long sum = (long) RESPONSE_BYTES + input.length;
            for (ResponseAnswer.Item item : answer.items()) {
                sum += ITEM_BYTES + item.json().length;
            }
            bytes = sum;
        }
    }

    /** An item, and the response that it lives with. */
    private record KeptItem(Key response, byte[] json) {}

    private final Settings settings;
    private final long lifeNanos;
    private final LongSupplier nanoTime;
    private final Map<Key, Entry> responses = new LinkedHashMap<>(16, 0.75f, true); // by last use
    private final Map<Key, KeptItem> items = new HashMap<>();
    private long bytes;

    public ResponseMemory(Settings settings, LongSupplier nanoTime) {
        this.settings = settings;
        this.lifeNanos = settings.life().toNanos();
        this.nanoTime = nanoTime;
    }

    /**
     * Keeps an answer; one that is too large is not kept.
     *
     * @param previousId of the response that it follows
     * @param input the items that were asked since, with commas between them
     */
    public synchronized void remember(String caller, @Nullable String previousId, byte[] input,
            ResponseAnswer answer) {
        Key key = new Key(caller, answer.id());
        Entry entry = new Entry(previousId, input, answer, nanoTime.getAsLong());
        forget(key);
        if (entry.bytes > settings.maxBytes() / MAX_SHARE) {
            return;
        }
        responses.put(key, entry);
        bytes += entry.bytes;
        for (ResponseAnswer.Item item : answer.items()) {
            items.put(new Key(caller, item.id()), new KeptItem(key, item.json()));
        }
        evict();
    }

    /** The item's JSON; null if it isn't kept. */
    public synchronized byte @Nullable [] item(String caller, String id) {
        evict();
        KeptItem item = items.get(new Key(caller, id));
        return item == null || use(item.response()) == null ? null : item.json();
    }

    /**
     * All items of a response and of those before it, asked and answered, oldest first; null if any
     * of them isn't kept. Each array holds items with commas between them.
     */
    public synchronized @Nullable List<byte[]> history(String caller, @Nullable String responseId) {
        evict();
        List<byte[]> newestFirst = new ArrayList<>();
        List<Key> chain = new ArrayList<>();
        String id = responseId;
        for (int length = 0; id != null; length++) {
            Entry entry = length == MAX_CHAIN ? null : use(new Key(caller, id));
            if (entry == null) {
                return null;
            }
            chain.add(new Key(caller, id));
            List<ResponseAnswer.Item> answered = entry.answer.items();
            for (int i = answered.size() - 1; i >= 0; i--) {
                newestFirst.add(answered.get(i).json());
            }
            if (entry.input.length > 0) {
                newestFirst.add(entry.input);
            }
            id = entry.previousId;
        }
        for (int i = chain.size() - 1; i >= 0; i--) {
            use(chain.get(i)); // the beginning first, so that it is let go of first
        }
        Collections.reverse(newestFirst);
        return newestFirst;
    }

    /** How many responses are kept. */
    public synchronized int size() {
        return responses.size();
    }

    /** How many bytes they take, about. */
    public synchronized long bytes() {
        return bytes;
    }

    private @Nullable Entry use(Key key) {
        Entry entry = responses.get(key); // which puts it behind all others
        if (entry != null) {
            entry.usedNanos = nanoTime.getAsLong();
        }
        return entry;
    }

    /** Lets go of what is too old, and of the oldest while there is too much. */
    private void evict() {
        long now = nanoTime.getAsLong();
        Iterator<Map.Entry<Key, Entry>> oldestFirst = responses.entrySet().iterator();
        while (oldestFirst.hasNext()) {
            Map.Entry<Key, Entry> oldest = oldestFirst.next();
            if (bytes <= settings.maxBytes() && responses.size() <= settings.maxResponses()
                    && now - oldest.getValue().usedNanos < lifeNanos) {
                return;
            }
            oldestFirst.remove();
            letGo(oldest.getKey(), oldest.getValue());
        }
    }

    private void forget(Key key) {
        Entry entry = responses.remove(key);
        if (entry != null) {
            letGo(key, entry);
        }
    }

    private void letGo(Key key, Entry entry) {
        bytes -= entry.bytes;
        for (ResponseAnswer.Item item : entry.answer.items()) {
            items.computeIfPresent(new Key(key.caller(), item.id()), (id, kept) ->
                    kept.response().equals(key) ? null : kept);
        }
    }
}
