package io.penstock.upstream;

import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The rests of one key, or of a provider that wants no key: of all its models together, and of
 * each model alone, since most providers count their limits per model.
 *
 * <p><b>Thread:</b> safe; of two rests that begin at once, the longer one stays.
 * <br><b>Bounds:</b> {@value #MAX_MODELS} models; beyond them the rest that ends first is
 * forgotten.
 */
final class RestTable {
    static final int MAX_MODELS = 256;
    static final String ALL = ""; // no model has that name

    private final ConcurrentHashMap<String, Rest> rests = new ConcurrentHashMap<>();

    /**
     * A time during which nothing is asked.
     *
     * @param byProvidersWord the provider said how long; else the proxy guessed it
     */
    private record Rest(long untilNanos, boolean byProvidersWord) {
        long leftNanos(long nowNanos) {
            return Math.max(0, untilNanos - nowNanos);
        }

        Rest orLonger(Rest other) {
            return other.untilNanos - untilNanos > 0 ? other : this;
        }
    }

    /** Lets all models rest. */
    void restAll(long nowNanos, long nanos, boolean byProvidersWord) {
        rest(ALL, nowNanos, nanos, byProvidersWord);
    }

    /** Lets one model rest, or {@link #ALL}. */
    void rest(String model, long nowNanos, long nanos, boolean byProvidersWord) {
        if (rests.size() >= MAX_MODELS && !rests.containsKey(model) && !model.equals(ALL)) {
            makeRoom(nowNanos);
        }
        // Threads that meet here may exceed the bound by their number.
        rests.merge(model, new Rest(nowNanos + nanos, byProvidersWord), Rest::orLonger);
    }

    private void makeRoom(long nowNanos) {
        rests.values().removeIf(rest -> rest.leftNanos(nowNanos) == 0);
        while (rests.size() >= MAX_MODELS) {
            rests.entrySet().stream().filter(entry -> !entry.getKey().equals(ALL))
                    .min(Comparator.comparingLong(entry -> entry.getValue().leftNanos(nowNanos)))
                    .map(Map.Entry::getKey).ifPresent(rests::remove);
        }
    }

    /** Nanoseconds of rest left for that model; 0 if it may be asked. */
    long restNanos(String model, long nowNanos) {
        return rests.isEmpty() ? 0
                : Math.max(leftNanos(rests.get(ALL), nowNanos),
                        leftNanos(rests.get(model), nowNanos));
    }

    /** Nanoseconds of rest left for all models. */
    long restOfAllNanos(long nowNanos) {
        return leftNanos(rests.get(ALL), nowNanos);
    }

    /** Whether that model rests, for one reason at least, by the provider's own word. */
    boolean restsByProvidersWord(String model, long nowNanos) {
        return isByProvidersWord(rests.get(ALL), nowNanos)
                || isByProvidersWord(rests.get(model), nowNanos);
    }

    /** Nanoseconds of rest left of each model that rests by itself, by name. */
    Map<String, Long> models(long nowNanos) {
        Map<String, Long> resting = new TreeMap<>();
        rests.forEach((model, rest) -> {
            if (!model.equals(ALL) && rest.leftNanos(nowNanos) > 0) {
                resting.put(model, rest.leftNanos(nowNanos));
            }
        });
        return resting;
    }

    private static long leftNanos(@Nullable Rest rest, long nowNanos) {
        return rest == null ? 0 : rest.leftNanos(nowNanos);
    }

    private static boolean isByProvidersWord(@Nullable Rest rest, long nowNanos) {
        return rest != null && rest.byProvidersWord() && rest.leftNanos(nowNanos) > 0;
    }
}
