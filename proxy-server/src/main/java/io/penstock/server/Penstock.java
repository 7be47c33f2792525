package io.penstock.server;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.resolver.dns.DnsAddressResolverGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import io.penstock.admin.ServerState;
import io.penstock.admin.StatusPages;
import io.penstock.cache.SharedStore;
import io.penstock.config.Settings;
import io.penstock.limit.Gauge;
import io.penstock.listen.ListenException;
import io.penstock.loop.Transport;
import io.penstock.upstream.NameResolution;
import io.penstock.usage.Ledger;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The proxy: how it starts and how it stops. What runs in between are the {@link Worker}s, each on
 * its event loop, by what they share ({@link Shared}); {@link Reload} changes that.
 *
 * <p><b>Thread:</b> started, reloaded and stopped by any thread, one at a time; requests read the
 * snapshot on their own loops.
 */
public final class Penstock implements AutoCloseable {
    private static final long QUIET_CHECK_MILLIS = 20;
    private static final Duration LAST_WORDS = Duration.ofMillis(500);

    private final Shared shared;
    private final Listeners listeners;
    private final Reload reload;
    private final EventLoopGroup group;
    private final DnsAddressResolverGroup resolver;

    /**
     * What reading the configuration again brought.
     *
     * @param settings null if there is something wrong
     * @param problems what is wrong, a line each; empty if nothing is
     */
    public record Reloaded(@Nullable Settings settings, String problems) {}

    private Penstock(Shared shared, Listeners listeners, Reload reload, EventLoopGroup group,
            DnsAddressResolverGroup resolver) {
        this.shared = shared;
        this.listeners = listeners;
        this.reload = reload;
        this.group = group;
        this.resolver = resolver;
    }

    /** Starts one that keeps nothing beyond its end. */
    public static Penstock start(Settings settings, Transport transport, int threads,
            Supplier<Reloaded> reloader) throws StartException {
        return start(settings, transport, threads, reloader, DataDirectory.NONE);
    }

    /**
     * Starts it: when this returns, callers are served.
     *
     * @param threads event loops
     * @param reloader reads the configuration again, for {@link #reload}
     * @param data what outlives the process goes there
     */
    public static Penstock start(Settings settings, Transport transport, int threads,
            Supplier<Reloaded> reloader, DataDirectory data) throws StartException {
        Shared shared = Shared.open(settings, data);
        Listeners listeners = new Listeners();
        Reload reload = new Reload(shared, listeners, reloader);
        ServerState state = new PageState(shared, reload, listeners);
        StatusPages pages = new StatusPages(state, false);
        Gauge bodyMemory = new Gauge(Runtime.getRuntime().maxMemory() / 2);
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(threads,
                new DefaultThreadFactory("penstock-loop"), transport.ioHandlerFactory());
        DnsAddressResolverGroup resolver = NameResolution.group(transport);
        for (EventExecutor loop : group) {
            shared.workers().add(new Worker(shared, state, pages, (EventLoop) loop, transport,
                    resolver, threads, settings.limits().headerBytes(), bodyMemory));
        }
        Penstock server = new Penstock(shared, listeners, reload, group, resolver);
        shared.join(group, transport);
        try {
            listeners.bind(settings, transport, group, shared.workers(),
                    shared.connectionLimit());
        } catch (ListenException e) {
            server.stop(Duration.ZERO);
            throw new StartException(e.getMessage(), e);
        }
        shared.snapshot().authenticator().start();
        return server;
    }

    /** The addresses that callers are served on, their ports the real ones. */
    public List<InetSocketAddress> addresses() {
        return listeners.addresses();
    }

    public InetSocketAddress adminAddress() {
        return listeners.adminAddress();
    }

    /** What to do when the admin port asks to drain; the process decides how it ends. */
    public void onDrainAsked(Runnable action) {
        shared.onDrainAsked(action);
    }

    /** From now on replies are looked for, and put, there as well; null for no longer. */
    public void shareReplies(@Nullable SharedStore store) {
        shared.cache().share(store);
    }

    /** What callers used. */
    public Ledger ledger() {
        return shared.ledger();
    }

    /**
     * Reads the configuration again and goes by it from the next request on, all at once; a bad one
     * changes nothing. Listeners, admin address, access log and head limit stay as they were until
     * a restart, and that is said. The access log's file is opened again in any case.
     */
    public String reload() {
        return reload.now();
    }

    /**
     * Stops: readiness goes first, then no more connections are accepted, open exchanges get {@code
     * grace} to end, and what is left then is told so and closed. Returns whether nothing had to
     * be.
     */
    public boolean stop(Duration grace) {
        synchronized (reload) { // none comes in between
            return stopNow(grace);
        }
    }

    private boolean stopNow(Duration grace) {
        shared.startDraining();
        if (group.isShuttingDown()) {
            return true; // stopped before
        }
        Workers workers = shared.workers();
        listeners.closeToCallers();
        workers.tell(worker -> worker.listen().drain());
        boolean quiet = awaitQuiet(grace);
        workers.onEach(worker -> worker.listen().shutDown());
        awaitQuiet(quiet ? Duration.ZERO : LAST_WORDS);
        workers.onEach(worker -> {
            worker.listen().closeAll();
            worker.adminListen().closeAll();
        });
        workers.onEach(worker -> { // behind what the closing has brought about
            worker.exchanges().endDrains();
            if (worker.accessLog() != null) {
                worker.accessLog().flush();
            }
        });
        listeners.closeAdmin();
        workers.tell(worker -> worker.upstream().retainOnly(List.of()));
        resolver.close(); // while its loop still runs: a read under way holds a buffer
        workers.onEach(worker -> { });
        shared.leave(); // while its loops still run
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
        reload.close();
        shared.close(); // no loop is left that could book
        return quiet;
    }

    private boolean awaitQuiet(Duration grace) {
        long deadline = System.nanoTime() + grace.toNanos();
        while (shared.concurrent().used() > 0
                || shared.workers().sum(worker -> worker.listen().connections()) > 0) {
            if (System.nanoTime() - deadline >= 0) {
                return false;
            }
            try {
                TimeUnit.MILLISECONDS.sleep(QUIET_CHECK_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return true;
    }

    @Override
    public void close() {
        stop(Duration.ZERO);
    }

    /** For tests: everything that must be back at zero when nobody calls, by name. */
    public String residue() {
        return Residue.of(shared);
    }
}
