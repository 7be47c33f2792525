package io.penstock.auth;

import io.penstock.caller.Caller;
import java.security.MessageDigest;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Tokens that were found good, by their SHA-256: the text of none is kept. One for all event loops,
 * so that a token is verified once, not once per loop. Only good tokens enter: whoever has none can
 * drive out nothing.
 *
 * <p><b>Thread:</b> safe; readers take no lock, since an entry is immutable and a stale one only
 * means that a token is verified again.
 * <br><b>Bounds:</b> {@value #SETS} sets of {@value #WAYS}. A token has its place in one of them;
 * if it is full, the entry that expires first gives way.
 */
final class TokenCache {
    static final int WAYS = 8;
    static final int SETS = 4096; // ten thousand tokens leave hardly a set full

    private final AtomicLongArray starts = new AtomicLongArray(SETS * WAYS);
    private final AtomicReferenceArray<Entry> entries = new AtomicReferenceArray<>(SETS * WAYS);

    private record Entry(byte[] hash, Caller caller, long endMillis) {}

    /** Null unless that token was verified, and is still good. */
    @Nullable Caller find(byte[] hash, long nowMillis) {
        long start = CredentialHash.start(hash);
        int first = firstOfSet(start);
        for (int i = first; i < first + WAYS; i++) {
            if (starts.getPlain(i) == start) {
                Entry entry = entries.getAcquire(i);
                if (entry != null && MessageDigest.isEqual(entry.hash, hash)) {
                    return nowMillis < entry.endMillis ? entry.caller : null;
                }
            }
        }
        return null;
    }

    /** Keeps a token that was verified, until {@code endMillis}. */
    synchronized void add(byte[] hash, Caller caller, long endMillis) {
        int first = firstOfSet(CredentialHash.start(hash));
        int place = first;
        for (int i = first; i < first + WAYS; i++) {
            Entry entry = entries.get(i);
            if (entry == null || MessageDigest.isEqual(entry.hash, hash)) {
                place = i;
                break;
            }
            if (entry.endMillis < entries.get(place).endMillis) {
                place = i;
            }
        }
        entries.set(place, new Entry(hash.clone(), caller, endMillis));
        starts.set(place, CredentialHash.start(hash));
    }

    /** How many tokens it holds, those included that have expired since. */
    int size() {
        int size = 0;
        for (int i = 0; i < entries.length(); i++) {
            size += entries.get(i) == null ? 0 : 1;
        }
        return size;
    }

    private static int firstOfSet(long start) {
        return ((int) start & SETS - 1) * WAYS;
    }
}
