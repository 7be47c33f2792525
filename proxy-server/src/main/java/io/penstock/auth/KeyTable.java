package io.penstock.auth;

import io.penstock.caller.Caller;
import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

/**
 * Callers by the SHA-256 of their API key: open addressing by the hash's first eight bytes, then
 * the whole hash in constant time. What a wrong key shares with a right one can't be learned from
 * how long the answer takes.
 *
 * <p><b>Thread:</b> safe once filled; a lookup changes nothing.
 * <br><b>Bounds:</b> made for its number of keys, at most half full; lookups never make it grow.
 */
final class KeyTable {
    private final long[] starts;
    private final byte[][] hashes; // null where a slot is free
    private final Caller[] callers;

    KeyTable(int keys) {
        int slots = Math.max(4, Integer.highestOneBit(Math.max(1, keys)) * 4);
        starts = new long[slots];
        hashes = new byte[slots][];
        callers = new Caller[slots];
    }

    void add(byte[] hash, Caller caller) {
        int slot = slot(CredentialHash.start(hash));
        while (hashes[slot] != null) {
            slot = next(slot);
        }
        starts[slot] = CredentialHash.start(hash);
        hashes[slot] = hash.clone();
        callers[slot] = caller;
    }

    /** Null if it is nobody's. */
    @Nullable Caller find(byte[] hash) {
        long start = CredentialHash.start(hash);
        for (int slot = slot(start); hashes[slot] != null; slot = next(slot)) {
            if (starts[slot] == start && MessageDigest.isEqual(hashes[slot], hash)) {
                return callers[slot];
            }
        }
        return null;
    }

    int slots() {
        return hashes.length;
    }

    private int slot(long start) {
        return (int) start & hashes.length - 1;
    }

    private int next(int slot) {
        return slot + 1 & hashes.length - 1;
    }
}
