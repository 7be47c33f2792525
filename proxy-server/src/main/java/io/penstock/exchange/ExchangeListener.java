package io.penstock.exchange;

/** Is told the end of each exchange, once, on the event loop. */
public interface ExchangeListener {
    /** The exchange has released all its buffers; a next one may begin. */
    void onFinished(Finished exchange);
}
