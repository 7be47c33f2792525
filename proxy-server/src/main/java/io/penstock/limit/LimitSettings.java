package io.penstock.limit;

import org.jspecify.annotations.Nullable;

/**
 * The {@code limits} section: bounds on everything that callers can make the proxy hold.
 *
 * @param requestsPerMinute all callers together, if bounded
 * @param concurrent exchanges in flight
 * @param bodyBytes one request's body
 * @param headerBytes one request's head
 * @param connections open at once
 * @param connectionsPerIp open at once from one address, if bounded
 * @param queue exchanges that wait to be among those in flight
 * @param streams on what isn't held
 */
public record LimitSettings(@Nullable Integer requestsPerMinute, int concurrent, long bodyBytes,
        int headerBytes, int connections, @Nullable Integer connectionsPerIp, QueueSettings queue,
        StreamLimits streams) {

    public static final LimitSettings DEFAULT =
            new LimitSettings(null, 10_000, 32L * 1024 * 1024, 32 * 1024, 20_000, null);

    /** Those without a queue, and with the usual bounds on what streams through. */
    public LimitSettings(@Nullable Integer requestsPerMinute, int concurrent, long bodyBytes,
            int headerBytes, int connections, @Nullable Integer connectionsPerIp) {
        this(requestsPerMinute, concurrent, bodyBytes, headerBytes, connections, connectionsPerIp,
                QueueSettings.NONE, StreamLimits.DEFAULT);
    }

    public LimitSettings {
        if (requestsPerMinute != null) {
            atLeast("requests_per_minute", requestsPerMinute, 1);
        }
        atLeast("concurrent", concurrent, 1);
        atLeast("body", bodyBytes, 1024);
        atLeast("header", headerBytes, 1024);
        if (headerBytes > 1024 * 1024) {
            throw new IllegalArgumentException(
                    "header: " + headerBytes + " bytes (expected: 1MiB at most)");
        }
        atLeast("upload", streams.uploadBytes(), 1024);
        atLeast("connections", connections, 1);
        if (connectionsPerIp != null) {
            atLeast("connections_per_ip", connectionsPerIp, 1);
        }
    }

    private static void atLeast(String name, long value, long least) {
        if (value < least) {
            throw new IllegalArgumentException(
                    name + ": " + value + " (expected: >= " + least + ")");
        }
    }
}
