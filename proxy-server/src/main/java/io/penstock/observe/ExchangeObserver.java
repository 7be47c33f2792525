package io.penstock.observe;

import io.penstock.exchange.Finished;

/**
 * Something that learns of every finished exchange of one event loop, and of every request that was
 * refused on its head.
 *
 * <p><b>Thread:</b> confined to the event loop. It may count, or hand over to another thread, and
 * nothing else: the loop's other exchanges wait meanwhile.
 */
public interface ExchangeObserver {
    void onFinished(Finished exchange);
}
