package io.penstock.observe;

import io.penstock.exchange.Finished;
import io.penstock.exchange.call.AttemptFigures;
import io.penstock.exchange.call.AttemptRecord;
import java.util.List;
import java.util.Locale;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;
import org.jspecify.annotations.Nullable;

/**
 * Writes finished exchanges and their attempts into Java's Flight Recorder, beside what the JVM
 * records itself. While no recording runs, an event is an object that the compiler leaves out, and
 * asking whether it is wanted is an empty method.
 *
 * <p><b>Thread:</b> safe.
 */
public final class FlightEvents implements ExchangeObserver {

    /** How long each stage of an exchange took. */
    @Name("io.penstock.Exchange")
    @Label("Exchange")
    @Category("Penstock")
    @Description("A finished exchange, at its end")
    @StackTrace(false)
    static final class ExchangeEvent extends Event {
        @Label("Request Id")
        @Nullable String requestId;

        @Label("Caller")
        @Nullable String caller;

        @Label("API")
        @Nullable String api;

        @Label("Model")
        @Nullable String model;

        @Label("Stream")
        boolean stream;

        @Label("Status")
        int status;

        @Label("Outcome")
        @Nullable String outcome;

        @Label("Whole Time")
        @Timespan(Timespan.NANOSECONDS)
        long wholeTime;

        @Label("Time To First Content")
        @Timespan(Timespan.NANOSECONDS)
        long firstContent;

        @Label("Receiving")
        @Timespan(Timespan.NANOSECONDS)
        long receive;

        @Label("Queued")
        @Timespan(Timespan.NANOSECONDS)
        long queue;

        @Label("Waiting For Providers")
        @Timespan(Timespan.NANOSECONDS)
        long provider;

        @Label("The Proxy's Own Time")
        @Timespan(Timespan.NANOSECONDS)
        long proxy;
    }

    /** How long each phase of an attempt took; 0 for what did not happen. */
    @Name("io.penstock.Attempt")
    @Label("Attempt")
    @Category("Penstock")
    @Description("An attempt at a target, when its exchange has finished")
    @StackTrace(false)
    static final class AttemptEvent extends Event {
        @Label("Request Id")
        @Nullable String requestId;

        @Label("Provider")
        @Nullable String provider;

        @Label("Model")
        @Nullable String model;

        @Label("Why")
        @Nullable String why;

        @Label("Outcome")
        @Nullable String outcome;

        @Label("Waiting For A Slot")
        @Timespan(Timespan.NANOSECONDS)
        long slot;

        @Label("Connecting")
        @Timespan(Timespan.NANOSECONDS)
        long connect;

        @Label("Waiting For The Head")
        @Timespan(Timespan.NANOSECONDS)
        long head;

        @Label("Waiting For Content")
        @Timespan(Timespan.NANOSECONDS)
        long content;

        @Label("Whole Time")
        @Timespan(Timespan.NANOSECONDS)
        long wholeTime;
    }

    @Override
    public void onFinished(Finished exchange) {
        ExchangeEvent event = new ExchangeEvent();
        if (event.shouldCommit()) {
            commit(event, exchange);
        }
        AttemptEvent probe = new AttemptEvent();
        if (probe.shouldCommit()) {
            commitAttempts(exchange);
        }
    }

    private static void commit(ExchangeEvent event, Finished of) {
        event.requestId = of.requestId();
        event.caller = of.caller() == null ? null : of.caller().id();
        event.api = of.api() == null ? null : of.api().name().toLowerCase(Locale.ROOT);
        event.model = of.model();
        event.stream = of.isStream();
        event.status = of.status();
        event.outcome = of.outcome();
        event.wholeTime = of.durationNanos();
        event.firstContent = Math.max(0, of.firstContentNanos());
        Finished.Stages stages = of.stages();
        if (stages != null) {
            event.receive = stages.receive();
            event.queue = stages.queue();
            event.provider = stages.provider();
            event.proxy = stages.proxy();
        }
        event.commit();
    }

    private static void commitAttempts(Finished of) {
        List<AttemptRecord> all = of.attempts();
        for (int i = 0; i < all.size(); i++) {
            AttemptRecord record = all.get(i);
            if (!LoopMetrics.wasSkipped(record) && LoopMetrics.isLastOfItsAttempt(all, i)) {
                commit(new AttemptEvent(), of, record, record.figures());
            }
        }
    }

    private static void commit(AttemptEvent event, Finished of, AttemptRecord record,
            AttemptFigures figures) {
        event.requestId = of.requestId();
        event.provider = record.target().provider();
        event.model = record.target().model();
        event.why = record.why().name().toLowerCase(Locale.ROOT);
        event.outcome = record.outcome();
        event.slot = between(figures.startedNanos(), figures.slotNanos());
        event.connect = between(figures.slotNanos(), figures.readyNanos());
        event.head = between(figures.readyNanos(), figures.headNanos());
        event.content = between(figures.headNanos(), figures.contentNanos());
        event.wholeTime = between(figures.startedNanos(),
                figures.endedNanos() == 0 ? of.endedNanos() : figures.endedNanos());
        event.commit();
    }

    private static long between(long from, long to) {
        return from == 0 || to == 0 ? 0 : to - from;
    }
}
