package io.penstock.upstream;

import io.penstock.provider.Authorization;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A provider's keys, taken in turn by their weights (smooth weighted round robin), those at rest
 * for the wanted model passed over. A provider that wants no key rests in the same way.
 *
 * <p><b>Thread:</b> safe; a pool of one key, the usual case, takes no lock.
 */
public final class KeyPool {
    private final String provider;
    private final List<ProviderKey> keys;
    private final RestTable keyless = new RestTable(); // of a provider that wants no key
    private volatile Weather weather = Weather.UNTOLD;

    /** {@code authorizations} say how each key is shown. */
    KeyPool(String provider, List<KeySettings> settings,
            List<@Nullable Authorization> authorizations) {
        this.provider = provider;
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

    /** The next key that doesn't rest for that model; null if all do, or none is needed. */
    @Nullable ProviderKey next(String model, long nowNanos) {
        if (keys.size() == 1) {
            ProviderKey only = keys.get(0);
            return only.rests().restNanos(model, nowNanos) == 0 ? only : null;
        }
        synchronized (keys) {
            ProviderKey best = null;
            int total = 0;
            for (ProviderKey key : keys) {
                if (key.rests().restNanos(model, nowNanos) > 0) {
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
     * The key to ask that model with: the next that doesn't rest, else the least bad, else the
     * first, whose rest was just waited out. Null only if no key is needed.
     */
    public @Nullable ProviderKey choose(String model, long nowNanos) {
        ProviderKey key = next(model, nowNanos);
        if (key == null && !keys.isEmpty()) {
            key = leastBad(model, nowNanos);
            key = key == null ? keys.get(0) : key;
        }
        return key;
    }

    /** Whether there are several, one of them ready: then another may do what one could not. */
    public boolean hasAnotherReady(String model, long nowNanos) {
        return keys.size() > 1 && readyInNanos(model, nowNanos) == 0;
    }

    /** The key that is ready soonest, among those whose rest was only guessed. */
    private @Nullable ProviderKey leastBad(String model, long nowNanos) {
        ProviderKey best = null;
        for (ProviderKey key : keys) {
            if (!key.rests().restsByProvidersWord(model, nowNanos)
                    && (best == null || key.rests().restNanos(model, nowNanos)
                            < best.rests().restNanos(model, nowNanos))) {
                best = key;
            }
        }
        return best;
    }

    /** Whether that model may be asked though all keys rest for it: the rest of one is a guess. */
    public boolean mayAskAtRest(String model, long nowNanos) {
        return keys.isEmpty() ? !keyless.restsByProvidersWord(model, nowNanos)
                : leastBad(model, nowNanos) != null;
    }

    /** Exactly how many nanoseconds it takes until that model may be asked; 0 for at once. */
    public long readyInNanos(String model, long nowNanos) {
        if (keys.isEmpty()) {
            return keyless.restNanos(model, nowNanos);
        }
        long soonest = Long.MAX_VALUE;
        for (ProviderKey key : keys) {
            soonest = Math.min(soonest, key.rests().restNanos(model, nowNanos));
        }
        return soonest;
    }

    /** Nanoseconds until any model may be asked that doesn't rest by itself. */
    public long readyInNanos(long nowNanos) {
        return keys.isEmpty() ? keyless.restOfAllNanos(nowNanos)
                : keys.stream().mapToLong(key -> key.restNanos(nowNanos)).min().orElse(0);
    }

    /**
     * Nanoseconds until each model may be asked that rests by itself at all keys, by name; empty
     * for most providers most of the time.
     */
    public Map<String, Long> restsOfModels(long nowNanos) {
        Map<String, Long> models = keys.isEmpty() ? keyless.models(nowNanos)
                : keys.get(0).restsOfModels(nowNanos);
        models.replaceAll((model, rest) -> readyInNanos(model, nowNanos));
        models.values().removeIf(rest -> rest == 0);
        return models;
    }

    /**
     * Lets rest what an error reply says should.
     *
     * @param key that the model was asked with; null where the provider wants none
     */
    public void rest(@Nullable ProviderKey key, String model, Backoff backoff, long nowNanos) {
        switch (backoff.scope()) {
            case MODEL -> restNow(key, model, backoff, nowNanos);
            case KEY -> restNow(key, RestTable.ALL, backoff, nowNanos);
            case BAD_KEY -> {
                if (key != null) {
                    restNow(key, RestTable.ALL, backoff, nowNanos);
                }
            }
            case NOTHING -> { }
        }
    }

    private void restNow(@Nullable ProviderKey key, String model, Backoff backoff,
            long nowNanos) {
        (key == null ? keyless : key.rests()).rest(model, nowNanos, backoff.restNanos(),
                backoff.byProvidersWord());
        weather.onRest(provider, key == null ? "" : key.fingerprint(), model, backoff.restNanos(),
                backoff.byProvidersWord());
    }

    /** Says whom to tell of rests. */
    void tell(Weather weather) {
        this.weather = weather;
    }

    /** Another proxy says that a key rests, for a model or, with an empty name, for all. */
    void restAsToldBy(String fingerprint, String model, long nanos, boolean byProvidersWord,
            long nowNanos) {
        if (fingerprint.isEmpty()) {
            if (keys.isEmpty()) {
                keyless.rest(model, nowNanos, nanos, byProvidersWord);
            }
            return;
        }
        for (ProviderKey key : keys) {
            if (key.fingerprint().equals(fingerprint)) {
                key.rests().rest(model, nowNanos, nanos, byProvidersWord);
            }
        }
    }
}
