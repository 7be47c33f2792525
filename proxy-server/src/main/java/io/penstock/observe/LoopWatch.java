package io.penstock.observe;

import io.penstock.caller.Caller;
import io.penstock.exchange.ExchangeLoop;
import io.penstock.exchange.Finished;
import io.penstock.exchange.Running;
import io.penstock.observe.RecentExchanges.Part;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The single exchanges of one event loop, those under way and those that finished last.
 *
 * <p><b>Thread:</b> confined to the event loop; what it returns may be handed to any thread.
 */
public final class LoopWatch {
    private final ExchangeLoop exchanges;
    private final RecentExchanges recent;

    public LoopWatch(ExchangeLoop exchanges, RecentExchanges recent) {
        this.exchanges = exchanges;
        this.recent = recent;
    }

    /**
     * What a viewer may see.
     *
     * @param callerId whose exchanges; null for all
     */
    public record Viewer(@Nullable String callerId) {
        public static final Viewer OPERATOR = new Viewer(null);

        private static final Viewer STRANGER = new Viewer("");

        /** A caller sees what it has asked; strangers that share a name see nothing single. */
        public static Viewer of(Caller caller) {
            return caller.account().equals(caller.id()) ? new Viewer(caller.id()) : STRANGER;
        }

        boolean maySee(String caller) {
            return callerId == null || callerId.equals(caller);
        }

        boolean maySee(Running exchange) {
            return maySee(exchange.caller().id());
        }

        boolean maySee(Finished exchange) {
            return callerId == null
                    || exchange.caller() != null && maySee(exchange.caller().id());
        }

        /** Whether a failure's detail is shown, which may quote what a provider said. */
        public boolean isOperator() {
            return callerId == null;
        }
    }

    /**
     * The exchanges that a viewer may see.
     *
     * @param runningInAll of the loop, whoever may see them
     * @param finished the oldest first
     * @param missed that had finished, and are not told of
     */
    public record Sight(List<Running> running, int runningInAll, List<Finished> finished,
            long missed) {}

    /** Where the exchanges begin that have yet to finish. */
    public long next() {
        return recent.next();
    }

    /**
     * At most {@code maxRunning} exchanges under way, the oldest ones, and {@code maxFinished} that
     * have finished, the newest ones.
     *
     * @param finishedFrom what {@link #next} said before; 0 for all that are known
     */
    public Sight look(Viewer viewer, long finishedFrom, int maxRunning, int maxFinished) {
        Predicate<Running> isVisible = viewer::maySee;
        Predicate<Finished> wasVisible = viewer::maySee;
        Part finished = recent.since(finishedFrom, maxFinished, wasVisible);
        return new Sight(exchanges.running(maxRunning, isVisible), exchanges.running(),
                finished.exchanges(), finished.missed());
    }

    /** The exchange of that id: a {@link Running}, else a {@link Finished}; null for none. */
    public @Nullable Object find(Viewer viewer, String requestId) {
        List<Running> running = exchanges.running(1,
                each -> viewer.maySee(each) && requestId.equals(each.requestId()));
        return running.isEmpty() ? recent.find(requestId, viewer::maySee) : running.get(0);
    }
}
