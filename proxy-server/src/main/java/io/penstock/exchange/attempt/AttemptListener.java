package io.penstock.exchange.attempt;

import io.penstock.failure.Fault;
import io.penstock.http.HeadWriter;
import io.penstock.upstream.UpstreamStream;
import io.penstock.usage.TokenUsage;

/** Is told the outcome of an attempt, on the exchange's event loop, and decides what follows. */
public interface AttemptListener {
    /** The attempt brought no reply; it has released everything. */
    void onFault(Attempt failed, Fault fault, String detail);

    /** The attempt brought an error reply, all of it held, or as much as is kept. */
    void onErrorReply(Attempt failed);

    /** The rest of the request is not needed: a reply came, or the connection takes no more. */
    void onRequestUnwanted();

    /** The reply goes to the caller; writes the field lines that only now are known. */
    void onCommit(Attempt good, HeadWriter out);

    /** The attempt continues the answer that the caller has begun to get. */
    void onJoin(Attempt next);

    /** The reply went to the caller to its end. */
    void onEnd(Attempt good, boolean withError);

    /** The reply that the caller gets broke off. */
    void onBroken(Attempt broken, Fault fault, String detail);

    /** Whether the budget has room for more of a stream that a spent budget ends. */
    boolean tryGoOn(Attempt running);

    /** The usage of a running attempt so far. */
    TokenUsage cameTo(Attempt running);

    /** The usage of all parts of the answer, the running attempt's included. */
    TokenUsage cameToInAll(Attempt running);

    /** The caller's budget is spent; {@code inOrder} tells whether the stream could be ended so. */
    void onBudgetSpent(Attempt cut, boolean inOrder);

    /** A drained reply has told its usage, or will not. */
    void onDrained(Attempt drained);

    /** Both sides leave HTTP from here on; the caller has been told. Takes the connection. */
    void onUpgrade(Attempt upgraded, UpstreamStream provider);

    /** Whether a further target could be asked. */
    boolean isAnotherLeft();
}
