package io.penstock.exchange;

import io.netty.buffer.ByteBuf;
import io.penstock.exchange.Timing.Stage;
import io.penstock.failure.Failure;
import io.penstock.failure.Fault;
import io.penstock.http.Field;
import io.penstock.http.HeadWriter;
import io.penstock.http.HttpSyntaxException;
import io.penstock.http.ResponseHead;
import io.penstock.listen.DownstreamConnection;
import io.penstock.loop.Deadlines;
import io.penstock.provider.ReplyVerdict;
import io.penstock.relay.ResponseRelay;
import io.penstock.relay.Rewriter;
import io.penstock.route.HoldSettings;
import io.penstock.route.Route.TargetName;
import io.penstock.translate.ChatStream;
import io.penstock.translate.ErrorBody;
import io.penstock.translate.ReplyUsage;
import io.penstock.upstream.ConnectionPool;
import io.penstock.upstream.Provider;
import io.penstock.upstream.ProviderKey;
import io.penstock.upstream.ProviderTypeException;
import io.penstock.upstream.ReplyListener;
import io.penstock.upstream.RetryAfter;
import io.penstock.upstream.TimeoutSettings;
import io.penstock.upstream.Trial;
import io.penstock.upstream.UpstreamConnection;
import io.penstock.usage.TokenUsage;
import java.time.Instant;

/**
 * One try at one target: asks for a connection, sends the request, and holds the reply until it is
 * known to be good. It then tells the exchange, which either commits it or goes on to the next
 * target.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Buffers:</b> owns the head for the caller and, through its relay, what is held of the
 * body; {@link #abandon} lets go of all, and of the connection.
 * <br>The provider dies: {@link Exchange#onFault} or {@link Exchange#onBroken}, once. The caller
 * dies: the exchange abandons the attempt, which closes the connection at once.
 */
final class Attempt implements ReplyListener {
    static final int MAX_ERROR_BYTES = 64 * 1024;

    private final Exchange exchange;
    private final ExchangeLoop loop;
    private final DownstreamConnection downstream;
    private final ReplyReader reader;
    private final ResponseRelay relay;
    private final AttemptClock clock;
    private final CallersHead head;
    private ReplyTranslation translation; // null until one was needed
    private final Trial trial = new Trial();

    private TargetName target;
    private Provider provider;
    private ProviderKey key;
    private Question question; // null where the target is asked in the caller's own words
    private Endpoint endpoint;
    private ConnectionPool pool; // null once the pool was told that it is over
    private UpstreamConnection connection;
    private HoldSettings hold;
    private boolean stream;
    private boolean asksForUsage; // in the caller's place

    private boolean acquiring; // what comes now comes at once
    private boolean replayed;
    private boolean committed;
    private boolean draining; // the caller has gone: nothing is passed on any more
    private int status;
    private String errorKind; // as the reply's head says it; null if it doesn't
    private ReplyVerdict verdict;
    private long retryAfterNanos;
    private boolean reusable;
    private boolean events;
    private boolean json; // by its own word
    private boolean watched; // the stream ends when the caller's budget is spent
    private Continuation continuation; // null where a stream that breaks is not continued
    private boolean splicing; // the reply goes on where another broke off

    Attempt(Exchange exchange, ExchangeLoop loop, DownstreamConnection downstream) {
        this.exchange = exchange;
        this.loop = loop;
        this.downstream = downstream;
        reader = new ReplyReader(loop);
        clock = new AttemptClock(loop.deadlines());
        head = new CallersHead(loop, downstream.context().alloc());
        relay = new ResponseRelay(downstream.context().alloc(), reader, loop.scratch());
    }

    /**
     * Begins; the exchange may hear of the end of it before this returns.
     *
     * @param question how the target is asked, if not in the caller's own words; takes it
     * @param continuation reads every event of a stream; null for none
     */
    void start(TargetName target, Provider provider, ProviderKey key, Question question,
            TimeoutSettings timeouts, long ticket, HoldSettings hold, boolean stream,
            boolean asksForUsage, Continuation continuation, long nowNanos) {
        this.question = question;
        this.continuation = continuation;
        splicing = false;
        begin(target, provider, key, timeouts, ticket, hold, stream, asksForUsage, nowNanos);
    }

    /** Begins to go on with the stream that broke off; the caller hears of it when they meet. */
    void goOn(TargetName target, Provider provider, ProviderKey key, Question question,
            TimeoutSettings timeouts, long ticket, boolean asksForUsage, long nowNanos) {
        this.question = question;
        splicing = true;
        relay.goOn();
        begin(target, provider, key, timeouts, ticket, HoldSettings.DEFAULT, true, asksForUsage,
                nowNanos);
    }

    private void begin(TargetName target, Provider provider, ProviderKey key,
            TimeoutSettings timeouts, long ticket, HoldSettings hold, boolean stream,
            boolean asksForUsage, long nowNanos) {
        this.target = target;
        this.asksForUsage = asksForUsage;
        this.provider = provider;
        this.key = key;
        this.hold = hold;
        this.stream = stream;
        endpoint = exchange.endpoint();
        clock.begin(timeouts, hold, stream, nowNanos);
        trial.begin(provider.health(target.model()), ticket, stream, nowNanos);
        replayed = false;
        committed = false;
        draining = false;
        reader.forget();
        status = 0;
        retryAfterNanos = RetryAfter.NONE;
        pool = loop.upstream().pool(provider);
        exchange.timing().enter(Stage.QUEUE, nowNanos);
        acquiring = true;
        pool.acquire(this, nowNanos);
        acquiring = false;
    }

    private void onSlot() {
        clock.onSlot(acquiring ? clock.startedNanos() : loop.deadlines().nowNanos());
        exchange.timing().enter(Stage.PROVIDER, clock.slotNanos());
    }

    /** Nothing of the exchange before may show in the next one. */
    void forget() {
        committed = false;
        question = null;
        reader.forget();
        status = 0;
        clock.forget();
    }

    TargetName target() {
        return target;
    }

    Provider provider() {
        return provider;
    }

    ProviderKey key() {
        return key;
    }

    /** How the target is asked; null if in the caller's own words. */
    Question question() {
        return question;
    }

    /** The status that the caller is told. */
    int shownStatus() {
        return question == null ? status : translation.status();
    }

    int status() {
        return status;
    }

    ReplyVerdict verdict() {
        return verdict;
    }

    long retryAfterNanos() {
        return retryAfterNanos;
    }

    boolean isCommitted() {
        return committed;
    }

    long startedNanos() {
        return clock.startedNanos();
    }

    /** When it had a slot, or began anew with it. */
    long slotNanos() {
        return clock.slotNanos();
    }

    long readyNanos() {
        return clock.readyNanos();
    }

    long headNanos() {
        return clock.headNanos();
    }

    long contentNanos() {
        return clock.contentNanos();
    }

    /** Events that were neither JSON nor anything else a stream may hold. */
    int malformedEvents() {
        return reader.malformedEvents();
    }

    /** Whether it goes on where another broke off. */
    boolean isSplicing() {
        return splicing;
    }

    /** Whether another attempt could go on where this one broke off. */
    boolean canBeContinued() {
        return continuation != null && committed && continuation.isPossible()
                && relay.canBeContinued();
    }

    /** Whether the usage of the stream is asked for in the caller's place. */
    boolean asksForUsage() {
        return asksForUsage;
    }

    /** Whether the provider takes that question for a mistake. */
    boolean isUsageQuestionRefused() {
        return asksForUsage && errorText().contains("stream_options");
    }

    /** Whether the request has gone out: from then on it may cost something. */
    boolean isSent() {
        return clock.readyNanos() != 0;
    }

    /** About how many tokens have come. */
    long passedTokens() {
        return reader.passedTokens();
    }

    /** Whether something of an answer has come, and no error in its place. */
    boolean hasAnswered() {
        return status / 100 == 2 && reader.isAnyAnswer();
    }

    /** What the provider reported; null if it has not. */
    TokenUsage usage() {
        return question == null || clock.headNanos() == 0 ? reader.usage()
                : reader.usageOf(translation.usage());
    }

    /** The beginning of an error reply's body. */
    String errorText() {
        return reader.errorText();
    }

    // Deadlines

    long remainingNanos(long nowNanos) {
        return clock.remainingNanos(nowNanos);
    }

    void onDeadline(long nowNanos) {
        if (clock.remainingNanos(nowNanos) > 0) {
            return; // it was due for something else
        }
        Fault fault = clock.expired(nowNanos);
        if (fault != null) {
            fail(fault, switch (fault) {
                case CONNECT_TIMEOUT -> "no connection in time";
                case TLS_TIMEOUT -> "the TLS handshake took too long";
                case HEAD_TIMEOUT -> "no response head in time";
                case FIRST_CONTENT_TIMEOUT -> "no content in time";
                default -> "the reply stopped coming";
            });
        } else if (hold.isTooSlow(reader.contentEvents(), hold.time())
                && exchange.isAnotherLeft()) {
            fail(Fault.TOO_SLOW, "fewer content events than the route asks for");
        } else {
            exchange.timing().enter(Stage.PROXY, nowNanos);
            commit(); // held for as long as the route wants
            downstream.flush();
        }
    }

    // The connection's events

    @Override
    public void onConnecting(UpstreamConnection connecting) {
        connection = connecting;
        if (clock.isWaitingForSlot()) {
            onSlot();
        }
        clock.onConnecting();
    }

    @Override
    public void onTlsStarted() {
        clock.onTlsStarted();
    }

    @Override
    public void onReady(UpstreamConnection ready) {
        connection = ready;
        if (clock.isWaitingForSlot()) {
            onSlot();
        }
        clock.onReady(acquiring ? clock.startedNanos() : loop.deadlines().nowNanos());
        exchange.timing().enter(Stage.PROXY, clock.readyNanos());
        try {
            exchange.send(this, ready);
        } catch (ProviderTypeException e) {
            clock.forget(); // nothing has been sent
            fail(e.fault(), e.getMessage());
            return;
        }
        exchange.timing().enter(Stage.PROVIDER, loop.deadlines().nowNanos());
    }

    @Override
    public void onHead(ResponseHead reply) {
        clock.onHead();
        status = reply.status();
        reusable = reply.isKeepAlive();
        errorKind = status < 400 ? null : provider.errorKind(reply);
        verdict = status < 400 ? status < 300 ? ReplyVerdict.GOOD : ReplyVerdict.FAULTY : null;
        boolean unreadable = verdict == ReplyVerdict.GOOD && reply.has(Field.CONTENT_ENCODING)
                && !reply.valueStartsWith(Field.CONTENT_ENCODING, "identity");
        events = verdict == ReplyVerdict.GOOD && !unreadable && isStream(reply);
        json = question == null && reply.valueStartsWith(Field.CONTENT_TYPE, "application/json");
        watched = events && exchange.isWatching();
        reader.begin(hold.contentEvents(), verdict == null, reply.contentLength(),
                events ? continuation : null, watched,
                events && asksForUsage && question == null);
        reader.expect(endpoint, events, question != null);
        Rewriter rewriter = question == null ? null : beginTranslation();
        if (splicing) {
            relay.goOn(reply, events, events ? rewriter : null);
            awaitBody();
            return;
        }
        relay.begin(reply, events, downstream.isHttp10(), rewriter);
        if (draining) {
            relay.drain();
            clock.awaitMore();
            return;
        }
        if (unreadable) {
            fail(Fault.BAD_RESPONSE, "a content coding that nobody asked for");
            return;
        }
        awaitBody();
        retryAfterNanos = status >= 400 ? RetryAfter.nanos(reply, Instant.now()) : RetryAfter.NONE;
        head.write(reply, relay, events, retryAfterNanos, question != null);
    }

    private void awaitBody() {
        if (events) {
            clock.awaitContent();
        } else {
            clock.awaitMore();
        }
    }

    private boolean isStream(ResponseHead reply) {
        return reply.valueStartsWith(Field.CONTENT_TYPE, question != null
                && question.upstream().isEventStream() ? "application/vnd.amazon.eventstream"
                : "text/event-stream");
    }

    private Rewriter beginTranslation() {
        question.release(); // it has been answered, and is not sent again
        if (translation == null) {
            translation = new ReplyTranslation(loop, downstream.context().alloc(), reader);
        }
        translation.begin(question, status, events);
        return translation;
    }

    @Override
    public void onBody(ByteBuf bytes) {
        clock.onBody();
        try {
            relay.take(bytes);
        } catch (HttpSyntaxException e) {
            fail(Fault.BAD_RESPONSE, e.getMessage());
            return;
        }
        if (draining) {
            if (relay.isEnded() || usage() != null && !usage().estimated()) {
                endDraining();
            }
        } else if (!committed) {
            judge();
        } else if (splicing && !writeSpliced()
                || reader.isErrorSeen() && (continuation != null || question != null)) {
            fail(splicing && continuation.isDiverged() ? Fault.DIVERGED : Fault.ERROR_IN_REPLY,
                    "the stream went wrong");
        } else if (relay.isEnded()) {
            end();
        } else if (watched && !reader.isFinished(exchange.choices()) && !exchange.mayGoOn(this)) {
            endAtLength();
        } else {
            keepPace();
        }
    }

    @Override
    public void onReadComplete() {
        if (committed && !draining) {
            downstream.flush();
            keepPace();
        }
    }

    /** Nothing is read that the caller has no room for. */
    private void keepPace() {
        if (!downstream.isWritable()) {
            downstream.flush(); // perhaps it only waits for that
            if (!downstream.isWritable()) {
                clock.pause();
                connection.setReading(false);
            }
        }
    }

    /** The caller has room again. */
    void resume() {
        if (clock.isPaused()) {
            clock.resume();
            connection.setReading(true);
        }
    }

    @Override
    public void onFailed(Fault fault, String detail) {
        boolean race = !draining && fault.isTransient() && clock.isWaitingForHead()
                && connection.isReused() && !connection.isReplyStarted() && !replayed;
        if (race) {
            // It was closed while it rested, and the request crossed that on its way.
            replayed = true;
            clock.onReconnect();
            acquiring = true;
            pool.reconnect(this);
            acquiring = false;
        } else if (fault == Fault.CLOSED && clock.headNanos() != 0 && relay.endAtClose()) {
            if (draining) {
                endDraining();
            } else if (committed) {
                end();
            } else {
                judge();
            }
        } else {
            fail(fault, detail);
        }
    }

    // What becomes of the reply

    private void judge() {
        if (question != null && translation.isTooLong()) {
            fail(Fault.BAD_RESPONSE, "the reply is too long to be translated");
        } else if (question != null && !events && !splicing && !relay.isEnded()) {
            return; // it is translated as a whole
        } else if (verdict != ReplyVerdict.GOOD) {
            if (relay.isEnded() || relay.heldBytes() >= MAX_ERROR_BYTES
                    || splicing && reader.payloadBytes() >= MAX_ERROR_BYTES) {
                if (verdict == null) {
                    verdict = provider.judge(key, status, errorKind, errorText());
                    noteWait();
                }
                trial.end(verdict.isProvidersFault(status), clock.lastReadNanos());
                exchange.onErrorReply(this);
            }
        } else if (splicing) {
            judgeSplice();
        } else if (events) {
            if (reader.isErrorSeen()) {
                fail(Fault.ERROR_IN_REPLY, "the stream opens with an error");
            } else if (reader.isContentSeen() || reader.isFinishSeen()
                    || relay.heldBytes() >= hold.bytes()) {
                commit();
            } else if (relay.isEnded()) {
                fail(Fault.NO_CONTENT, "the stream ended before its first content");
            }
        } else if (relay.isEnded() || relay.heldBytes() >= hold.bytes()) {
            if (reader.isErrorInside()) {
                fail(Fault.ERROR_IN_REPLY, "the reply holds an error");
            } else if (!reader.isAnyPayload() && relay.isEnded()) {
                fail(Fault.EMPTY_REPLY, "the reply is empty");
            } else if (json && relay.isEnded() && !reader.endsAsJson()) {
                fail(Fault.TRUNCATED, "the reply's JSON has no end");
            } else {
                commit();
            }
        }
    }

    /** The body may say how long to wait where the head doesn't. */
    private void noteWait() {
        if (retryAfterNanos == RetryAfter.NONE) {
            retryAfterNanos = provider.retryAfterNanos(status, errorText());
        }
    }

    private void judgeSplice() {
        if (!events) {
            fail(Fault.BAD_RESPONSE, "a stream was asked for, and something else came");
        } else if (reader.isErrorSeen()) {
            fail(Fault.ERROR_IN_REPLY, "the stream opens with an error");
        } else if (continuation.isDiverged()) {
            fail(Fault.DIVERGED, "the answer says something else");
        } else if (continuation.isJoined()) {
            committed = true;
            clock.onGood();
            trial.onGood(clock.contentNanos() - clock.slotNanos(), clock.contentNanos());
            exchange.onContinued(this);
            writeSpliced();
            if (relay.isEnded()) {
                end();
            } else {
                downstream.flush();
                keepPace();
            }
        } else if (relay.isEnded()) {
            fail(Fault.NO_CONTENT, "the stream ended before it went on");
        }
    }

    /** Writes what is new to the caller; returns whether all is well. */
    private boolean writeSpliced() {
        String fresh = continuation.takeEvents();
        if (!fresh.isEmpty()) {
            relay.write(fresh);
        }
        return !continuation.isDiverged() && !reader.isErrorSeen();
    }

    /** The reply goes to the caller from here on, whatever becomes of it. */
    void commit() {
        committed = true;
        clock.onGood();
        if (verdict == ReplyVerdict.GOOD && !events) {
            provider.load().onUnaryReply();
        } else if (verdict == ReplyVerdict.GOOD && reader.isContentSeen()) {
            provider.load().onFirstContent(clock.contentNanos() - clock.readyNanos());
        }
        trial.onGood(events && !reader.isContentSeen() ? -1
                : clock.contentNanos() - clock.slotNanos(), clock.contentNanos());
        reader.onCommit();
        boolean keepAlive = relay.framing() != ResponseRelay.Framing.NONE
                && downstream.decideKeepAlive();
        if (!keepAlive) {
            downstream.closeAfterAnswer();
        }
        if (question != null) {
            head.begin(shownStatus(), relay, events && !question.options().array());
        }
        HeadWriter out = loop.writer().clear();
        exchange.onCommit(this, out);
        if (!keepAlive) {
            out.text("connection: close\r\n");
        } else if (downstream.isHttp10()) {
            out.text("connection: keep-alive\r\n");
        }
        relay.commit(downstream.context(), head.take(out));
        if (relay.isEnded()) {
            end();
        } else if (clock.isPaused() || !downstream.isWritable()) {
            keepPace();
        }
    }

    /** Whether the stream has come to the end that its format wants. */
    private boolean isComplete() {
        return reader.isDoneSeen() || reader.isErrorSeen()
                || question == null && reader.isFinishSeen();
    }

    /** The reply has ended, and all of it is on its way to the caller. */
    private void end() {
        if (events && !isComplete()) {
            fail(Fault.TRUNCATED, "the stream ended without a finish reason");
            return;
        }
        if (splicing) {
            relay.write(exchange.lastEvents(continuation.identity()));
        } else if (events && !reader.isDoneSeen() && !reader.isErrorSeen()
                && endpoint.hasChunks()) {
            relay.append("data: [DONE]\n\n");
        }
        relay.end();
        clock.end();
        trial.end(reader.isErrorSeen(), clock.lastReadNanos());
        UpstreamConnection done = connection;
        connection = null;
        leavePool();
        done.release(reusable && !relay.hasExcess() && !relay.endsAtClose(),
                clock.lastReadNanos());
        exchange.onEnded(this, reader.isErrorSeen());
    }

    /** The caller's budget is spent: ends the stream as one that has come to its longest. */
    private void endAtLength() {
        String end = lastEvents();
        if (end == null) {
            closeConnection();
            exchange.onBudgetSpentInside(this);
            return;
        }
        relay.cut(end);
        relay.end();
        closeConnection();
        exchange.onBudgetSpent(this);
    }

    /** What ends the stream at the length that it may have; null if nothing does. */
    private String lastEvents() {
        if (endpoint.hasChunks()) {
            ChatStream.Identity told = reader.identity();
            return ChatStream.endAtLength(told == null ? exchange.identity() : told,
                    exchange.isText(), exchange.choices());
        }
        TokenUsage usage = exchange.cameTo(this);
        ReplyUsage counted = new ReplyUsage(usage.prompt(), usage.completion(), usage.cached(), 0,
                usage.reasoning());
        return question == null ? reader.endAtLength(counted) : translation.endAtLength(counted);
    }

    /** The attempt is over without a whole reply. */
    private void fail(Fault fault, String detail) {
        boolean saidAll = committed && reader.isDoneSeen() && fault != Fault.DIVERGED
                && (!splicing || reader.isFinishSeen());
        trial.end(!draining && !saidAll && fault.isProvidersFault(), loop.deadlines().nowNanos());
        if (draining) {
            endDraining();
        } else if (!committed) {
            abandon();
            exchange.onFault(this, fault, detail);
        } else if (saidAll) {
            if (splicing) {
                relay.write(exchange.lastEvents(continuation.identity()));
            }
            relay.end(); // all was said: only the framing is missing
            closeConnection();
            exchange.onEnded(this, false);
        } else {
            closeConnection();
            exchange.onBroken(this, fault, detail);
        }
    }

    /** The caller has gone: reads on what has been asked for, if it has. Returns whether. */
    boolean tryDrain() {
        if (clock.isOver() || clock.readyNanos() == 0) {
            return false;
        }
        draining = true;
        if (clock.isWaitingForContent()) {
            clock.awaitMore(); // nothing will be committed
        }
        head.discard();
        relay.drain();
        resume();
        return true;
    }

    private void endDraining() {
        abandon();
        exchange.onDrained(this);
    }

    /** Writes the last word into a stream that broke off. */
    void cut(Failure why, String attempts) {
        if (splicing) {
            relay.cut(ErrorBody.openAiEvent(why, attempts));
        } else if (events) {
            relay.cut(question != null ? translation.lastWord(why, attempts)
                    : ErrorBody.event(endpoint.format(), why, attempts,
                            reader.watchedEvents()));
        }
        relay.discard();
    }

    /** Gives up: the connection closes at once, unless its reply has been read to the end. */
    void abandon() {
        boolean whole = connection != null && clock.headNanos() != 0 && (!committed || draining)
                && relay.isEnded() && !clock.isOver();
        head.discard();
        relay.discard();
        releaseQuestion();
        trial.end(false, clock.lastReadNanos());
        if (whole) {
            clock.end();
            UpstreamConnection done = connection;
            connection = null;
            leavePool();
            done.release(reusable && !relay.hasExcess() && !relay.endsAtClose(),
                    clock.lastReadNanos());
        } else {
            closeConnection();
        }
    }

    private void closeConnection() {
        if (clock.isWaitingForSlot() && pool != null) {
            pool.cancel(this);
            pool = null;
        }
        clock.end();
        releaseQuestion();
        trial.end(false, clock.lastReadNanos());
        UpstreamConnection gone = connection;
        connection = null;
        leavePool();
        if (gone != null) {
            gone.close();
        }
    }

    private void releaseQuestion() {
        if (question != null) {
            question.release();
            if (translation != null) {
                translation.release();
            }
        }
    }

    private void leavePool() {
        if (pool != null) {
            pool.onDone();
            pool = null;
        }
    }

    /** The exchange's time is up: the provider's fault if it had most of it to itself. */
    void onTimeUp(long nowNanos) {
        trial.end(clock.isMostOfTotal(nowNanos) && !draining, nowNanos);
    }

    /** A further try of the same provider: whether its budget allows one. */
    boolean tryTakeRetry() {
        return loop.upstream().pool(provider).retryBudget().tryTake();
    }
}
