package io.penstock.upstream;

import io.penstock.loop.Counter;
import io.penstock.loop.Durations;

/**
 * What one event loop counts of its connections to providers, over all pools that come and go.
 *
 * <p><b>Thread:</b> written by the event loop; the counters may be read by any thread.
 */
final class UpstreamCounts {
    private final Durations closes;
    private final Counter handshakes = new Counter();
    private final Counter failedHandshakes = new Counter();

    /** {@code closes} takes how long connections took to close that were given up in a call. */
    UpstreamCounts(Durations closes) {
        this.closes = closes;
    }

    void onHandshake(boolean good) {
        (good ? handshakes : failedHandshakes).add(1);
    }

    void onClosed(long nanos) {
        closes.record(nanos);
    }

    long handshakes() {
        return handshakes.get();
    }

    long failedHandshakes() {
        return failedHandshakes.get();
    }
}
