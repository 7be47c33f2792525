package io.penstock.fleet;

import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.Ticker;
import io.penstock.cache.SharedStore;
import io.penstock.limit.Budgets;
import io.penstock.limit.SharedRate;
import io.penstock.limit.SharedUse;
import io.penstock.limit.Sharing;
import io.penstock.loop.Transport;
import io.penstock.redis.RedisLink;
import io.penstock.redis.RedisSettings;
import io.penstock.store.Month;
import io.penstock.upstream.Provider;
import io.penstock.upstream.Weather;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node among the others: says each second that it is there, and has what is counted here and
 * there brought into step. Calls never wait for any of it: they leave what has changed in a queue,
 * which a thread of its own works off.
 *
 * <p><b>Thread:</b> safe; started and closed by one thread each.
 * <br><b>Bounds:</b> {@value #MAX_RATES_UNDER_WAY} exchanges of rates and {@value
 * #MAX_USES_UNDER_WAY} of budgets at a time, so that a hundred nodes which come back at once stay
 * within what a server answers in time. Each count has one under way, and begins one every {@value
 * #LEAST_GAP_MILLIS} ms ({@value #MOST_GAP_MILLIS} among many nodes), but when half of what it may
 * leave unconfirmed is spent.
 */
public final class Fleet implements Sharing, AutoCloseable {
    static final long BEAT_MILLIS = 1000;
    static final long GONE_MILLIS = 5000;
    static final int MAX_RATES_UNDER_WAY = 192;
    static final int MAX_USES_UNDER_WAY = 64;
    static final long LEAST_GAP_MILLIS = 100;
    static final long MOST_GAP_MILLIS = 1000;

    private static final String NODES = "nodes";
    private static final long FIRST_CONTACT_MILLIS = 3000;
    private static final long FAREWELL_MILLIS = 1000;
    private static final long AWAY_BEAT_MILLIS = 100; // the circuit says how many are sent
    private static final long GAP_MILLIS_A_NODE = 10;
    private static final long ROUND_NANOS = TimeUnit.MILLISECONDS.toNanos(2);
    private static final long IDLE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long WAITING_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final long USE_KEPT_MILLIS = TimeUnit.DAYS.toMillis(70);
    private static final Logger LOG = LoggerFactory.getLogger(Fleet.class);

    private final RedisSettings settings;
    private final String node;
    private final Changes<SharedRate> rates = new Changes<>();
    private final Changes<SharedUse> uses = new Changes<>();
    private final Thread thread = new Thread(this::run, "penstock-fleet");
    private final AtomicBoolean asleep = new AtomicBoolean();
    private final AtomicInteger ratesUnderWay = new AtomicInteger();
    private final AtomicInteger usesUnderWay = new AtomicInteger();
    private final CountDownLatch firstContact = new CountDownLatch(1);
    private final LongAdder confirmed = new LongAdder();
    private final LongAdder unconfirmed = new LongAdder();
    private volatile @Nullable RedisLink link; // from the start on
    private volatile int nodes;
    private volatile boolean closing;
    private volatile boolean lost; // what was told may be forgotten there
    private volatile @Nullable Budgets budgets;
    private volatile @Nullable SharedWeather weather;

    // Of the fleet's thread
    private long beatNanos;
    private boolean wasUp;

    /** One that queues what changes until it starts. */
    public Fleet(RedisSettings settings, String node) {
        this.settings = settings;
        this.node = node;
        thread.setDaemon(true);
    }

    /** What is told again when it may be forgotten there. */
    public void use(Budgets budgets) {
        this.budgets = budgets;
    }

    /**
     * Connects, and waits for a first answer, but not long: without one the node is alone until
     * there is one.
     */
    public void start(EventLoopGroup loops, Transport transport,
            Supplier<List<Provider>> providers) {
        RedisLink opened = RedisLink.open(settings, loops, transport);
        SharedWeather sky = new SharedWeather(node, opened, providers);
        sky.start();
        link = opened;
        weather = sky;
        beatNanos = now() - TimeUnit.MILLISECONDS.toNanos(BEAT_MILLIS);
        thread.start();
        try {
            if (firstContact.await(FIRST_CONTACT_MILLIS, TimeUnit.MILLISECONDS)) {
                LOG.info("fleet_joined url={} node={} nodes={}", settings.url(), node, nodes);
            } else {
                LOG.warn("redis_away url={} on_failure={}", settings.url(),
                        settings.onFailure().name().toLowerCase(Locale.ROOT));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whom to tell what is learnt of providers. */
    public Weather weather() {
        Weather told = weather;
        return told == null ? Weather.UNTOLD : told;
    }

    public String node() {
        return node;
    }

    /** Where the nodes keep replies for each other; null before the start. */
    public @Nullable SharedStore replies() {
        RedisLink open = link;
        return open == null ? null : new SharedReplies(open);
    }

    public FleetFigures figures() {
        RedisLink open = link;
        if (open == null) {
            throw new IllegalStateException("not started");
        }
        return new FleetFigures(nodes, open.circuitState(), open.figures(), confirmed.sum(),
                unconfirmed.sum(), rates.size() + uses.size());
    }

    private static long now() {
        return Ticker.systemTicker().nanoTime(); // the clock of the event loops
    }

    // For calls

    @Override
    public boolean isUp() {
        RedisLink open = link;
        return open != null && nodes > 0 && open.isUp();
    }

    @Override
    public boolean rejects() {
        return settings.onFailure() == RedisSettings.OnFailure.REJECT;
    }

    @Override
    public int nodes() {
        return nodes;
    }

    @Override
    public void onChange(SharedRate rate) {
        if (rates.add(rate) || rate.isUrgent()) {
            wake();
        }
    }

    @Override
    public void onChange(SharedUse use) {
        if (uses.add(use)) {
            wake();
        }
    }

    @Override
    public void onUnconfirmed() {
        unconfirmed.increment();
    }

    private void wake() {
        if (asleep.get() && asleep.compareAndSet(true, false)) {
            LockSupport.unpark(thread);
        }
    }

    // Behind their backs

    private void run() {
        while (!closing) {
            long begunNanos = now();
            try {
                round(begunNanos, gapNanos());
            } catch (RuntimeException e) { // a mistake here must not end the thread
                LOG.error("fleet_round_failed", e);
            }
            LockSupport.parkNanos(ROUND_NANOS - (now() - begunNanos)); // not more often than that
            asleep.set(true);
            if (rates.hasNew() || uses.hasNew()) {
                asleep.set(false);
            } else {
                LockSupport.parkNanos(restNanos());
                asleep.set(false);
            }
        }
    }

    private long restNanos() {
        return rates.isEmpty() && uses.isEmpty() || !isUp() ? IDLE_NANOS
                : ratesUnderWay.get() >= MAX_RATES_UNDER_WAY
                        || usesUnderWay.get() >= MAX_USES_UNDER_WAY ? ROUND_NANOS : WAITING_NANOS;
    }

    private int underWay() {
        return ratesUnderWay.get() + usesUnderWay.get();
    }

    private long gapNanos() {
        return TimeUnit.MILLISECONDS.toNanos(Math.min(MOST_GAP_MILLIS,
                Math.max(LEAST_GAP_MILLIS, GAP_MILLIS_A_NODE * nodes)));
    }

    private void round(long nowNanos, long gapNanos) {
        RedisLink open = link;
        if (open == null) {
            return;
        }
        open.tend();
        beat(open, nowNanos);
        boolean up = isUp();
        SharedWeather sky = weather;
        if (up && !wasUp && sky != null) {
            sky.learn();
            lost = true; // it may have been another server
        }
        wasUp = up;
        if (!up) {
            return;
        }
        Budgets all = budgets;
        if (lost && all != null) {
            lost = false;
            all.tellAgain(Month.of(System.currentTimeMillis()));
        }
        rates.round(gapNanos, nowNanos, MAX_RATES_UNDER_WAY - ratesUnderWay.get(),
                rate -> exchange(open, rate));
        uses.round(gapNanos, nowNanos, MAX_USES_UNDER_WAY - usesUnderWay.get(),
                use -> exchange(open, use));
    }

    private void beat(RedisLink open, long nowNanos) {
        long pauseMillis = isUp() ? BEAT_MILLIS : AWAY_BEAT_MILLIS;
        if (nowNanos - beatNanos < TimeUnit.MILLISECONDS.toNanos(pauseMillis)) {
            return;
        }
        beatNanos = nowNanos;
        open.probe(Scripts.BEAT, NODES, node, Long.toString(GONE_MILLIS)).thenAccept(reply -> {
            if (Scripts.number(reply, 0) == 1 && nodes > 0) {
                lost = true; // the server has lost its memory, or this node was long away
            }
            nodes = (int) Scripts.number(reply, 1);
            firstContact.countDown();
        });
    }

    private void exchange(RedisLink open, SharedRate rate) {
        ratesUnderWay.incrementAndGet();
        long micros = rate.begin(now());
        open.run(Scripts.RATE, "rate:" + rate.name(), Long.toString(micros),
                Long.toString(rate.forgivenAboveMicros()))
                .thenApply(reply -> Scripts.number(reply, 0))
                .whenComplete((lackMicros, failure) -> {
                    ratesUnderWay.decrementAndGet();
                    if (failure == null) {
                        confirmed.increment();
                        rate.onAnswer(lackMicros, now());
                    } else {
                        rate.onNoAnswer();
                    }
                });
    }

    private void exchange(RedisLink open, SharedUse use) {
        usesUnderWay.incrementAndGet();
        SharedUse.Own own = use.begin(now());
        open.run(Scripts.USE, "use:" + Month.text(use.month()) + ":" + use.caller(), node,
                Long.toString(own.tokens()), Long.toString(own.nanoDollars()),
                Long.toString(USE_KEPT_MILLIS))
                .thenApply(Scripts::useOf)
                .whenComplete((all, failure) -> {
                    usesUnderWay.decrementAndGet();
                    if (failure == null) {
                        use.onAnswer(own, all.known(), all.sum());
                    } else {
                        use.onNoAnswer();
                    }
                });
    }

    /** Tells what is left to tell, and leaves; nothing may be counted any more. */
    @Override
    public void close() {
        closing = true;
        RedisLink open = link;
        if (open == null) {
            return; // it never started
        }
        LockSupport.unpark(thread);
        try {
            thread.join(FAREWELL_MILLIS);
            sayFarewell(open);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        open.close();
    }

    private void sayFarewell(RedisLink open) throws InterruptedException {
        long beginNanos = now();
        long endNanos = beginNanos + TimeUnit.MILLISECONDS.toNanos(FAREWELL_MILLIS);
        while (isUp() && !(rates.isEmpty() && uses.isEmpty() && underWay() == 0)
                && endNanos - now() > 0) {
            round(now(), 0);
            TimeUnit.MILLISECONDS.sleep(1);
        }
        if (!uses.isEmpty()) {
            LOG.warn("usage_untold callers={} (other nodes learn of it when this one is back)",
                    uses.count());
        }
        if (isUp()) {
            open.run(Scripts.LEAVE, NODES, node)
                    .completeOnTimeout(List.of(), FAREWELL_MILLIS, TimeUnit.MILLISECONDS)
                    .handle((reply, failure) -> null).join();
        }
    }
}
