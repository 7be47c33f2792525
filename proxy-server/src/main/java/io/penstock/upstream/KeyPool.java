package io.penstock.upstream;

import io.penstock.provider.Authorization;
import java.util.ArrayList;
import java.util.List;

/**
 * A provider's keys, taken in turn by their weights (smooth weighted round robin), those at rest
 * passed over.
 *
 * <p><b>Thread:</b> safe; a pool of one key, the usual case, takes no lock.
 */
public final class KeyPool {
    private final List<ProviderKey> keys;

    /** {@code authorizations} say how each key is shown. */
    KeyPool(List<KeySettings> settings, List<Authorization> authorizations) {
        List<ProviderKey> all = new ArrayList<>();
        for (int i = 0; i < settings.size(); i++) {
            all.add(new ProviderKey(settings.get(i), authorizations.get(i)));
        }
        keys = List.copyOf(all);
    }

    public boolean isEmpty() {
        return keys.isEmpty();
    }

    public List<ProviderKey> keys() {
        return keys;
    }

    /** The next key that doesn't rest; null if all do, or there is none. */
    public ProviderKey next(long nowNanos) {
        if (keys.size() == 1) {
            ProviderKey only = keys.get(0);
            return only.restNanos(nowNanos) == 0 ? only : null;
        }
        synchronized (keys) {
            ProviderKey best = null;
            int total = 0;
            for (ProviderKey key : keys) {
                if (key.restNanos(nowNanos) > 0) {
                    continue;
                }
                total += key.weight();
                key.setShare(key.share() + key.weight());
                if (best == null || key.share() > best.share()) {
                    best = key;
                }
            }
            if (best != null) {
                best.setShare(best.share() - total);
            }
            return best;
        }
    }

    /**
     * The key to ask with: the next that doesn't rest, else the least bad, else the first, whose
     * rest was just waited out. Null only if no key is needed.
     */
    public ProviderKey choose(long nowNanos) {
        ProviderKey key = next(nowNanos);
        if (key == null && !keys.isEmpty()) {
            key = leastBad(nowNanos);
            key = key == null ? keys.get(0) : key;
        }
        return key;
    }

    /** Whether there are several, one of them ready: then another may do what one could not. */
    public boolean hasAnotherReady(long nowNanos) {
        return keys.size() > 1 && readyInNanos(nowNanos) == 0;
    }

    /** The key that is ready soonest, among those whose rest was only guessed; null for none. */
    public ProviderKey leastBad(long nowNanos) {
        ProviderKey best = null;
        for (ProviderKey key : keys) {
            if (!key.restsByProvidersWord()
                    && (best == null || key.restNanos(nowNanos) < best.restNanos(nowNanos))) {
                best = key;
            }
        }
        return best;
    }

    /** Nanoseconds until some key is ready; 0 if one is, or none is needed. */
    public long readyInNanos(long nowNanos) {
        long soonest = Long.MAX_VALUE;
        for (ProviderKey key : keys) {
            soonest = Math.min(soonest, key.restNanos(nowNanos));
        }
        return keys.isEmpty() ? 0 : soonest;
    }
}
