package io.penstock.server;

import io.netty.channel.EventLoopGroup;
import io.penstock.admin.Build;
import io.penstock.auth.ApiKeySettings;
import io.penstock.cache.ReplyCache;
import io.penstock.caller.Allowance;
import io.penstock.config.Settings;
import io.penstock.exchange.call.ResponseOrigins;
import io.penstock.fleet.Fleet;
import io.penstock.fleet.NodeId;
import io.penstock.limit.Accounts;
import io.penstock.limit.Budgets;
import io.penstock.limit.Permit;
import io.penstock.listen.ConnectionLimit;
import io.penstock.log.Logs;
import io.penstock.loop.Slots;
import io.penstock.loop.Transport;
import io.penstock.observe.AccessLog;
import io.penstock.observe.Metrics;
import io.penstock.observe.PostHog;
import io.penstock.observe.trace.Traces;
import io.penstock.store.Month;
import io.penstock.translate.ResponseMemory;
import io.penstock.upstream.Provider;
import io.penstock.upstream.UpstreamTlsException;
import io.penstock.usage.BudgetSettings;
import io.penstock.usage.Ledger;
import io.penstock.usage.LedgerRow;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What all event loops share: the snapshot in force, and everything that is counted over all of
 * them.
 *
 * <p><b>Thread:</b> safe; the snapshot is replaced by one thread at a time.
 */
final class Shared {
    private final Workers workers = new Workers();
    private final Slots concurrent;
    private final ConnectionLimit connectionLimit;
    private final @Nullable AccessLog accessLog;
    private final @Nullable Traces traces;
    private final @Nullable PostHog postHog;
    private final Metrics metrics = new Metrics();
    private final Ledger ledger;
    private final boolean lacksStore; // though there should be one
    private final ResponseOrigins responseOrigins = new ResponseOrigins();
    private final @Nullable Fleet fleet; // null for a proxy by itself
    private final Accounts accounts;
    private final Budgets budgets;
    private final ResponseMemory responseMemory =
            new ResponseMemory(ResponseMemory.Settings.DEFAULT, System::nanoTime);
    private final ReplyCache cache;
    private volatile Snapshot snapshot;
    private volatile boolean draining;
    private volatile Runnable onDrainAsked = () -> { };

    private Shared(Snapshot snapshot, @Nullable AccessLog accessLog, @Nullable Traces traces,
            @Nullable PostHog postHog, Ledger ledger, boolean lacksStore,
            @Nullable Fleet fleet) {
        this.snapshot = snapshot;
        this.accessLog = accessLog;
        this.traces = traces;
        this.postHog = postHog;
        this.ledger = ledger;
        this.lacksStore = lacksStore;
        this.fleet = fleet;
        accounts = fleet == null ? new Accounts(Accounts.MAX_ACCOUNTS)
                : new Accounts(Accounts.MAX_ACCOUNTS, fleet);
        budgets = new Budgets(Budgets.MAX_CALLERS, fleet);
        if (fleet != null) {
            fleet.use(budgets);
        }
        int month = Month.of(System.currentTimeMillis());
        for (LedgerRow row : ledger.rows(month)) {
            budgets.seed(row.caller(), month, row.tokens(), row.nanoDollars());
        }
        Settings settings = snapshot.settings();
        limitAll(settings);
        cache = new ReplyCache(settings.cache().maxBytes(), System::nanoTime);
        expectNamesOf(snapshot);
        concurrent = new Slots(settings.limits().concurrent());
        connectionLimit = new ConnectionLimit(settings.limits().connections(),
                settings.limits().connectionsPerIp());
    }

    /** Opens access log and ledger, and puts these settings in force. */
    static Shared open(Settings settings, DataDirectory data) throws StartException {
        Snapshot snapshot;
        AccessLog accessLog;
        Traces traces = null;
        try {
            snapshot = Snapshot.of(settings, List.of(), null);
            snapshot.adopt();
            traces = Traces.open(settings.observe().otlp(), Build.THIS.version());
            Logs.configure(settings.observe().log());
            accessLog = AccessLog.open(settings.observe());
        } catch (UpstreamTlsException | IOException e) {
            close(null, traces);
            throw new StartException(e.toString(), e);
        }
        try {
            Ledger ledger = data.openLedger(reliesOnStore(settings));
            boolean keepsNothing = ledger.state() == Ledger.State.MEMORY;
            Fleet fleet = !settings.redis().isOn() ? null : new Fleet(settings.redis(),
                    NodeId.of(keepsNothing ? null : data.path()));
            return new Shared(snapshot, accessLog, traces,
                    PostHog.open(settings.observe().postHog()), ledger,
                    data.path() != null && keepsNothing, fleet);
        } catch (StartException e) {
            close(accessLog, traces);
            throw e;
        }
    }

    /** Whether usage has to be remembered: somebody's is bounded, or the configuration says so. */
    private static boolean reliesOnStore(Settings settings) {
        return settings.budget().onStoreFailure() == BudgetSettings.OnStoreFailure.REJECT
                || settings.auth().hasBudget();
    }

    /** Whether these settings want usage to be remembered, which was not to be had at the start. */
    boolean lacksStoreFor(Settings settings) {
        return lacksStore && reliesOnStore(settings);
    }

    /** Joins the other nodes, if there are to be any; waits for that, but not long. */
    void join(EventLoopGroup loops, Transport transport) {
        if (fleet != null) {
            fleet.start(loops, transport, () -> snapshot.providers());
            tellWeather(snapshot);
            cache.share(fleet.replies());
        }
    }

    /** Leaves the other nodes, once nothing is counted any more. */
    void leave() {
        if (fleet != null) {
            cache.share(null);
            fleet.close();
        }
    }

    @Nullable Fleet fleet() {
        return fleet;
    }

    private void tellWeather(Snapshot of) {
        if (fleet != null) {
            of.providers().forEach(each -> each.tell(fleet.weather()));
        }
    }

    Workers workers() {
        return workers;
    }

    int loops() {
        return workers.count();
    }

    Snapshot snapshot() {
        return snapshot;
    }

    /** Goes by that snapshot from the next request on, all at once. */
    void use(Snapshot next) {
        Settings now = next.settings();
        Logs.configure(now.observe().log());
        concurrent.setLimit(now.limits().concurrent());
        limitAll(now);
        cache.setMaxBytes(now.cache().maxBytes());
        if (!now.cache().enabled()) {
            cache.clear();
        }
        connectionLimit.set(now.limits().connections(), now.limits().connectionsPerIp());
        snapshot = next;
        next.adopt();
        tellWeather(next);
        accounts.onReload();
        expectNamesOf(next);
    }

    private void expectNamesOf(Snapshot snapshot) {
        snapshot.providers().forEach(each -> metrics.expectModels(snapshot.modelsOf(each)));
        if (postHog != null) {
            postHog.onProviders(snapshot.providers().stream().map(Provider::settings).toList());
        }
        int month = Month.of(System.currentTimeMillis());
        for (ApiKeySettings each : snapshot.settings().auth().keys()) {
            metrics.expectCallers(List.of(each.id()));
            if (each.allowance().hasBudget()) {
                budgets.expect(each.id(), month);
            }
        }
    }

    private void limitAll(Settings settings) {
        Integer requests = settings.limits().requestsPerMinute();
        accounts.setGlobal(requests == null ? 0 : requests, Allowance.MINUTE_NANOS);
    }

    Permit newPermit() {
        return new Permit(accounts, budgets);
    }

    Budgets budgets() {
        return budgets;
    }

    /** The proxy's own answers that Responses callers may refer to. */
    ResponseOrigins responseOrigins() {
        return responseOrigins;
    }

    ResponseMemory responseMemory() {
        return responseMemory;
    }

    /** The replies that may be given again. */
    ReplyCache cache() {
        return cache;
    }

    Slots concurrent() {
        return concurrent;
    }

    ConnectionLimit connectionLimit() {
        return connectionLimit;
    }

    Ledger ledger() {
        return ledger;
    }

    Metrics metrics() {
        return metrics;
    }

    @Nullable AccessLog accessLog() {
        return accessLog;
    }

    /** How exchanges are traced; null for not at all. */
    @Nullable Traces traces() {
        return traces;
    }

    @Nullable PostHog postHog() {
        return postHog;
    }

    boolean isDraining() {
        return draining;
    }

    /** No new work is welcome from now on. */
    void startDraining() {
        draining = true;
    }

    void onDrainAsked(Runnable action) {
        onDrainAsked = action;
    }

    /** Somebody wants the process to end. */
    void askToDrain() {
        startDraining();
        onDrainAsked.run();
    }

    /** Closes what it has opened, once no loop is left that could book or log. */
    void close() {
        ledger.close();
        snapshot.authenticator().close(null);
        if (postHog != null) {
            postHog.close();
        }
        close(accessLog, traces);
    }

    private static void close(@Nullable AccessLog accessLog, @Nullable Traces traces) {
        if (traces != null) {
            traces.close();
        }
        if (accessLog != null) {
            try {
                accessLog.close();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
