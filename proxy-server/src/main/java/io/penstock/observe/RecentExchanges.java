package io.penstock.observe;

import io.penstock.exchange.Finished;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The exchanges that finished last on one event loop: what became of them, and nothing of what
 * callers or providers said.
 *
 * <p><b>Thread:</b> confined to the event loop.
 * <br><b>Bounds:</b> {@value #CAPACITY} exchanges; each further one takes the place of the oldest.
 */
public final class RecentExchanges implements ExchangeObserver {
    static final int CAPACITY = 500;

    private final @Nullable Finished[] ring = new Finished[CAPACITY];
    private long finished; // so many have there been

    /**
     * Some of them, the oldest first.
     *
     * @param missed that were no longer there, or too many
     */
    record Part(List<Finished> exchanges, long missed) {}

    @Override
    public void onFinished(Finished exchange) {
        ring[(int) (finished++ % CAPACITY)] = exchange.copy();
    }

    /** Where those begin that have yet to finish. */
    long next() {
        return finished;
    }

    /**
     * The newest of those that finished since, and pass the test.
     *
     * @param from what {@link #next} said; 0 for all that are there
     */
    Part since(long from, int max, Predicate<Finished> test) {
        long first = Math.max(from, finished - CAPACITY);
        List<Finished> found = new ArrayList<>();
        long missed = from == 0 ? 0 : first - from;
        for (long i = finished - 1; i >= first; i--) {
            Finished each = at(i);
            if (!test.test(each)) {
                continue;
            }
            if (found.size() < max) {
                found.add(0, each);
            } else {
                missed++;
            }
        }
        return new Part(found, missed);
    }

    /** The newest with that request id that passes the test; null for none. */
    @Nullable Finished find(String requestId, Predicate<Finished> test) {
        for (long i = finished - 1; i >= Math.max(0, finished - CAPACITY); i--) {
            Finished each = at(i);
            if (requestId.equals(each.requestId()) && test.test(each)) {
                return each;
            }
        }
        return null;
    }

    private Finished at(long index) {
        Finished each = ring[(int) (index % CAPACITY)];
        assert each != null; // it has finished, and is among the last
        return each;
    }
}
