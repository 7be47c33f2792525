package io.penstock.exchange;

import io.penstock.listen.OpenRequest;

/** Is told of an exchange on its event loop: the end of each, once. */
public interface ExchangeListener {
    /** Both sides have left HTTP: what the caller sends is for {@code leg} from here on. */
    void onUpgraded(OpenRequest leg);

    /** The exchange has released all its buffers; a next one may begin. */
    void onFinished(Finished exchange);
}
