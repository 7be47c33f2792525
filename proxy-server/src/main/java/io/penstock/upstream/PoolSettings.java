package io.penstock.upstream;

import java.time.Duration;

/**
 * A provider's {@code pool} section.
 *
 * @param maxConnections connections open to the provider at once, shared out evenly among the event
 *     loops, rounded up
 * @param idle how long a connection may rest before it is closed; stays below the provider's own
 *     idle timeout
 * @param http2 whether HTTP/2 is spoken to the provider
 */
public record PoolSettings(int maxConnections, Duration idle, Http2 http2) {

    /** {@code AUTO} takes what ALPN offers. */
    public enum Http2 { AUTO, OFF }

    public static final PoolSettings DEFAULT =
            new PoolSettings(1024, Duration.ofSeconds(55), Http2.AUTO);

    public PoolSettings {
        if (maxConnections < 1) {
            throw new IllegalArgumentException(
                    "max_connections: " + maxConnections + " (expected: >= 1)");
        }
        if (idle.isNegative() || idle.isZero()) {
            throw new IllegalArgumentException("idle: " + idle + " (expected: > 0)");
        }
    }
}
