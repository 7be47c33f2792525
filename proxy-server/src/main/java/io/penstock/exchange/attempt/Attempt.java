package io.penstock.exchange.attempt;

import io.netty.buffer.ByteBuf;
import io.penstock.exchange.call.Ask;
import io.penstock.exchange.call.AttemptFigures;
import io.penstock.exchange.call.Call;
import io.penstock.exchange.call.CallLoop;
import io.penstock.exchange.call.Leg;
import io.penstock.exchange.call.ReplyReading;
import io.penstock.exchange.call.ReplySource;
import io.penstock.exchange.call.Timing;
import io.penstock.exchange.call.Timing.Stage;
import io.penstock.exchange.call.Waiting;
import io.penstock.failure.Failure;
import io.penstock.failure.Fault;
import io.penstock.http.Field;
import io.penstock.http.HeadWriter;
import io.penstock.http.HttpSyntaxException;
import io.penstock.http.ResponseHead;
import io.penstock.listen.DownstreamStream;
import io.penstock.provider.ReplyVerdict;
import io.penstock.relay.ResponseRelay;
import io.penstock.route.Route.TargetName;
import io.penstock.upstream.ConnectionPool;
import io.penstock.upstream.Provider;
import io.penstock.upstream.ProviderTypeException;
import io.penstock.upstream.ReplyListener;
import io.penstock.upstream.RetryAfter;
import io.penstock.upstream.Trial;
import io.penstock.upstream.UpstreamStream;
import io.penstock.usage.TokenUsage;
import java.time.Instant;
import java.util.EnumSet;
import java.util.Set;

/**
 * One try at one target: asks for a connection, sends the request, and holds the reply until its
 * {@link ReplyReading} says that the reply is good. The {@link AttemptListener} is told, and
 * decides whether the reply is committed or another target is asked.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Buffers:</b> owns the head for the caller and, through its relay, what is held of the
 * body; {@link #abandon} releases them, and the connection.
 * <br>The provider dies: {@link AttemptListener#onFault} or {@link AttemptListener#onBroken}, once.
 * The caller dies: the exchange abandons the attempt, which closes the connection at once.
 */
public final class Attempt implements ReplyListener, AttemptFigures, ReplySource {
    private static final Set<Field> NONE = EnumSet.noneOf(Field.class);

    private enum State {
        /** Waits for a slot. */
        QUEUED,
        /** Has a slot, and waits for a connection. */
        CONNECTING,
        /** The request is out, or on its way. */
        ASKING,
        /** A reply comes, of which the caller has nothing. */
        HELD,
        /** The reply goes to the caller. */
        COMMITTED,
        /** The caller has gone; the reply is read on, to learn its usage. */
        DRAINING,
        OVER
    }

    private final Ask ask;
    private final Call call;
    private final CallLoop loop;
    private final DownstreamStream downstream;
    private final AttemptListener listener;
    private final Timing timing;
    private final AttemptClock clock;
    private final CallersHead head;
    private final Trial trial = new Trial();

    private State state = State.QUEUED;
    private ConnectionPool pool; // null once the pool was told that it is over
    private UpstreamStream connection;
    private boolean acquiring; // inside pool.acquire(): callbacks are synchronous, time is known
    private boolean replayed;
    private Upload upload; // null where all of the request was kept

    private final ReplyReading begun; // of which the caller has some; null but for a continuation
    private ReplyReading reading; // null until the head of a reply came
    private ResponseRelay relay; // null until then, but for one taken over
    private int status;
    private String errorKind; // as the reply's head says it; null if it doesn't
    private ReplyVerdict verdict; // null for an error that has yet to be judged
    private long retryAfterNanos = RetryAfter.NONE;
    private boolean reusable;
    private boolean named; // the reply by a request-id of its provider's
    private boolean committed;
    private TokenUsage booked;
    private long bookedNanoDollars;

    /**
     * An attempt that has yet to {@linkplain #start start}.
     *
     * @param broken whose answer this attempt should continue; null for a reply of its own
     */
    public Attempt(Ask ask, Call call, CallLoop loop, DownstreamStream downstream,
            AttemptListener listener, Timing timing, Attempt broken, long nowNanos) {
        this.ask = ask;
        this.call = call;
        this.loop = loop;
        this.downstream = downstream;
        this.listener = listener;
        this.timing = timing;
        clock = new AttemptClock(loop.deadlines(), ask.candidate().timeouts(), ask.hold(),
                call.isStream(), loop.gapsOf(ask.target().provider()), nowNanos);
        head = new CallersHead(loop, downstream);
        if (broken == null) {
            begun = null;
        } else {
            begun = broken.committed ? broken.reading : broken.begun;
            relay = broken.relay;
            relay.goOn();
        }
    }

    private void moveTo(State next) {
        if (state == State.OVER && next != State.OVER) {
            throw new IllegalStateException("over, and becomes " + next);
        }
        state = next;
    }

    /** Asks the pool for a connection; the attempt may be over before this returns. */
    public void start() {
        if (ask.isRouted()) {
            trial.begin(ask.candidate().health(), ask.candidate().ticket(), call.isStream(),
                    clock.startedNanos());
        }
        timing.enter(Stage.QUEUE, clock.startedNanos());
        pool = loop.upstream().pool(ask.provider());
        acquiring = true;
        pool.acquire(this, clock.startedNanos());
        acquiring = false;
    }

    // What it is, and how far it came

    @Override
    public Ask ask() {
        return ask;
    }

    public TargetName target() {
        return ask.target();
    }

    public Provider provider() {
        return ask.provider();
    }

    /** What was learnt of the reply; null while there is none. */
    public ReplyReading reading() {
        return reading;
    }

    /** The status of the provider's reply; 0 while there is none. */
    @Override
    public int status() {
        return status;
    }

    /** Whether the reply's head has a {@code request-id}, Anthropic's field, of its own. */
    public boolean isNamed() {
        return named;
    }

    /** The status that the caller is told. */
    public int shownStatus() {
        return reading == null ? status : reading.shownStatus(status);
    }

    /** What the reply says about who should be asked next; null without a reply. */
    public ReplyVerdict verdict() {
        return status == 0 ? null : verdict;
    }

    /** How long an error reply asks to wait, or {@link RetryAfter#NONE}. */
    public long retryAfterNanos() {
        return retryAfterNanos;
    }

    /** Whether the caller has got some of the reply. */
    public boolean isCommitted() {
        return committed;
    }

    /** Whether the request has gone out: from then on it may cost something. */
    public boolean isSent() {
        return clock.readyNanos() != 0;
    }

    /** Whether another attempt could continue the answer of this one. */
    public boolean canBeContinued() {
        return committed && reading.canBeContinued() && relay.canBeContinued();
    }

    /** Whether some of an answer has come, and not an error in its place. */
    public boolean hasAnswered() {
        return status / 100 == 2 && reading != null && reading.isAnswered();
    }

    /** About how many tokens have come. */
    public long passedTokens() {
        return reading == null ? 0 : reading.passedTokens();
    }

    /** What the provider reported; null if nothing so far. */
    public TokenUsage usage() {
        return reading == null ? null : reading.usage();
    }

    /** The beginning of an error reply's body. */
    public String errorText() {
        return reading == null ? "" : reading.errorText();
    }

    /** Notes what was booked for this attempt. */
    public void onBooked(TokenUsage part, long nanoDollars) {
        booked = part;
        bookedNanoDollars = nanoDollars;
    }

    @Override
    public TokenUsage booked() {
        return booked;
    }

    @Override
    public boolean isReplayed() {
        return replayed;
    }

    @Override
    public long bookedNanoDollars() {
        return bookedNanoDollars;
    }

    @Override
    public long startedNanos() {
        return clock.startedNanos();
    }

    @Override
    public long slotNanos() {
        return clock.slotNanos();
    }

    @Override
    public long readyNanos() {
        return clock.readyNanos();
    }

    @Override
    public long headNanos() {
        return clock.headNanos();
    }

    @Override
    public long contentNanos() {
        return clock.contentNanos();
    }

    @Override
    public long endedNanos() {
        return clock.endedNanos();
    }

    /** What the attempt waits for, while it is not over. */
    public Waiting waiting() {
        return clock.waiting();
    }

    /** Since when the attempt waits for that. */
    public long waitingSinceNanos() {
        return clock.waitingSinceNanos();
    }

    // Deadlines

    /** Nanoseconds until the attempt's next deadline. */
    public long remainingNanos(long nowNanos) {
        return upload != null && upload.isOn() ? upload.remainingNanos(nowNanos)
                : clock.remainingNanos(nowNanos);
    }

    /** Fails or commits the attempt if its time is up. */
    public void onDeadline(long nowNanos) {
        if (remainingNanos(nowNanos) > 0) {
            return; // it was due for something else
        }
        if (upload != null && upload.isOn()) {
            if (upload.isStuck(nowNanos)) {
                fail(Fault.GAP_TIMEOUT, "the provider stopped taking the request");
            }
            return;
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
        } else if (ask.hold().isTooSlow(reading.contentEvents(), ask.hold().time())
                && listener.isAnotherLeft()) {
            fail(Fault.TOO_SLOW, "fewer content events than the route asks for");
        } else {
            timing.enter(Stage.PROXY, nowNanos);
            commit(); // held for as long as the route wants
            downstream.flush();
        }
    }

    /** The exchange's time is up: a fault of this provider if most of that time was its own. */
    public void onTimeUp(long nowNanos) {
        trial.end(clock.isMostOfTotal(nowNanos) && state != State.DRAINING, nowNanos);
    }

    // The connection, and the request

    @Override
    public void onConnecting(UpstreamStream connecting) {
        connection = connecting;
        takeSlot();
        clock.onConnecting();
    }

    private void takeSlot() {
        if (state == State.QUEUED) {
            moveTo(State.CONNECTING);
            clock.onSlot(acquiring ? clock.startedNanos() : loop.deadlines().nowNanos());
            timing.enter(Stage.PROVIDER, clock.slotNanos());
        }
    }

    @Override
    public void onTlsStarted() {
        clock.onTlsStarted();
    }

    @Override
    public void onReady(UpstreamStream ready) {
        connection = ready;
        takeSlot();
        if (call.wantsFreshConnection() && ready.isReused()) {
            connection = null;
            ready.release(true, loop.deadlines().nowNanos());
            reconnect();
            return;
        }
        moveTo(State.ASKING);
        clock.onReady(acquiring ? clock.startedNanos() : loop.deadlines().nowNanos());
        timing.enter(Stage.PROXY, clock.readyNanos());
        try {
            ask.request().send(ask, ready);
        } catch (ProviderTypeException e) {
            clock.onUnsent();
            fail(e.fault(), e.getMessage());
            return;
        }
        if (call.isUploading()) {
            upload = new Upload(ready, downstream, loop.deadlines(), call.uploadsChunks(),
                    ask.candidate().timeouts().gap().toNanos());
            upload.keepPace();
        }
        timing.enter(Stage.PROVIDER, loop.deadlines().nowNanos());
        ready.flush(); // which may be the end of it all
    }

    /** Asks for another connection, in the slot that the attempt has. */
    private void reconnect() {
        moveTo(State.CONNECTING);
        clock.onReconnect();
        acquiring = true;
        pool.reconnect(this);
        acquiring = false;
    }

    /** Sends the next bytes of the body; takes them. */
    public void upload(ByteBuf bytes) {
        upload.send(bytes);
    }

    /** All that could be read of the body for now is queued. */
    public void flushUpload() {
        if (upload != null) {
            upload.flush();
        }
    }

    /** The request is whole: from here on a reply, or more of it, is waited for. */
    public void endUpload() {
        UpstreamStream to = connection;
        upload.end();
        if (clock.headNanos() == 0) {
            clock.onSent(loop.deadlines().nowNanos());
        } else if (!clock.isPaused()) {
            clock.resume(); // while some of the request was to come, silence was in order
        }
        to.flush();
    }

    /** Sends no more of the request. */
    public void stopUpload() {
        if (upload != null) {
            upload.stop();
        }
    }

    @Override
    public void onWritable() {
        if (upload != null && upload.isOn()) {
            upload.onWritable();
        }
    }

    @Override
    public void onOutputBroken() {
        listener.onRequestUnwanted();
        if (!committed) {
            clock.resume();
            clock.awaitMore();
        } else if (!clock.isPaused()) {
            clock.resume(); // the gap did not count while the upload went on
        }
    }

    // The reply

    @Override
    public void onReplyHead(ResponseHead came) {
        clock.onHead();
        status = came.status();
        reusable = came.isKeepAlive();
        named = came.has(Field.REQUEST_ID);
        if (status == 101) {
            upgrade(came);
            return;
        }
        reading = ask.request().read(came, ask);
        errorKind = status < 400 ? null : provider().errorKind(came);
        verdict = !reading.isError() ? ReplyVerdict.GOOD
                : status < 400 ? ReplyVerdict.FAULTY : null;
        if (status >= 400) {
            retryAfterNanos = RetryAfter.nanos(came, Instant.now());
            listener.onRequestUnwanted();
        }
        if (ask.continues()) {
            relay.goOn(came, reading.isEvents(), reading.isEvents() ? reading.rewriter() : null);
            moveTo(State.HELD);
            awaitBody();
            return;
        }
        boolean bodiless = came.isBodiless() || call.isHead();
        relay = new ResponseRelay(downstream.allocator(), reading.observer(), loop.scratch());
        relay.begin(came, bodiless, reading.isEvents(), downstream.takesChunks(),
                reading.rewriter());
        if (state == State.DRAINING) {
            relay.drain();
            clock.awaitMore();
            return;
        }
        moveTo(State.HELD);
        awaitBody();
        head.write(came, relay, reading.isEvents(),
                ask.isRouted() ? retryAfterNanos : RetryAfter.NONE, reading.rewriter() != null,
                bodiless);
    }

    private void awaitBody() {
        if (reading.isEvents()) {
            clock.awaitContent();
        } else {
            clock.awaitMore();
        }
    }

    @Override
    public void onReplyBody(ByteBuf bytes) {
        clock.onBody();
        try {
            relay.take(bytes);
        } catch (HttpSyntaxException e) {
            fail(Fault.BAD_RESPONSE, e.getMessage());
            return;
        }
        switch (state) {
            case DRAINING -> {
                if (relay.isEnded() || usage() != null && !usage().estimated()) {
                    endDraining();
                }
            }
            case HELD -> judge();
            default -> goOn();
        }
    }

    private void judge() {
        switch (reading.judge(relay.isEnded(), relay.heldBytes())) {
            case COMMIT -> commit();
            case JOIN -> join();
            case ERROR_REPLY -> onErrorReply();
            case FAILED -> fail(reading.fault(), reading.detail());
            default -> { }
        }
    }

    private void onErrorReply() {
        if (verdict == null) {
            verdict = provider().judge(ask.key(), status, errorKind, errorText());
            if (retryAfterNanos == RetryAfter.NONE) {
                retryAfterNanos = provider().retryAfterNanos(status, errorText());
            }
        }
        trial.end(verdict.isProvidersFault(status), clock.lastReadNanos());
        listener.onErrorReply(this);
    }

    /** More of a committed reply has come. */
    private void goOn() {
        writeMade();
        switch (reading.judgeMore(relay.isEnded())) {
            case END -> end();
            case FAILED -> fail(reading.fault(), reading.detail());
            case METER -> {
                if (listener.tryGoOn(this)) {
                    keepPace();
                } else {
                    endAtLength();
                }
            }
            default -> keepPace();
        }
    }

    private void writeMade() {
        String made = reading.takeMade();
        if (!made.isEmpty()) {
            relay.write(made);
        }
    }

    @Override
    public void onReplyBodyRead() {
        if (state == State.COMMITTED) {
            downstream.flush();
            keepPace();
        }
    }

    /** Stops reading from the provider while the caller has no room. */
    private void keepPace() {
        if (!downstream.isWritable()) {
            downstream.flush(); // perhaps it only waits for that
            if (connection != null && !downstream.isWritable()) {
                clock.pause();
                connection.setReading(false);
            }
        }
    }

    /** Reads from the provider again: the caller has room. */
    @Override
    public void resume() {
        if (clock.isPaused()) {
            clock.resume();
            connection.setReading(true);
        }
    }

    /** Commits the reply: it goes to the caller from here on. */
    public void commit() {
        if (reading.isError()) {
            provider().maskKeys(relay.held());
        }
        becomeGood();
        HeadWriter out = loop.writer().clear();
        if (reading.rewriter() != null) {
            out.text(reading.isShownAsEvents() ? "content-type: text/event-stream\r\n"
                    : "content-type: application/json\r\n");
        }
        listener.onCommit(this, out);
        head.send(shownStatus(), out, relay);
        relay.commit(downstream);
        if (relay.isEnded()) {
            end();
        } else if (clock.isPaused() || !downstream.isWritable()) {
            keepPace();
        }
    }

    private void becomeGood() {
        moveTo(State.COMMITTED);
        committed = true;
        clock.onGood();
        boolean events = reading.isEvents();
        if (verdict == ReplyVerdict.GOOD && ask.isRouted()) {
            if (!events) {
                provider().load().onUnaryReply();
            } else if (reading.isContentSeen() && !ask.continues()) {
                provider().load().onFirstContent(clock.contentNanos() - clock.readyNanos());
            }
        }
        trial.onGood(events && reading.isContentSeen() || !events && !call.isStream()
                ? clock.contentNanos() - clock.slotNanos() : -1, clock.contentNanos());
        reading.onCommit();
    }

    /** The answer continues the one that the caller has begun to get. */
    private void join() {
        becomeGood();
        listener.onJoin(this);
        writeMade();
        if (relay.isEnded()) {
            end();
        } else {
            downstream.flush();
            keepPace();
        }
    }

    /** Ends a reply of which all is on its way to the caller. */
    private void end() {
        if (!reading.isComplete()) {
            fail(Fault.TRUNCATED, "the stream ended without a finish reason");
            return;
        }
        writeClosing();
        relay.end();
        giveBack();
        listener.onEnd(this, reading.isErrorSeen());
    }

    private void writeClosing() {
        String closing = reading.closing(reading.isSpliced() ? listener.cameToInAll(this) : null);
        if (closing == null) {
            return;
        }
        if (reading.isSpliced()) {
            relay.write(closing);
        } else {
            relay.append(closing);
        }
    }

    /** Ends the stream as one that reached its length, since the caller's budget is spent. */
    private void endAtLength() {
        String end = reading.endAtLength(listener.cameTo(this));
        if (end != null) {
            relay.cut(end);
            relay.end();
        }
        closeConnection();
        listener.onBudgetSpent(this, end != null);
    }

    // The end of the attempt

    @Override
    public void onFailed(Fault fault, String detail) {
        stopUpload();
        boolean crossed = state == State.ASKING && fault.isTransient() && connection.isReused()
                && !connection.isReplyStarted() && !replayed && call.isReplayable()
                && call.isRepeatable();
        if (crossed) {
            // The provider closed the idle connection just as the request was written to it.
            replayed = true;
            reconnect();
        } else if (fault == Fault.CLOSED && clock.headNanos() != 0 && relay.endAtClose()) {
            switch (state) {
                case DRAINING -> endDraining();
                case HELD -> judge();
                default -> end();
            }
        } else {
            fail(fault, detail);
        }
    }

    /** Ends the attempt without a whole reply. */
    private void fail(Fault fault, String detail) {
        boolean saidAll = committed && fault != Fault.DIVERGED && reading.hasSaidAll();
        trial.end(state != State.DRAINING && (saidAll ? reading.isErrorSeen()
                : fault.isProvidersFault()), loop.deadlines().nowNanos());
        if (state == State.DRAINING) {
            endDraining();
        } else if (!committed) {
            abandon();
            listener.onFault(this, fault, detail);
        } else if (saidAll) {
            writeClosing();
            relay.end(); // all was said: only the framing is missing
            closeConnection();
            listener.onEnd(this, reading.isErrorSeen());
        } else {
            closeConnection();
            listener.onBroken(this, fault, detail);
        }
    }

    /** Reads on for the usage after the caller has left; returns false if nothing was sent. */
    public boolean tryDrain() {
        if (state == State.OVER || !isSent()) {
            return false;
        }
        moveTo(State.DRAINING);
        if (clock.isWaitingForContent()) {
            clock.awaitMore(); // nothing will be committed
        }
        head.discard();
        if (relay != null) {
            relay.drain();
        }
        resume();
        return true;
    }

    private void endDraining() {
        abandon();
        listener.onDrained(this);
    }

    /** Writes the last word into a stream that broke off. */
    @Override
    public void cut(Failure why, String attempts) {
        ReplyReading last = reading != null && reading.isEvents() ? reading : begun;
        String word = last == null ? null : last.lastWord(why, attempts);
        if (word != null) {
            relay.cut(word);
        }
    }

    /** Ends the attempt: its connection closes at once, unless the reply was read to the end. */
    @Override
    public void abandon() {
        boolean whole = connection != null && clock.headNanos() != 0
                && (!committed || state == State.DRAINING) && relay.isEnded()
                && state != State.OVER;
        head.discard();
        if (relay != null) {
            relay.discard();
        }
        if (whole) {
            giveBack();
        } else {
            closeConnection();
        }
    }

    /** Gives the connection back: the reply has been read to its end. */
    private void giveBack() {
        over(reading.isErrorSeen() && committed);
        boolean clean = reusable && !relay.hasExcess() && !relay.endsAtClose()
                && call.isWhollySent();
        UpstreamStream done = connection;
        connection = null;
        leavePool();
        done.release(clean, clock.lastReadNanos());
    }

    private void closeConnection() {
        if (state == State.QUEUED && pool != null) {
            pool.cancel(this);
            pool = null;
        }
        over(false);
        UpstreamStream gone = connection;
        connection = null;
        leavePool();
        if (gone != null) {
            gone.close();
        }
    }

    private void over(boolean failed) {
        moveTo(State.OVER);
        clock.end();
        stopUpload();
        ask.request().release();
        if (reading != null) {
            reading.release();
        }
        trial.end(failed, clock.lastReadNanos());
    }

    private void leavePool() {
        if (pool != null) {
            pool.onDone();
            pool = null;
        }
    }

    /** The leg to that provider, of a reply that leaves HTTP. */
    public Leg upgrade(UpstreamStream provider, Leg.Listener to) {
        return ask.request().upgrade(provider, downstream, reading, loop.deadlines(), to);
    }

    private void upgrade(ResponseHead came) {
        reading = ask.request().read(came, ask);
        verdict = ReplyVerdict.GOOD;
        moveTo(State.COMMITTED);
        committed = true;
        clock.onGood();
        trial.onGood(-1, clock.headNanos());
        HeadWriter out = loop.writer().clear();
        came.writeDownstreamFields(out, NONE);
        listener.onCommit(this, out);
        downstream.writeUpgrade("websocket", downstream.fields(out, 0));
        downstream.flush();
        UpstreamStream provider = connection;
        connection = null;
        clock.end();
        listener.onUpgrade(this, provider);
    }
}
