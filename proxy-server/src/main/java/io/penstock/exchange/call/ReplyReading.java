package io.penstock.exchange.call;

import io.netty.buffer.ByteBuf;
import io.penstock.failure.Failure;
import io.penstock.failure.Fault;
import io.penstock.relay.ResponseRelay;
import io.penstock.relay.Rewriter;
import io.penstock.usage.TokenUsage;

/**
 * What is learnt of one reply while it goes by, and what follows from it. Each kind of reply is a
 * class of its own; the engine asks it after every read, and tells it of the commit only.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Buffers:</b> borrows what it observes; what it keeps goes with {@link #release}.
 */
public abstract class ReplyReading implements ResponseRelay.Observer {
    private Fault fault;
    private String detail;

    /** Says why the reply is of no use. */
    protected final Judgement fail(Fault why, String what) {
        fault = why;
        detail = what;
        return Judgement.FAILED;
    }

    /** Why the reply is of no use; set with {@link Judgement#FAILED}. */
    public final Fault fault() {
        return fault;
    }

    /** Why the reply is of no use, in words for the operator's log. */
    public final String detail() {
        return detail;
    }

    // How the body passes

    /** The observer of the payload as it passes. */
    public ResponseRelay.Observer observer() {
        return this;
    }

    /** Whether the body is a stream of events, of which only whole ones pass. */
    public boolean isEvents() {
        return false;
    }

    /** What makes the caller's body from the provider's; null where the provider's bytes pass. */
    public Rewriter rewriter() {
        return null;
    }

    /** Whether the caller is told a stream of events, and not one JSON text in pieces. */
    public boolean isShownAsEvents() {
        return isEvents();
    }

    /** Whether the reply is the provider's error, whose text decides what follows. */
    public boolean isError() {
        return false;
    }

    /** The status that the caller is told for the provider's {@code status}. */
    public int shownStatus(int status) {
        return status;
    }

    // What follows

    /**
     * Judges a reply of which the caller has nothing yet.
     *
     * @param ended the body came to its proper end
     * @param heldBytes of the body that wait for the commit
     */
    public abstract Judgement judge(boolean ended, int heldBytes);

    /** Judges a reply that goes to the caller. */
    public Judgement judgeMore(boolean ended) {
        return ended ? Judgement.END : Judgement.WAIT;
    }

    /** The caller gets the reply from here on. */
    public void onCommit() {}

    /** Takes events that were made here in place of the provider's; empty if there are none. */
    public String takeMade() {
        return "";
    }

    /** Whether a stream that has ended is complete by the rules of its format. */
    public boolean isComplete() {
        return true;
    }

    /** Whether the provider has sent all of its answer, whatever becomes of the connection. */
    public boolean hasSaidAll() {
        return false;
    }

    /** Whether the reply ended with an error event. */
    public boolean isErrorSeen() {
        return false;
    }

    /**
     * What has to be written behind a stream that ended well; null for nothing.
     *
     * @param inAll what all parts of the answer came to; null unless this is a {@linkplain
     *     #isSpliced splice}
     */
    public String closing(TokenUsage inAll) {
        return null;
    }

    /** Whether the events that the caller gets are made here, and the provider's kept back. */
    public boolean isSpliced() {
        return false;
    }

    /** The event that ends a stream which broke off, in the caller's format; null if none can. */
    public String lastWord(Failure why, String attempts) {
        return null;
    }

    /**
     * The events that end a stream in order at the length that it may have; null if none can.
     *
     * @param cameTo what the reply has used so far
     */
    public String endAtLength(TokenUsage cameTo) {
        return null;
    }

    /** Whether another target may continue this reply, should it break off. */
    public boolean canBeContinuedLater() {
        return false;
    }

    /** Whether another target could continue this reply, which broke off just now. */
    public boolean canBeContinued() {
        return false;
    }

    // What was learnt

    /** Whether a stream has shown as much content as its route wants to see. */
    public boolean isContentSeen() {
        return false;
    }

    /** Content events so far; no more are counted than the route wants to see. */
    public int contentEvents() {
        return 0;
    }

    /** Whether some of an answer has come, and not an error in its place. */
    public boolean isAnswered() {
        return false;
    }

    /** About how many tokens of the answer have come. */
    public long passedTokens() {
        return 0;
    }

    /** What the provider reported; null if nothing so far. */
    public TokenUsage usage() {
        return null;
    }

    /** Events that were no JSON where JSON should be; they went no further. */
    public int malformedEvents() {
        return 0;
    }

    /** The beginning of an error reply's body; empty for any other reply. */
    public String errorText() {
        return "";
    }

    /** Releases what was kept; harmless if there is nothing. */
    public void release() {}

    // The observer's part, where there is no stream

    @Override
    public boolean onEvent(ByteBuf buffer, int index, int length) {
        throw new AssertionError("this reply is no stream");
    }

    @Override
    public void onOversizedEvent() {
        throw new AssertionError("this reply is no stream");
    }

    @Override
    public void onPayload(ByteBuf buffer, int index, int length) {
        throw new AssertionError("this reply is a stream");
    }
}
