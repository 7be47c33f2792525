package io.penstock.server;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.resolver.dns.DnsAddressResolverGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import io.penstock.admin.ServerState;
import io.penstock.admin.StatusPages;
import io.penstock.auth.Allowance;
import io.penstock.auth.ApiKeySettings;
import io.penstock.auth.AuthSettings;
import io.penstock.auth.Authenticator;
import io.penstock.auth.Caller;
import io.penstock.config.Settings;
import io.penstock.limit.Accounts;
import io.penstock.limit.Budgets;
import io.penstock.limit.Gauge;
import io.penstock.limit.Permit;
import io.penstock.listen.ConnectionLimit;
import io.penstock.listen.ListenException;
import io.penstock.listen.ListenLoop;
import io.penstock.listen.ListenSettings;
import io.penstock.listen.Listener;
import io.penstock.loop.Slots;
import io.penstock.loop.Transport;
import io.penstock.observe.AccessLog;
import io.penstock.route.Router;
import io.penstock.store.Month;
import io.penstock.upstream.ConnectionPool;
import io.penstock.upstream.NameResolution;
import io.penstock.upstream.Provider;
import io.penstock.upstream.TargetHealth;
import io.penstock.upstream.UpstreamTlsException;
import io.penstock.usage.BudgetSettings;
import io.penstock.usage.Ledger;
import io.penstock.usage.LedgerRow;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The proxy: event loops, listeners, and the snapshot of the configuration that new requests go by.
 *
 * <p><b>Thread:</b> started, reloaded and stopped by any thread, one at a time; requests read the
 * snapshot on their own loops.
 */
public final class Penstock implements ServerState, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Penstock.class);
    private static final int MAX_ADMIN_CONNECTIONS = 256;
    private static final int MAX_RELOADS_WAITING = 4;
    private static final long QUIET_CHECK_MILLIS = 20;
    private static final long LOOP_ANSWER_SECONDS = 1;
    private static final Duration LAST_WORDS = Duration.ofMillis(500);

    private final long startNanos = System.nanoTime();
    private final EventLoopGroup group;
    private final List<Worker> workers = new ArrayList<>();
    private final List<Listener> listeners = new ArrayList<>();
    private final DnsAddressResolverGroup resolver;
    private final Slots concurrent;
    private final ConnectionLimit connectionLimit;
    private final StatusPages statusPages = new StatusPages(this, false);
    private final AccessLog accessLog; // null for none
    private final Ledger ledger;
    private final boolean lacksStore; // though there should be one
    private final Accounts accounts = new Accounts(Accounts.MAX_ACCOUNTS);
    private final Budgets budgets = new Budgets(Budgets.MAX_CALLERS);
    private final Supplier<Reloaded> reloader;
    private final ExecutorService control = new ThreadPoolExecutor(0, 1, 10, TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(MAX_RELOADS_WAITING),
            new DefaultThreadFactory("penstock-control", true));
    private Listener adminListener;
    private volatile Snapshot snapshot;
    private volatile boolean draining;
    private volatile Runnable onDrainAsked = () -> { };

    /**
     * What reading the configuration again brought.
     *
     * @param settings null if there is something wrong
     * @param problems what is wrong, a line each; empty if nothing is
     */
    public record Reloaded(Settings settings, String problems) {}

    private Penstock(Settings settings, Transport transport, int threads,
            Supplier<Reloaded> reloader, DataDirectory data) throws StartException {
        this.reloader = reloader;
        try {
            snapshot = Snapshot.of(settings, List.of(), null);
            snapshot.adopt();
            accessLog = AccessLog.open(settings.observe());
        } catch (UpstreamTlsException | IOException e) {
            throw new StartException(e.toString(), e);
        }
        try {
            ledger = data.openLedger(reliesOnStore(settings));
        } catch (StartException e) {
            closeAccessLog();
            throw e;
        }
        lacksStore = data.path() != null && ledger.state() == Ledger.State.MEMORY;
        int month = Month.of(System.currentTimeMillis());
        for (LedgerRow row : ledger.rows(month)) {
            budgets.seed(row.caller(), month, row.tokens(), row.nanoDollars());
        }
        limitAll(settings);
        concurrent = new Slots(settings.limits().concurrent());
        connectionLimit = new ConnectionLimit(settings.limits().connections(),
                settings.limits().connectionsPerIp());
        Gauge bodyMemory = new Gauge(Runtime.getRuntime().maxMemory() / 2);
        group = new MultiThreadIoEventLoopGroup(threads,
                new DefaultThreadFactory("penstock-loop"), transport.ioHandlerFactory());
        resolver = NameResolution.group(transport);
        for (EventExecutor loop : group) {
            workers.add(new Worker(this, (EventLoop) loop, transport, resolver, threads,
                    settings.limits().headerBytes(), bodyMemory, ledger, budgets, accessLog));
        }
        try {
            List<ListenLoop> loops = workers.stream().map(Worker::listen).toList();
            for (ListenSettings listen : settings.listen()) {
                listeners.add(Listener.bind(listen, transport, group, loops, connectionLimit));
            }
            adminListener = Listener.bind(
                    new ListenSettings(settings.admin().host(), settings.admin().port(), null),
                    transport, group,
                    workers.stream().map(Worker::adminListen).limit(1).toList(),
                    new ConnectionLimit(MAX_ADMIN_CONNECTIONS, null));
        } catch (ListenException e) {
            stop(Duration.ZERO);
            throw new StartException(e.getMessage(), e);
        }
        snapshot.authenticator().start();
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
        return new Penstock(settings, transport, threads, reloader, data);
    }

    /** The addresses that callers are served on, their ports the real ones. */
    public List<InetSocketAddress> addresses() {
        return listeners.stream().map(Listener::address).toList();
    }

    public InetSocketAddress adminAddress() {
        return adminListener.address();
    }

    /** What to do when the admin port asks to drain; the process decides how it ends. */
    public void onDrainAsked(Runnable action) {
        onDrainAsked = action;
    }

    // For the workers

    Snapshot snapshot() {
        return snapshot;
    }

    Permit newPermit() {
        return new Permit(accounts, budgets);
    }

    Slots concurrent() {
        return concurrent;
    }

    int loops() {
        return workers.size();
    }

    StatusPages statusPages() {
        return statusPages;
    }

    // For the pages

    @Override
    public List<Provider> providers() {
        return snapshot.providers();
    }

    @Override
    public Router router() {
        return snapshot.policy().router();
    }

    @Override
    public long inFlight(Provider provider) {
        long sum = 0;
        for (Worker worker : workers) {
            ConnectionPool pool = worker.upstream().existingPool(provider);
            sum += pool == null ? 0 : pool.inFlight();
        }
        return sum;
    }

    @Override
    public long waiting(Provider provider) {
        long sum = 0;
        for (Worker worker : workers) {
            ConnectionPool pool = worker.upstream().existingPool(provider);
            sum += pool == null ? 0 : pool.waiting();
        }
        return sum;
    }

    @Override
    public long connectionsOpened(Provider provider) {
        long sum = 0;
        for (Worker worker : workers) {
            ConnectionPool pool = worker.upstream().existingPool(provider);
            sum += pool == null ? 0 : pool.opened();
        }
        return sum;
    }

    @Override
    public boolean isReady() {
        return !draining;
    }

    @Override
    public long uptimeNanos() {
        return System.nanoTime() - startNanos;
    }

    @Override
    public String adminToken() {
        return snapshot.settings().admin().token();
    }

    // Usage

    @Override
    public Ledger ledger() {
        return ledger;
    }

    @Override
    public Allowance allowanceOf(String callerId) {
        AuthSettings auth = snapshot.settings().auth();
        for (ApiKeySettings key : auth.keys()) {
            if (key.id().equals(callerId)) {
                return key.allowance();
            }
        }
        if (callerId.equals(Caller.ANONYMOUS)) {
            return auth.withoutCredential();
        }
        return auth.jwt() != null && callerId.startsWith(Caller.TOKEN_PREFIX)
                ? auth.jwt().granted() : null;
    }

    /** Whether usage has to be remembered: somebody's is bounded, or the configuration says so. */
    private static boolean reliesOnStore(Settings settings) {
        AuthSettings auth = settings.auth();
        return settings.budget().onStoreFailure() == BudgetSettings.OnStoreFailure.REJECT
                || auth.withoutCredential().hasBudget()
                || auth.jwt() != null && auth.jwt().granted().hasBudget()
                || auth.keys().stream().anyMatch(key -> key.allowance().hasBudget());
    }

    @Override
    public void inBackground(Runnable task) {
        control.execute(task);
    }

    // Reload

    /**
     * Reads the configuration again and goes by it from the next request on, all at once; a bad one
     * changes nothing. Listeners, admin address, access log and head limit stay as they were until
     * a restart, and that is said. The access log's file is opened again in any case.
     */
    public synchronized String reload() {
        if (accessLog != null) {
            accessLog.reopen();
        }
        Reloaded reloaded = reloader.get();
        if (reloaded.settings() == null) {
            LOG.warn("reload_failed problems=\"{}\"", reloaded.problems().replace('\n', ';'));
            return reloaded.problems();
        }
        Settings before = snapshot.settings();
        Settings now = reloaded.settings();
        Snapshot next;
        try {
            next = Snapshot.of(now, snapshot.providers(), snapshot.authenticator());
        } catch (UpstreamTlsException e) {
            LOG.warn("reload_failed problems=\"{}\"", e.getMessage());
            return e.getMessage();
        }
        String refused = wouldOpen(now);
        if (refused.isEmpty() && lacksStore && reliesOnStore(now)) {
            refused = "budget: the data directory could not be used at start, so budgets would "
                    + "begin anew at each; they need a restart with one that can";
        }
        if (!refused.isEmpty()) {
            LOG.warn("reload_failed problems=\"{}\"", refused);
            return refused;
        }
        concurrent.setLimit(now.limits().concurrent());
        limitAll(now);
        connectionLimit.set(now.limits().connections(), now.limits().connectionsPerIp());
        Authenticator replaced = snapshot.authenticator();
        snapshot = next;
        next.adopt();
        accounts.onReload();
        next.authenticator().start();
        replaced.close(next.authenticator());
        for (Worker worker : workers) {
            worker.eventLoop().execute(() -> worker.upstream().retainOnly(
                    snapshot.providers()));
        }
        if (!before.listen().equals(now.listen()) || !before.admin().equals(now.admin())
                || !before.observe().equals(now.observe())
                || before.limits().headerBytes() != now.limits().headerBytes()) {
            LOG.warn("reload_needs_restart parts=listen,admin,observe,limits.header");
        }
        LOG.info("reloaded providers={} routes={}", now.providers().size(), now.routes().size());
        return "";
    }

    @Override
    public void reload(Consumer<String> done) {
        try {
            control.execute(() -> done.accept(reload()));
        } catch (RejectedExecutionException e) {
            done.accept("too many reloads are waiting already, or the proxy stops");
        }
    }

    private void limitAll(Settings settings) {
        Integer requests = settings.limits().requestsPerMinute();
        accounts.setGlobal(requests == null ? 0 : requests, Allowance.MINUTE_NANOS);
    }

    /** The addresses stay bound as they are: what protects them must not go. */
    private String wouldOpen(Settings now) {
        if (now.admin().token() == null && !adminAddress().getAddress().isLoopbackAddress()) {
            return "admin.token: the admin port is bound to " + adminAddress()
                    + ", so it needs a token until a restart";
        }
        boolean open = now.auth().isOpen();
        for (InetSocketAddress address : addresses()) {
            if (open && !address.getAddress().isLoopbackAddress()) {
                return "auth: callers are served on " + address
                        + ", so auth.keys, auth.jwt or auth.anonymous is needed until a restart";
            }
        }
        return "";
    }

    // The end

    @Override
    public void drain() {
        draining = true;
        onDrainAsked.run();
    }

    /**
     * Stops: readiness goes first, then no more connections are accepted, open exchanges get {@code
     * grace} to end, and what is left then is told so and closed. Returns whether nothing had to
     * be.
     */
    public synchronized boolean stop(Duration grace) {
        draining = true;
        if (group.isShuttingDown()) {
            return true; // stopped before
        }
        listeners.forEach(Listener::close);
        for (Worker worker : workers) {
            worker.eventLoop().execute(worker.listen()::drain);
        }
        boolean quiet = awaitQuiet(grace);
        onEachLoop(worker -> worker.listen().shutDown());
        awaitQuiet(quiet ? Duration.ZERO : LAST_WORDS);
        onEachLoop(worker -> {
            worker.listen().closeAll();
            worker.adminListen().closeAll();
        });
        onEachLoop(worker -> { // behind what the closing has brought about
            worker.exchanges().endDrains();
            if (worker.accessLog() != null) {
                worker.accessLog().flush();
            }
        });
        if (adminListener != null) {
            adminListener.close();
        }
        for (Worker worker : workers) {
            worker.eventLoop().execute(() -> worker.upstream().retainOnly(List.of()));
        }
        resolver.close(); // while its loop still runs: a read under way holds a buffer
        onEachLoop(worker -> { });
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
        control.shutdown();
        ledger.close(); // no loop is left that could book
        snapshot.authenticator().close(null);
        closeAccessLog();
        return quiet;
    }

    private void onEachLoop(Consumer<Worker> action) {
        for (Worker worker : workers) {
            worker.eventLoop().submit(() -> action.accept(worker))
                    .awaitUninterruptibly(LOOP_ANSWER_SECONDS, TimeUnit.SECONDS);
        }
    }

    private void closeAccessLog() {
        if (accessLog != null) {
            try {
                accessLog.close();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private boolean awaitQuiet(Duration grace) {
        long deadline = System.nanoTime() + grace.toNanos();
        while (concurrent.used() > 0 || sum(worker -> worker.listen().connections()) > 0) {
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

    // For tests: what is held anywhere

    /** Everything that must be back at zero when nobody calls, by name. */
    public String residue() {
        return "concurrent=" + concurrent.used()
                + " waiting=" + sum(worker -> (int) worker.admission().waiting())
                + " connections=" + sum(worker -> worker.listen().connections())
                + " targets_in_flight=" + snapshot.providers().stream()
                        .flatMap(provider -> provider.health().stream())
                        .mapToInt(TargetHealth::inFlight).sum()
                + " upstream_in_flight=" + snapshot.providers().stream()
                        .mapToLong(this::inFlight).sum()
                + " upstream_open=" + sum(worker -> worker.upstream().open())
                + " upstream_waiting=" + sum(worker -> worker.upstream().waiting())
                + " upstream_slots=" + snapshot.providers().stream().map(Provider::load)
                        .filter(load -> load.slots() != null)
                        .mapToInt(load -> load.slots().used()).sum()
                + " deadlines=" + sum(worker -> worker.deadlines().size()
                        - worker.upstream().pools());
    }

    private int sum(ToIntFunction<Worker> figure) {
        int sum = 0;
        for (Worker worker : workers) {
            try {
                sum += worker.eventLoop().submit(() -> figure.applyAsInt(worker))
                        .get(LOOP_ANSWER_SECONDS, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (ExecutionException | TimeoutException e) {
                throw new IllegalStateException("an event loop does not answer", e);
            }
        }
        return sum;
    }
}
