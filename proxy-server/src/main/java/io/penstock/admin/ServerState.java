package io.penstock.admin;

import io.penstock.caller.Allowance;
import io.penstock.observe.LoopWatch;
import io.penstock.observe.Metrics;
import io.penstock.observe.Readings;
import io.penstock.route.Router;
import io.penstock.upstream.Provider;
import io.penstock.usage.Ledger;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What the pages show of the running proxy, and what the admin port may do to it. Any thread. */
public interface ServerState {
    /** All configured providers, in the order of the file. */
    List<Provider> providers();

    Router router();

    /** Calls that this provider has in flight, or that wait for it. */
    long inFlight(Provider provider);

    /** Those of them that wait. */
    long waiting(Provider provider);

    /** Connections that were opened to this provider so far. */
    long connectionsOpened(Provider provider);

    /** Whether new work is welcome. */
    boolean isReady();

    long uptimeNanos();

    /** What the admin port asks for, if anything. */
    @Nullable String adminToken();

    /**
     * Reads the configuration again, on a thread that may wait.
     *
     * @param done is told there what is wrong with it, empty if nothing is
     */
    void reload(Consumer<String> done);

    /** Starts to drain. */
    void drain();

    /** The configuration in force, as YAML without its secrets. */
    String configuration();

    /** What callers used. */
    Ledger ledger();

    /** The callers that the configuration names. */
    List<String> callerIds();

    /** How much the caller of that id may use; null if no such caller is configured. */
    @Nullable Allowance allowanceOf(String callerId);

    /** What the exchanges of the proxy come to. */
    Metrics metrics();

    /** How the proxy stands; asks every event loop, so not to be called on one. */
    Readings readings();

    /** Something to be asked of one event loop, on it; {@code loop} counts them from 0. */
    interface LoopQuestion<T> {
        T ask(int loop, LoopWatch watch);
    }

    /**
     * Asks each event loop, and waits; not to be called on one. A loop that does not answer within
     * a second is left out.
     */
    <T> List<T> askLoops(LoopQuestion<T> question);

    /** What the web console shows. */
    Console console();

    /** The ports that callers are served on. */
    List<InetSocketAddress> addresses();

    /**
     * Runs it on the thread that makes pages of figures.
     *
     * @throws java.util.concurrent.RejectedExecutionException if too much waits there already
     */
    void measure(Runnable task);

    /**
     * Runs it on the thread that reloads, which may wait.
     *
     * @throws java.util.concurrent.RejectedExecutionException if too much waits there already
     */
    void inBackground(Runnable task);
}
