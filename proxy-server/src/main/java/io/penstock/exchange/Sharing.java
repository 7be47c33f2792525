package io.penstock.exchange;

import io.penstock.cache.CachedReply;
import io.penstock.cache.Flight;
import io.penstock.cache.Lookup;
import io.penstock.cache.Seat;
import io.penstock.exchange.attempt.Attempt;
import io.penstock.exchange.call.CacheTerms;
import io.penstock.exchange.call.CacheUse;
import io.penstock.exchange.call.Call;
import io.penstock.exchange.call.Whom;
import io.penstock.exchange.replay.Recording;
import io.penstock.exchange.replay.Replay;
import io.penstock.failure.Failure;
import io.penstock.listen.DownstreamStream;
import io.penstock.route.Route.TargetName;
import io.penstock.usage.TokenUsage;

/**
 * What one exchange has to do with replies that several calls get: looks for one that was given
 * before, follows a call like it that is under way, or lets others have its own.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Bounds:</b> those of the cache and its flights.
 */
final class Sharing {
    /** The exchange, which is told what to do for its reply. */
    interface Host {
        /** A provider has to be asked; its reply goes to that stream. */
        void onAsk(DownstreamStream to);

        /** The reply to another call is waited for. */
        void onWait();

        /** A reply is there, first given by that target: the caller gets it from here on. */
        void onReplay(Replay replay, TargetName first, long ageSeconds);

        /** All of that reply is queued. */
        void onReplayed();

        /** The reply to another call, of which the caller may have some, will not be whole. */
        void onReplayBroken(Failure why);
    }

    private final ExchangeLoop loop;
    private final DownstreamStream downstream;
    private final Call call;
    private final Host host;
    private CacheTerms terms; // null where no reply is given again
    private CacheUse use; // null likewise
    private boolean waits; // for another process, or another call
    private CachedReply given; // from the cache, or the flight; null for any other
    private Seat seat; // null unless another call's reply is waited for, or read
    private Replay replay; // null unless that is what the caller gets
    private TargetName first; // who gave it first
    private Recording recording; // null unless others may get this reply

    Sharing(ExchangeLoop loop, DownstreamStream downstream, Call call, Host host) {
        this.loop = loop;
        this.downstream = downstream;
        this.call = call;
        this.host = host;
    }

    /** Asks the cache, where that may have the reply; the host is told what follows. */
    void look(Whom whom) {
        terms = call.cacheTerms(whom);
        Lookup found = terms == null || terms.key() == null ? new Lookup.Bypass()
                : loop.cache().look(terms.key(), terms.kind(), terms.reshaper(),
                        downstream.executor(), this::onNews);
        if (found instanceof Lookup.Hit hit) {
            give(hit.reply(), CacheUse.HIT);
        } else if (found instanceof Lookup.Lead lead) {
            record(lead.flight());
            if (loop.cache().tryAskShared(lead.flight(), downstream.executor(), this::onShared)) {
                waitForAnother();
            } else {
                host.onAsk(recording);
            }
        } else if (found instanceof Lookup.Follow follow) {
            seat = follow.seat();
            waitForAnother();
            onNews();
        } else {
            use = terms == null ? null : CacheUse.BYPASS;
            host.onAsk(downstream);
        }
    }

    private void waitForAnother() {
        waits = true;
        host.onWait();
    }

    /** The reply is for this call, and for those like it that come meanwhile. */
    private void record(Flight flight) {
        use = CacheUse.MISS;
        recording = new Recording(downstream, flight);
    }

    private void ask(DownstreamStream to) {
        waits = false;
        host.onAsk(to);
    }

    /** Another process has the reply, or none that can be asked. */
    private void onShared(CachedReply known) {
        if (!waits) {
            return; // over by now
        }
        if (known == null) {
            ask(recording);
        } else {
            recording.complete(known);
            give(known, CacheUse.HIT);
        }
    }

    // A reply that another call got, or is getting

    /** The call that is followed may have come further. */
    private void onNews() {
        if (seat == null) {
            return;
        }
        switch (seat.look()) {
            case EVENTS -> readOn(false);
            case ALL_EVENTS -> readOn(true);
            case WHOLE -> give(seat.reply(), CacheUse.JOINED);
            case LEAD -> {
                record(seat.flight());
                seat = null;
                ask(recording);
            }
            case ALONE -> {
                seat = null;
                use = CacheUse.BYPASS;
                ask(downstream);
            }
            case BROKEN -> host.onReplayBroken(Failure.of(Failure.Kind.UPSTREAM_ERROR,
                    "The reply to the call that this one joined broke off."));
            default -> { }
        }
    }

    private void readOn(boolean complete) {
        if (replay == null) {
            Replay begun = Replay.of(seat, downstream, loop.calls().deadlines(), call.format(),
                    host::onReplayed);
            if (complete) {
                begun.complete();
            }
            commit(begun, CacheUse.JOINED, new TargetName(seat.provider(), seat.model()), 0);
        } else {
            if (complete) {
                replay.complete();
            }
            replay.resume();
        }
    }

    private void give(CachedReply reply, CacheUse how) {
        given = reply;
        commit(Replay.of(reply, terms.paced() && how == CacheUse.HIT, downstream,
                loop.calls().deadlines(), call.format(), host::onReplayed), how,
                new TargetName(reply.provider(), reply.model()),
                reply.ageSeconds(System.nanoTime()));
    }

    private void commit(Replay begun, CacheUse how, TargetName target, long ageSeconds) {
        waits = false;
        replay = begun;
        use = how;
        first = target;
        host.onReplay(begun, target, ageSeconds);
    }

    // A reply of this call's own, which others may get

    /** Whether others wait for the reply to this call. */
    boolean isFollowed() {
        return recording != null && recording.isFollowed();
    }

    /** The caller has gone: what comes is for the others alone. */
    void detach() {
        recording.detach();
    }

    /** What is written from here on is a good reply. */
    void onGood(Attempt good, int status) {
        if (recording != null && status == 200) {
            recording.begin(good.target().provider(), good.target().model());
        }
    }

    /** That reply is whole; one of several parts, or with holes, is for those who wait alone. */
    void onWhole(Attempt good) {
        if (recording == null) {
            return;
        }
        TokenUsage usage = good.usage();
        CachedReply.Tokens tokens = usage == null ? CachedReply.Tokens.NONE
                : new CachedReply.Tokens(usage.prompt(), usage.completion(), usage.cached(),
                        usage.reasoning(), usage.estimated());
        recording.complete(tokens, loop.nowNanos() - good.contentNanos(), terms.ttlNanos(),
                !good.ask().continues() && good.reading().malformedEvents() == 0);
    }

    /** There will be no reply for others; harmless if there was. */
    void fail() {
        if (recording != null) {
            recording.fail();
        }
    }

    /** The exchange ends because its caller has gone: another may lead. */
    void handOver() {
        if (recording != null) {
            recording.handOver();
        }
    }

    /** The exchange is over. */
    void end() {
        fail(); // unless the end of the recording is known by now
        waits = false;
        if (seat != null) {
            seat.leave();
            seat = null;
        }
        if (replay != null) {
            replay.abandon();
        }
    }

    // What it came to

    /** What the cache was to the call; null where it is not for such calls. */
    CacheUse use() {
        return use;
    }

    /** What the caller gets that no attempt of this call brought; null for nothing. */
    Replay replay() {
        return replay;
    }

    /** Who gave it first; null for nothing. */
    TargetName first() {
        return first;
    }

    /** What that reply had come to; null where it was not this call's to save. */
    TokenUsage saved() {
        CachedReply.Tokens tokens = given == null ? null : given.tokens();
        return tokens == null ? null : new TokenUsage(tokens.prompt(), tokens.completion(),
                tokens.cached(), tokens.reasoning(), tokens.estimated());
    }
}
