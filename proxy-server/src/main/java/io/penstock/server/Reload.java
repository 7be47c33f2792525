package io.penstock.server;

import io.netty.util.concurrent.DefaultThreadFactory;
import io.penstock.auth.Authenticator;
import io.penstock.config.Settings;
import io.penstock.observe.ObserveSettings;
import io.penstock.server.Penstock.Reloaded;
import io.penstock.upstream.UpstreamTlsException;
import java.net.InetSocketAddress;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How another version of the configuration takes the place of the one in force, and the thread that
 * does so when an event loop asks.
 *
 * <p><b>Thread:</b> safe; one reload at a time.
 * <br><b>Bounds:</b> {@value #MAX_WAITING} tasks wait for the thread.
 */
final class Reload {
    private static final Logger LOG = LoggerFactory.getLogger(Reload.class);
    private static final int MAX_WAITING = 4;

    private final Shared shared;
    private final Listeners listeners;
    private final Supplier<Reloaded> reloader;
    private final ExecutorService control = new ThreadPoolExecutor(0, 1, 10, TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(MAX_WAITING),
            new DefaultThreadFactory("penstock-control", true));

    Reload(Shared shared, Listeners listeners, Supplier<Reloaded> reloader) {
        this.shared = shared;
        this.listeners = listeners;
        this.reloader = reloader;
    }

    /** Reloads, and says what is wrong; empty if nothing is. */
    synchronized String now() {
        if (shared.accessLog() != null) {
            shared.accessLog().reopen();
        }
        Reloaded reloaded = reloader.get();
        String problems = reloaded.settings() == null ? reloaded.problems()
                : take(reloaded.settings());
        if (!problems.isEmpty()) {
            LOG.warn("reload_failed problems=\"{}\"", problems.replace('\n', ';'));
        }
        return problems;
    }

    private String take(Settings now) {
        Snapshot before = shared.snapshot();
        Snapshot next;
        try {
            next = Snapshot.of(now, before.providers(), before.authenticator());
        } catch (UpstreamTlsException e) {
            return String.valueOf(e.getMessage());
        }
        String refused = wouldOpen(now);
        if (refused.isEmpty() && shared.lacksStoreFor(now)) {
            refused = "budget: the data directory could not be used at start, so budgets would "
                    + "begin anew at each; they need a restart with one that can";
        }
        if (!refused.isEmpty()) {
            return refused;
        }
        shared.use(next);
        next.authenticator().start();
        Authenticator replaced = before.authenticator();
        replaced.close(next.authenticator());
        shared.workers().tell(worker -> worker.upstream().retainOnly(
                shared.snapshot().providers()));
        if (needsRestart(before.settings(), now)) {
            LOG.warn("reload_needs_restart parts=listen,admin,observe,limits.header,redis");
        }
        LOG.info("reloaded providers={} routes={}", now.providers().size(), now.routes().size());
        return "";
    }

    private static boolean needsRestart(Settings before, Settings now) {
        ObserveSettings observed = before.observe();
        return !before.listen().equals(now.listen()) || !before.admin().equals(now.admin())
                || !now.observe().equals(observed.withLog(now.observe().log()))
                || !before.redis().equals(now.redis())
                || before.limits().headerBytes() != now.limits().headerBytes();
    }

    /** The addresses stay bound as they are: what protects them must not go. */
    private String wouldOpen(Settings now) {
        InetSocketAddress admin = listeners.adminAddress();
        if (now.admin().token() == null && !admin.getAddress().isLoopbackAddress()) {
            return "admin.token: the admin port is bound to " + admin
                    + ", so it needs a token until a restart";
        }
        for (InetSocketAddress address : listeners.addresses()) {
            if (now.auth().isOpen() && !address.getAddress().isLoopbackAddress()) {
                return "auth: callers are served on " + address
                        + ", so auth.keys, auth.jwt or auth.anonymous is needed until a restart";
            }
        }
        return "";
    }

    /** Reloads on the thread that may wait. */
    void inBackground(Consumer<String> done) {
        try {
            run(() -> done.accept(now()));
        } catch (RejectedExecutionException e) {
            done.accept("too many reloads are waiting already, or the proxy stops");
        }
    }

    /**
     * Runs something else on that thread.
     *
     * @throws RejectedExecutionException if too much waits there already
     */
    void run(Runnable task) {
        control.execute(task);
    }

    void close() {
        control.shutdown();
    }
}
