package io.penstock.observe;

import io.penstock.exchange.Finished;
import io.penstock.exchange.call.AttemptFigures;
import io.penstock.exchange.call.AttemptRecord;
import io.penstock.failure.Failure;
import io.penstock.failure.Fault;
import io.penstock.loop.Counter;
import io.penstock.loop.Durations;
import io.penstock.provider.Api;
import io.penstock.route.Route.TargetName;
import io.penstock.usage.TokenUsage;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Counts the finished exchanges of one event loop. Nothing that it writes is shared with another
 * loop; whoever wants sums reads all of them.
 *
 * <p><b>Thread:</b> confined to the event loop; the figures may be read by any thread.
 * <br><b>Bounds:</b> models and callers as {@link Metrics} bounds them; a status outside 100 to 599
 * counts as {@code other}.
 */
public final class LoopMetrics implements ExchangeObserver {
    static final String NONE = "none";
    static final String GOOD = AttemptResult.GOOD.label();
    static final String FAILED = AttemptResult.FAILED.label();
    static final String ABANDONED = AttemptResult.ABANDONED.label();

    private static final String NO_PROVIDER = "-"; // as the attempts say it
    private static final int MIN_STATUS = 100;
    private static final int MAX_STATUS = 599;
    private static final String[] STATUSES = statuses();
    private static final String[] APIS = apis();

    private final Map<Metric, LabelTree<Counter>> counters = new EnumMap<>(Metric.class);
    private final Map<Metric, LabelTree<LoopTimer>> timers = new EnumMap<>(Metric.class);
    private final LoopTimer receive; // this and the next three by stage
    private final LoopTimer queue;
    private final LoopTimer provider;
    private final LoopTimer proxy;
    private final BoundedNames models;
    private final BoundedNames callers;

    LoopMetrics(BoundedNames models, BoundedNames callers) {
        this.models = models;
        this.callers = callers;
        for (Metric metric : Metric.values()) {
            if (metric.kind() == Metric.Kind.COUNTER) {
                counters.put(metric, new LabelTree<>(Counter::new));
            } else if (metric.kind() == Metric.Kind.HISTOGRAM) {
                timers.put(metric, new LabelTree<>(LoopTimer::new));
            }
        }
        LabelTree<LoopTimer> stages = timer(Metric.STAGES);
        receive = stages.at("receive").leaf();
        queue = stages.at("queue").leaf();
        provider = stages.at("provider").leaf();
        proxy = stages.at("proxy").leaf();
    }

    private static String[] statuses() {
        String[] texts = new String[MAX_STATUS + 1];
        for (int status = MIN_STATUS; status <= MAX_STATUS; status++) {
            texts[status] = Integer.toString(status);
        }
        return texts;
    }

    private static String[] apis() {
        return Stream.of(Api.values()).map(api -> api.name().toLowerCase(Locale.ROOT))
                .toArray(String[]::new);
    }

    LabelTree<Counter> counter(Metric metric) {
        return Objects.requireNonNull(counters.get(metric));
    }

    LabelTree<LoopTimer> timer(Metric metric) {
        return Objects.requireNonNull(timers.get(metric));
    }

    /** Takes the times between two reads of that provider's streams. */
    public Durations gapsOf(String provider) {
        return timer(Metric.EVENT_GAP).at(provider).leaf();
    }

    /** Takes how long connections took to close that were given up in a call. */
    public Durations closes() {
        return timer(Metric.UPSTREAM_CLOSE).leaf();
    }

    @Override
    public void onFinished(Finished exchange) {
        countRequest(exchange);
        Finished.Stages stages = exchange.stages();
        if (stages != null) {
            record(receive, stages.receive(), exchange, null);
            record(queue, stages.queue(), exchange, null);
            record(provider, stages.provider(), exchange, null);
            record(proxy, stages.proxy(), exchange, null);
        }
        List<AttemptRecord> attempts = exchange.attempts();
        long tokens = 0;
        long nanoDollars = 0;
        for (int i = 0; i < attempts.size(); i++) {
            AttemptRecord record = attempts.get(i);
            if (wasSkipped(record)) {
                at(counter(Metric.SKIPPED), record.target()).at(outcome(record)).leaf().add(1);
            } else if (isLastOfItsAttempt(attempts, i)) {
                countAttempt(exchange, i);
                AttemptFigures figures = record.figures();
                tokens += countTokens(record.target(), figures.booked());
                nanoDollars += countCost(record.target(), figures.bookedNanoDollars());
            }
        }
        if (!attempts.isEmpty()) { // what was booked as it went, as on a tunnel
            TargetName target = attempts.get(attempts.size() - 1).target();
            if (tokens == 0) {
                tokens += countTokens(target, exchange.usage());
            }
            nanoDollars += countCost(target, exchange.nanoDollars() - nanoDollars);
        }
        countCaller(exchange, tokens, nanoDollars);
    }

    /** Records a duration, of the attempt if one is given, with its trace if there is one. */
    private static void record(LoopTimer timer, long nanos, Finished exchange,
            @Nullable AttemptFigures attempt) {
        timer.record(nanos);
        if (exchange.isTraced()) {
            timer.note(new TraceSample(exchange.trace(),
                    attempt == null ? null : attempt.ask().span(), Math.max(0, nanos),
                    exchange.endedMillis()));
        }
    }

    private void countRequest(Finished exchange) {
        Failure failure = exchange.failure();
        String api = exchange.api() == null ? NONE : APIS[exchange.api().ordinal()];
        counter(Metric.REQUESTS).at(api).at(exchange.outcome()).at(status(exchange.status()))
                .leaf().add(1);
        String stream = exchange.isStream() ? "true" : "false";
        if (exchange.stages() != null) {
            record(timer(Metric.REQUEST_DURATION).at(api).at(stream).leaf(),
                    exchange.durationNanos(), exchange, null);
        }
        if (exchange.cache() != null) {
            counter(Metric.CACHE_CALLS).at(exchange.cache().word()).leaf().add(1);
        }
        if (exchange.saved() != null) {
            at(counter(Metric.CACHE_SAVED_TOKENS), exchange.servedBy()).leaf()
                    .add(exchange.saved().total());
        }
        if (exchange.servedBy() != null) {
            String provider = exchange.servedBy().provider();
            if (exchange.firstContentNanos() >= 0 && !exchange.attempts().isEmpty()) {
                record(timer(Metric.FIRST_CONTENT).at(provider).at(stream).leaf(),
                        exchange.firstContentNanos(), exchange, null);
            }
            if (exchange.malformedEvents() > 0) {
                counter(Metric.MALFORMED_EVENTS).at(provider).leaf()
                        .add(exchange.malformedEvents());
            }
        }
        if (failure == null) {
            return;
        }
        switch (failure.kind()) {
            case CALLER_GONE -> counter(Metric.CANCELLATIONS)
                    .at(exchange.firstContentNanos() < 0 ? "before_content" : "after_content")
                    .leaf().add(1);
            case RATE_LIMITED, INSUFFICIENT_QUOTA, OVERLOADED -> counter(Metric.LIMIT_REFUSALS)
                    .at(failure.kind().code())
                    .at(failure.limit() == null ? NONE : failure.limit()).leaf().add(1);
            default -> { }
        }
    }

    private void countCaller(Finished exchange, long tokens, long nanoDollars) {
        String caller = exchange.caller() == null ? NONE : callers.of(exchange.caller().id());
        counter(Metric.CALLER_REQUESTS).at(caller).leaf().add(1);
        if (tokens > 0) {
            counter(Metric.CALLER_TOKENS).at(caller).leaf().add(tokens);
        }
        if (nanoDollars > 0) {
            counter(Metric.CALLER_COST).at(caller).leaf().add(nanoDollars);
        }
    }

    /** Whether nothing was asked of the target. */
    static boolean wasSkipped(AttemptRecord record) {
        return record.why() == null || record.outcome().equals(Fault.SATURATED.code());
    }

    /** Of an attempt that was good and then broke off there are two records. */
    static boolean isLastOfItsAttempt(List<AttemptRecord> all, int index) {
        AttemptFigures figures = all.get(index).figures();
        for (int i = index + 1; i < all.size(); i++) {
            if (all.get(i).figures() == figures) {
                return false;
            }
        }
        return true;
    }

    /** The first record of that attempt, which has one. */
    static AttemptRecord firstOf(List<AttemptRecord> all, AttemptFigures figures) {
        int first = 0;
        while (all.get(first).figures() != figures) {
            first++;
        }
        return all.get(first);
    }

    /** Counts the attempt that ended with that record. */
    private void countAttempt(Finished exchange, int last) {
        List<AttemptRecord> all = exchange.attempts();
        AttemptRecord record = all.get(last);
        String provider = record.target().provider();
        String outcome = outcome(record);
        AttemptFigures figures = record.figures();
        at(counter(Metric.ATTEMPTS), record.target()).at(outcome).leaf().add(1);
        if (figures.isReplayed()) {
            counter(Metric.REPLAYS).at(provider).leaf().add(1);
        }
        String result = result(outcome);
        long ended = figures.endedNanos() != 0 ? figures.endedNanos() : exchange.endedNanos();
        record(timer(Metric.ATTEMPT_DURATION).at(provider).at(result).leaf(),
                ended - figures.startedNanos(), exchange, figures);
        if (exchange.isStream() && figures.contentNanos() != 0) {
            record(timer(Metric.ATTEMPT_FIRST_CONTENT).at(provider).leaf(),
                    figures.contentNanos() - figures.startedNanos(), exchange, figures);
        }

        int first = 0;
        while (all.get(first).figures() != figures) {
            first++;
        }
        String begun = result(outcome(all.get(first)));
        countWhy(all, first, begun);
        if (first != last && begun.equals(GOOD) && result.equals(FAILED)) {
            counter(Metric.BROKEN_REPLIES).at(provider).at(outcome).leaf().add(1);
        }
    }

    private void countWhy(List<AttemptRecord> all, int index, String result) {
        AttemptRecord record = all.get(index);
        String provider = record.target().provider();
        AttemptRecord before = before(all, index);
        switch (record.why()) {
            case AGAIN -> counter(Metric.RETRIES).at(provider)
                    .at(before == null ? NONE : outcome(before)).leaf().add(1);
            case NEXT -> counter(Metric.FAILOVERS)
                    .at(before == null ? NONE : before.target().provider())
                    .at(before == null ? NONE : outcome(before)).leaf().add(1);
            case HEDGE -> counter(Metric.HEDGES).at(provider).at(result.equals(GOOD) ? "won"
                    : record.outcome().equals(Fault.HEDGE_LOST.code()) ? "lost" : result)
                    .leaf().add(1);
            case CONTINUE -> counter(Metric.CONTINUATIONS).at(provider)
                    .at(result.equals(GOOD) ? "joined" : result).leaf().add(1);
            case FIRST -> { }
        }
    }

    /** The last record of an attempt before that one; null if there is none. */
    private static @Nullable AttemptRecord before(List<AttemptRecord> all, int index) {
        for (int i = index - 1; i >= 0; i--) {
            if (all.get(i).why() != null) {
                return all.get(i);
            }
        }
        return null;
    }

    private static String result(String outcome) {
        return AttemptResult.of(outcome).label();
    }

    static boolean isStatus(String outcome) {
        return Character.isDigit(outcome.charAt(0));
    }

    private static String outcome(AttemptRecord record) {
        String outcome = record.outcome();
        return isStatus(outcome) && (outcome.length() != 3 || outcome.charAt(0) > '5'
                || outcome.charAt(0) < '1') ? BoundedNames.OTHER : outcome;
    }

    private static String status(int status) {
        return status < MIN_STATUS || status > MAX_STATUS ? BoundedNames.OTHER : STATUSES[status];
    }

    private <T> LabelTree<T> at(LabelTree<T> tree, TargetName target) {
        // A name that no provider knows must not take the room of one that is served.
        return tree.at(target.provider()).at(target.provider().equals(NO_PROVIDER)
                ? BoundedNames.OTHER : models.of(target.model()));
    }

    private long countTokens(TargetName target, TokenUsage usage) {
        if (usage == null) {
            return 0;
        }
        LabelTree<Counter> kinds = at(counter(Metric.TOKENS), target);
        kinds.at("prompt").leaf().add(usage.prompt());
        kinds.at("completion").leaf().add(usage.completion());
        kinds.at("cached").leaf().add(usage.cached());
        kinds.at("reasoning").leaf().add(usage.reasoning());
        return usage.total();
    }

    private long countCost(TargetName target, long nanoDollars) {
        if (nanoDollars <= 0) {
            return 0;
        }
        at(counter(Metric.COST), target).leaf().add(nanoDollars);
        return nanoDollars;
    }
}
