package io.penstock.exchange;

/** Hears of the end of exchanges, whatever ended them; on the event loop, once each. */
public interface ExchangeListener {
    /** The exchange has released all its buffers; a next one may begin. */
    void onFinished(Finished exchange);
}
