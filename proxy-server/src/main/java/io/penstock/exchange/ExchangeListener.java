package io.penstock.exchange;

/** Who is told when an exchange has ended, whatever ended it; on the event loop, exactly once. */
public interface ExchangeListener {
    /** The exchange still has all its figures, and none of its buffers; it is used again after. */
    void onFinished(Outcome exchange);
}
