package io.penstock.observe;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How the proxy stands at one moment: the metrics that are read, where the others are counted.
 *
 * @param version of this build
 * @param ready new requests are welcome
 * @param connections of callers
 * @param openExchanges that are under way
 * @param telemetry what was sent to other systems, for each that there is
 * @param resources what the process has in use beside those
 * @param fleet null for a proxy by itself
 */
public record Readings(String version, long uptimeNanos, boolean ready, long connections,
        long openExchanges, List<OfLoop> loops, List<OfProvider> providers, OfCache cache,
        List<OfTelemetry> telemetry, Resources resources, @Nullable OfFleet fleet) {

    /** A proxy by itself that tells no other system, and has nothing in use. */
    public Readings(String version, long uptimeNanos, boolean ready, long connections,
            long openExchanges, List<OfLoop> loops, List<OfProvider> providers, OfCache cache) {
        this(version, uptimeNanos, ready, connections, openExchanges, loops, providers, cache,
                List.of(), Resources.NONE, null);
    }


    /**
     * The proxies that count together, and their Redis.
     *
     * @param circuit {@code closed}, {@code half_open} or {@code open}
     * @param exchanges of rates' counts that were answered
     * @param unconfirmed calls that were refused since the others' word was wanting
     * @param pending counts that have yet to be told
     * @param commands to Redis, by what came of them
     * @param latencySeconds of its answers since this was read last, by quantile
     */
    public record OfFleet(int nodes, String circuit, long exchanges, long unconfirmed, int pending,
            Map<String, Long> commands, Map<String, Double> latencySeconds) {}

    /**
     * One event loop.
     *
     * @param lagNanos from the question to the moment when the loop turned to it, or gave no answer
     * @param upstreamConnections open to providers
     * @param queued exchanges that wait to be among the concurrent ones
     */
    public record OfLoop(long lagNanos, int upstreamConnections, long queued) {}

    /**
     * The response cache.
     *
     * @param bytes of the replies in it, about
     * @param recordedBytes of replies that come
     * @param flights calls under way that others can join
     * @param evicted to make room, since the start
     * @param expired since the start
     */
    public record OfCache(long bytes, long recordedBytes, long replies, int flights, long evicted,
            long expired) {}

    /**
     * One provider.
     *
     * @param inFlight calls that it has, and those that wait for it
     * @param waiting those of them that wait
     * @param connectionsOpened since the start
     * @param keysResting of its {@code keys}
     */
    public record OfProvider(String name, boolean enabled, long inFlight, long waiting,
            long connectionsOpened, int keys, int keysResting, List<OfTarget> targets) {}

    /**
     * One other system that is told of exchanges, or a log.
     *
     * @param to its name in metrics
     * @param sent exchanges of which it was told
     * @param dropped those for which there was no room, or no time
     * @param refused those that it did not take
     */
    public record OfTelemetry(String to, long sent, long dropped, long refused) {}

    /**
     * What is counted for the process as a whole.
     *
     * @param connectionsRefused of callers, since the start
     * @param bodyBytes of requests that are kept
     */
    public record Resources(long connectionsRefused, long bodyBytes, List<OfBuffers> buffers,
            List<OfHandshakes> handshakes, List<OfBudget> budgets) {
        public static final Resources NONE =
                new Resources(0, 0, List.of(), List.of(), List.of());
    }

    /** Network buffers of one area of memory, {@code direct} or {@code heap}. */
    public record OfBuffers(String area, long reservedBytes, long usedBytes) {}

    /** TLS handshakes with one side, {@code callers} or {@code providers}. */
    public record OfHandshakes(String side, long good, long failed) {}

    /** What one caller has left of a month; -1 for no bound. */
    public record OfBudget(String caller, long tokens, long nanoDollars) {}

    /** The breaker of one model: {@code closed}, {@code half_open} or {@code open}. */
    public record OfTarget(String model, String breaker) {}
}
