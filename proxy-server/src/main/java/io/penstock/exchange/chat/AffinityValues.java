package io.penstock.exchange.chat;

import io.penstock.http.RequestHead;
import io.penstock.route.Affinity;
import io.penstock.route.TargetOrder;
import java.util.List;

/**
 * What may keep a call with others on one target. Which header field that is, is only known with
 * the route, when the head is long gone: so the hashes of all fields are kept that some route
 * names.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Bounds:</b> of a value, {@value #MAX_CHARS} characters count.
 */
final class AffinityValues {
    static final int MAX_CHARS = 256;

    private final List<String> names;
    private final long[] hashes;

    /** Those fields of a head. */
    AffinityValues(RequestHead head, List<String> names) {
        this.names = names;
        hashes = new long[names.size()];
        for (int i = 0; i < hashes.length; i++) {
            hashes[i] = hash(head.value(names.get(i)));
        }
    }

    /** The value that counts for a route, as {@link TargetOrder} takes it. */
    long of(Affinity affinity, RequestFields request) {
        if (affinity == null) {
            return TargetOrder.NO_AFFINITY;
        }
        return switch (affinity.source()) {
            case PROMPT_CACHE_KEY -> hash(request.promptCacheKey());
            case USER -> hash(request.user());
            case HEADER -> {
                int index = names.indexOf(affinity.header());
                yield index < 0 ? TargetOrder.NO_AFFINITY : hashes[index];
            }
        };
    }

    private static long hash(String value) {
        return value == null || value.isEmpty() ? TargetOrder.NO_AFFINITY
                : TargetOrder.affinity(value.substring(0, Math.min(value.length(), MAX_CHARS)));
    }
}
