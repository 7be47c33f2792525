package io.penstock.server;

import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Ticker;
import io.penstock.admin.Build;
import io.penstock.admin.Console;
import io.penstock.admin.ServerState;
import io.penstock.auth.ApiKeySettings;
import io.penstock.auth.AuthSettings;
import io.penstock.cache.ReplyCache;
import io.penstock.caller.Allowance;
import io.penstock.caller.Caller;
import io.penstock.fleet.Fleet;
import io.penstock.fleet.FleetFigures;
import io.penstock.log.StandardError;
import io.penstock.observe.AccessLog;
import io.penstock.observe.Metrics;
import io.penstock.observe.PostHog;
import io.penstock.observe.Readings;
import io.penstock.observe.trace.Traces;
import io.penstock.redis.RedisFigures;
import io.penstock.route.Router;
import io.penstock.store.Month;
import io.penstock.upstream.ConnectionPool;
import io.penstock.upstream.Provider;
import io.penstock.upstream.TargetHealth;
import io.penstock.usage.Ledger;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * The running proxy as its pages and the admin port see it.
 *
 * <p><b>Thread:</b> safe.
 * <br><b>Bounds:</b> {@value #MAX_WAITING} pages of figures wait to be made; of a provider, the
 * breakers of {@value #MAX_TARGETS} models are read, and the budgets of {@value #MAX_BUDGETS}
 * callers.
 */
final class PageState implements ServerState {
    private static final int MAX_WAITING = 16;
    private static final int MAX_TARGETS = 200;
    private static final int MAX_BUDGETS = 500;
    private static final double MICROS_A_SECOND = 1e6;

    private final long startNanos = System.nanoTime();
    private final Executor measuring = new ThreadPoolExecutor(0, 1, 10, TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(MAX_WAITING),
            new DefaultThreadFactory("penstock-metrics", true)); // it ends by itself
    private final Shared shared;
    private final Reload reload;
    private final Listeners listeners;
    private final Console console = new Console(this);

    PageState(Shared shared, Reload reload, Listeners listeners) {
        this.shared = shared;
        this.reload = reload;
        this.listeners = listeners;
    }

    @Override
    public <T> List<T> askLoops(LoopQuestion<T> question) {
        return shared.workers().ask(question);
    }

    @Override
    public Console console() {
        return console;
    }

    @Override
    public List<InetSocketAddress> addresses() {
        return listeners.addresses();
    }

    @Override
    public List<Provider> providers() {
        return shared.snapshot().providers();
    }

    @Override
    public Router router() {
        return shared.snapshot().policy().router();
    }

    @Override
    public long inFlight(Provider provider) {
        return shared.workers().sum(provider, ConnectionPool::inFlight);
    }

    @Override
    public long waiting(Provider provider) {
        return shared.workers().sum(provider, ConnectionPool::waiting);
    }

    @Override
    public long connectionsOpened(Provider provider) {
        return shared.workers().sum(provider, ConnectionPool::opened);
    }

    @Override
    public boolean isReady() {
        return !shared.isDraining();
    }

    @Override
    public long uptimeNanos() {
        return System.nanoTime() - startNanos;
    }

    @Override
    public @Nullable String adminToken() {
        return shared.snapshot().settings().admin().token();
    }

    @Override
    public void reload(Consumer<String> done) {
        reload.inBackground(done);
    }

    @Override
    public void drain() {
        shared.askToDrain();
    }

    @Override
    public String configuration() {
        return shared.snapshot().settings().text().yaml();
    }

    @Override
    public Ledger ledger() {
        return shared.ledger();
    }

    @Override
    public List<String> callerIds() {
        return shared.snapshot().settings().auth().keys().stream().map(ApiKeySettings::id)
                .toList();
    }

    @Override
    public @Nullable Allowance allowanceOf(String callerId) {
        return shared.snapshot().settings().auth().allowanceOf(callerId);
    }

    @Override
    public Metrics metrics() {
        return shared.metrics();
    }

    @Override
    public Readings readings() {
        return new Readings(Build.THIS.version(), uptimeNanos(), isReady(),
                shared.connectionLimit().open(), shared.concurrent().used(),
                shared.workers().readings(), providers().stream().map(this::reading).toList(),
                reading(shared.cache()), telemetry(), resources(), fleetReading());
    }

    private static Readings.OfCache reading(ReplyCache cache) {
        return new Readings.OfCache(cache.bytes(), cache.recordedBytes(), cache.count(),
                cache.flights(), cache.evicted(), cache.expired());
    }

    private List<Readings.OfTelemetry> telemetry() {
        AccessLog accessLog = shared.accessLog();
        List<Readings.OfTelemetry> all = new ArrayList<>();
        all.add(new Readings.OfTelemetry("log", StandardError.writtenLines(),
                StandardError.droppedLines(), 0));
        if (accessLog != null) {
            all.add(new Readings.OfTelemetry("access_log", accessLog.writtenLines(),
                    accessLog.droppedLines(), accessLog.failedLines()));
        }
        Traces traces = shared.traces();
        if (traces != null) {
            all.add(new Readings.OfTelemetry("traces", traces.exported(), traces.dropped(),
                    traces.refused()));
        }
        PostHog postHog = shared.postHog();
        if (postHog != null) {
            all.add(new Readings.OfTelemetry("posthog", postHog.sent(), postHog.dropped(),
                    postHog.refused()));
        }
        return all;
    }

    private Readings.Resources resources() {
        PooledByteBufAllocator allocator = PooledByteBufAllocator.DEFAULT;
        List<Worker> workers = shared.workers().list();
        return new Readings.Resources(shared.connectionLimit().refused(),
                workers.isEmpty() ? 0 : workers.get(0).calls().bodyMemory().used(),
                List.of(new Readings.OfBuffers("direct", allocator.metric().usedDirectMemory(),
                        allocator.pinnedDirectMemory()),
                        new Readings.OfBuffers("heap", allocator.metric().usedHeapMemory(),
                                allocator.pinnedHeapMemory())),
                List.of(new Readings.OfHandshakes("callers",
                        sum(each -> each.listen().handshakes()),
                        sum(each -> each.listen().failedHandshakes())),
                        new Readings.OfHandshakes("providers",
                                sum(each -> each.upstream().handshakes()),
                                sum(each -> each.upstream().failedHandshakes()))),
                budgets());
    }

    /** Of figures that any thread may read. */
    private long sum(ToLongFunction<Worker> figure) {
        return shared.workers().list().stream().mapToLong(figure).sum();
    }

    private List<Readings.OfBudget> budgets() {
        AuthSettings auth = shared.snapshot().settings().auth();
        List<Readings.OfBudget> budgets = new ArrayList<>();
        auth.keys().stream().filter(key -> key.allowance().hasBudget()).limit(MAX_BUDGETS)
                .forEach(key -> budgets.add(budget(key.id(), key.allowance())));
        if (auth.anonymous() && auth.withoutCredential().hasBudget()) {
            budgets.add(budget(Caller.ANONYMOUS, auth.withoutCredential()));
        }
        return budgets;
    }

    private Readings.OfBudget budget(String caller, Allowance allowance) {
        int month = Month.of(System.currentTimeMillis());
        return new Readings.OfBudget(caller, left(allowance.tokensPerMonth(),
                shared.budgets().usedTokens(caller, month)), left(allowance.nanoDollarsPerMonth(),
                shared.budgets().usedNanoDollars(caller, month)));
    }

    private static long left(long most, long used) {
        return most == 0 ? -1 : Math.max(0, most - used);
    }

    private Readings.@Nullable OfFleet fleetReading() {
        Fleet fleet = shared.fleet();
        if (fleet == null) {
            return null;
        }
        FleetFigures figures = fleet.figures();
        RedisFigures redis = figures.commands();
        Histogram micros = redis.takeMicros();
        Map<String, Double> latency = micros.getTotalCount() == 0 ? Map.of() : Map.of(
                "0.5", micros.getValueAtPercentile(50) / MICROS_A_SECOND,
                "0.99", micros.getValueAtPercentile(99) / MICROS_A_SECOND,
                "1", micros.getMaxValue() / MICROS_A_SECOND);
        return new Readings.OfFleet(figures.nodes(), figures.circuit(), figures.confirmed(),
                figures.unconfirmed(), figures.pending(),
                Map.of("answered", redis.answered(), "failed", redis.failed(), "late",
                        redis.late(), "unsent", redis.unsent()), latency);
    }

    private Readings.OfProvider reading(Provider provider) {
        long now = Ticker.systemTicker().nanoTime(); // the clock of the event loops
        List<Readings.OfTarget> targets = provider.health().stream()
                .filter(TargetHealth::isConfigured).limit(MAX_TARGETS)
                .map(each -> new Readings.OfTarget(each.model(), each.breakerState())).toList();
        int resting = (int) provider.keys().keys().stream()
                .filter(key -> key.restNanos(now) > 0).count();
        return new Readings.OfProvider(provider.name(), provider.settings().enabled(),
                inFlight(provider), waiting(provider), connectionsOpened(provider),
                provider.keys().keys().size(), resting, targets);
    }

    @Override
    public void measure(Runnable task) {
        measuring.execute(task);
    }

    @Override
    public void inBackground(Runnable task) {
        reload.run(task);
    }
}
