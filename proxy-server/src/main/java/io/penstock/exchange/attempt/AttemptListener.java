package io.penstock.exchange.attempt;

import io.penstock.failure.Fault;
import io.penstock.http.HeadWriter;
import io.penstock.upstream.UpstreamStream;
import io.penstock.usage.TokenUsage;

/** Hears what becomes of an attempt, on the exchange's event loop, and decides what follows. */
public interface AttemptListener {
    /** The attempt brought no reply; it has let go of everything. */
    void onFault(Attempt failed, Fault fault, String detail);

    /** The attempt brought an error reply, all of it held, or as much as is kept. */
    void onErrorReply(Attempt failed);

    /**
     * An answer came, or the connection takes no more: what is still sent of the request is of no
     * more use.
     */
    void onRequestUnwanted();

    /** The reply goes to the caller; writes the field lines that only now are known. */
    void onCommit(Attempt good, HeadWriter out);

    /** The attempt continues the answer that the caller has begun to get. */
    void onJoin(Attempt next);

    /** The reply went to the caller to its end. */
    void onEnd(Attempt good, boolean withError);

    /** The reply that the caller gets broke off. */
    void onBroken(Attempt broken, Fault fault, String detail);

    /** More of a stream has come that a spent budget ends: whether there is room for it. */
    boolean tryGoOn(Attempt running);

    /** What a running attempt has come to. */
    TokenUsage cameTo(Attempt running);

    /** What all parts of the answer have come to, the running attempt's included. */
    TokenUsage cameToInAll(Attempt running);

    /** The caller's budget is spent; {@code inOrder} tells whether the stream could be ended so. */
    void onBudgetSpent(Attempt cut, boolean inOrder);

    /** The reply that the caller did not wait for has told its usage, or will not. */
    void onDrained(Attempt drained);

    /** Both sides speak another protocol from here on, as the caller knows. Takes it. */
    void onUpgrade(Attempt upgraded, UpstreamStream provider);

    /** Whether a further target could be asked. */
    boolean isAnotherLeft();
}
