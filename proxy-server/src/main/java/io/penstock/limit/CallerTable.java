package io.penstock.limit;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What is kept of each caller, by name: a hash table with a fixed number of bins, each a small
 * array that is replaced and never changed. An entry that is retired stays so; the thread that
 * meets it next removes it.
 *
 * <p>Callers may have chosen their names (an address, a token's subject), so where a name falls is
 * secret, and no bin grows long.
 *
 * <p><b>Thread:</b> safe, without a lock: a lost race is run again.
 * <br><b>Bounds:</b> {@code maxEntries}, and {@value #MAX_BIN} in one bin, which chance never comes
 * near; beyond them nothing is added. No call ever looks at the whole table.
 */
final class CallerTable<E extends CallerTable.Entry> {
    static final int MAX_BIN = 32;
    private static final int ENTRIES_PER_BIN = 2; // when full
    private static final int MIN_BINS = 16;

    /** One caller's. */
    abstract static class Entry {
        private final String name;

        Entry(String name) {
            this.name = name;
        }

        final String name() {
            return name;
        }

        /** Retires it if nothing would be lost; true as well if that happened before. */
        abstract boolean tryRetire(long nowNanos);

        abstract boolean isRetired();
    }

    /** Makes the entry of a caller that has none. */
    interface Maker<E> {
        E make(String name, long nowNanos);
    }

    private final Maker<E> maker;
    private final int maxEntries;
    private final AtomicReferenceArray<Entry[]> bins; // null for an empty one
    private final AtomicInteger size = new AtomicInteger();
    private final AtomicInteger hand = new AtomicInteger(); // the bin to look through next
    private final long seed;
    private final long multiplier;
    private final int shift;

    CallerTable(int maxEntries, Maker<E> maker) {
        if (maxEntries < 1) {
            throw new IllegalArgumentException("maxEntries: " + maxEntries + " (expected: >= 1)");
        }
        this.maxEntries = maxEntries;
        this.maker = maker;
        int wanted = Math.max(MIN_BINS, maxEntries / ENTRIES_PER_BIN);
        int bits = Integer.SIZE - Integer.numberOfLeadingZeros(wanted - 1); // rounded up
        bins = new AtomicReferenceArray<>(1 << bits);
        shift = Long.SIZE - bits;
        SplittableRandom random = new SplittableRandom();
        seed = random.nextLong();
        multiplier = random.nextLong() | 1;
    }

    int size() {
        return size.get();
    }

    int maxEntries() {
        return maxEntries;
    }

    /** The caller's entry, if any. */
    @Nullable E find(String name) {
        E found = search(bins.get(bin(name)), name);
        return found == null || found.isRetired() ? null : found;
    }

    /** The caller's entry, added if it had none; null if there is no room for it. */
    @Nullable E findOrAdd(String name, long nowNanos) {
        int bin = bin(name);
        E added = null;
        while (true) {
            Entry[] before = bins.get(bin);
            E found = search(before, name);
            if (found != null && !found.isRetired()) {
                if (added != null) {
                    size.decrementAndGet(); // another loop was faster
                }
                return found;
            }
            if (added == null) {
                if (!tryTakePlace()) {
                    return null;
                }
                added = maker.make(name, nowNanos);
            }
            Entry[] after = withoutRetired(before, added);
            if (after.length > MAX_BIN) {
                size.decrementAndGet();
                return null;
            }
            if (tryReplace(bin, before, after, 1)) {
                return added;
            }
        }
    }

    /** Goes through all that are there; takes its time, so not on an event loop. */
    void forEach(Consumer<? super E> action) {
        for (int i = 0; i < bins.length(); i++) {
            Entry[] bin = bins.get(i);
            if (bin != null) {
                for (Entry entry : bin) {
                    action.accept(made(entry));
                }
            }
        }
    }

    @SuppressWarnings("unchecked") // whatever is in a bin was made by the maker
    private E made(Entry entry) {
        return (E) entry;
    }

    /** Looks through the next bins, round and round, and retires what can be. */
    void forget(int binsToLookThrough, long nowNanos) {
        for (int i = 0; i < binsToLookThrough; i++) {
            int bin = hand.getAndIncrement() & bins.length() - 1;
            Entry[] before = bins.get(bin);
            if (before == null) {
                continue;
            }
            boolean retired = false;
            for (Entry entry : before) {
                retired |= entry.tryRetire(nowNanos);
            }
            if (retired) {
                // When that race is lost, the next one to come by unlinks them.
                tryReplace(bin, before, withoutRetired(before, null), 0);
            }
        }
    }

    private boolean tryTakePlace() {
        int taken;
        do {
            taken = size.get();
            if (taken >= maxEntries) {
                return false;
            }
        } while (!size.compareAndSet(taken, taken + 1));
        return true;
    }

    private boolean tryReplace(int bin, Entry[] before, Entry[] after, int added) {
        if (!bins.compareAndSet(bin, before, after.length == 0 ? null : after)) {
            return false;
        }
        int gone = (before == null ? 0 : before.length) + added - after.length;
        if (gone > 0) {
            size.addAndGet(-gone);
        }
        return true;
    }

    /** A copy of a bin with {@code added} at its end, if that is one. */
    private static Entry[] withoutRetired(Entry[] bin, @Nullable Entry added) {
        int length = bin == null ? 0 : bin.length;
        Entry[] kept = new Entry[length + (added == null ? 0 : 1)];
        int count = 0;
        for (int i = 0; i < length; i++) {
            if (!bin[i].isRetired()) {
                kept[count++] = bin[i];
            }
        }
        if (added != null) {
            kept[count++] = added;
        }
        return count == kept.length ? kept : Arrays.copyOf(kept, count);
    }

    private @Nullable E search(Entry[] bin, String name) {
        if (bin != null) {
            for (Entry entry : bin) {
                if (entry.name.equals(name)) {
                    return made(entry);
                }
            }
        }
        return null;
    }

    private int bin(String name) {
        long hash = seed;
        for (int i = 0; i < name.length(); i++) {
            hash = (hash ^ name.charAt(i)) * multiplier;
        }
        hash = (hash ^ hash >>> 32) * multiplier;
        return (int) (hash >>> shift);
    }
}
