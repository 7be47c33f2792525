package io.penstock.admin;

import io.netty.util.concurrent.DefaultThreadFactory;
import io.penstock.answer.LocalReply;
import io.penstock.listen.DownstreamStream;
import io.penstock.listen.OpenRequest;
import io.penstock.observe.LoopWatch;
import io.penstock.observe.LoopWatch.Sight;
import io.penstock.observe.LoopWatch.Viewer;
import io.penstock.observe.Overview;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells all open consoles once a second how the proxy does, which exchanges are under way, and
 * which have finished. Each text is made once, whoever reads it; none is made while no console is
 * open.
 *
 * <p><b>Thread:</b> opened on any event loop; everything is computed on a thread of its own, which
 * ends when there is nothing left to tell.
 * <br><b>Bounds:</b> {@value #MAX_TABS} open consoles. Of a second {@value #MAX_RUNNING} exchanges
 * under way are told of each loop, and {@value #MAX_FINISHED} finished ones. One text at most waits
 * for each console: one that does not keep up misses texts, and is told how many.
 */
final class EventFeed {
    static final int MAX_TABS = 64;
    static final int MAX_RUNNING = 100;
    static final int MAX_FINISHED = 200;

    private static final long INTERVAL_SECONDS = 1;
    private static final long IDLE_SECONDS = 5;
    private static final Logger LOG = LoggerFactory.getLogger(EventFeed.class);

    private final ServerState state;
    private final List<FeedTab> tabs = new CopyOnWriteArrayList<>();
    private final ScheduledThreadPoolExecutor thread = new ScheduledThreadPoolExecutor(1,
            new DefaultThreadFactory("penstock-console", true));
    private final AtomicBoolean ticking = new AtomicBoolean();
    private final Overview overview = new Overview(); // these are the thread's own
    private final Map<Integer, Long> told = new HashMap<>(); // finished exchanges, by loop
    private byte[] figures = {}; // of the last second

    EventFeed(ServerState state) {
        this.state = state;
        thread.setKeepAliveTime(IDLE_SECONDS, TimeUnit.SECONDS);
        thread.allowCoreThreadTimeOut(true);
    }

    /** Whether one more console may be open. */
    boolean hasRoom() {
        return tabs.size() < MAX_TABS;
    }

    /**
     * Opens the feed; the first texts follow at once.
     *
     * @param endsWithDrain the answer ends when the proxy drains, which would wait for it
     */
    OpenRequest open(DownstreamStream to, LocalReply reply, String requestId, Viewer viewer,
            boolean endsWithDrain) {
        FeedTab tab = new FeedTab(to, reply.events(to, requestId), viewer, endsWithDrain,
                tabs::remove);
        tabs.add(tab);
        if (ticking.compareAndSet(false, true)) {
            schedule(0);
        } else {
            runSoon(this::greet);
        }
        return tab;
    }

    private void schedule(long seconds) {
        thread.schedule(this::tick, seconds, TimeUnit.SECONDS);
    }

    private void runSoon(Runnable task) {
        thread.execute(() -> {
            try {
                task.run();
            } catch (RuntimeException e) {
                LOG.error("console_feed_failed", e); // a mistake of ours: the next second may do
            }
        });
    }

    private void tick() {
        if (tabs.isEmpty()) {
            ticking.set(false);
            if (!tabs.isEmpty() && ticking.compareAndSet(false, true)) {
                schedule(0); // one was opened in between
            }
            return;
        }
        try {
            tellAll();
        } catch (RuntimeException e) {
            LOG.error("console_feed_failed", e); // a mistake of ours: the next second may do
        }
        schedule(INTERVAL_SECONDS);
    }

    /** Tells all consoles of this second. */
    private void tellAll() {
        overview.sample(state.metrics().sums(), state.readings(), System.nanoTime(),
                System.currentTimeMillis());
        figures = event("overview", ExchangesPage.json(overview::write));
        List<FeedTab> known = tabs.stream().filter(FeedTab::isGreeted).toList();
        tell(known, told, new byte[0]);
        if (known.isEmpty()) {
            told.clear();
        }
        greet();
        for (FeedTab tab : tabs) {
            if (tab.endsWithDrain() && !state.isReady()) {
                tab.end();
            }
        }
    }

    /** Tells new consoles of the history, and of the exchanges that are still known. */
    private void greet() {
        List<FeedTab> fresh = tabs.stream().filter(tab -> !tab.isGreeted()).toList();
        if (fresh.isEmpty() || figures.length == 0) {
            return; // the next second will do
        }
        Map<Integer, Long> seen = new HashMap<>();
        tell(fresh, seen, event("history", ExchangesPage.json(overview::writeHistory)));
        seen.forEach(told::putIfAbsent);
        fresh.forEach(FeedTab::onGreeted);
    }

    /**
     * Tells those consoles of the last second's figures, of the exchanges under way, and of those
     * that have finished.
     *
     * @param from up to where each loop's finished exchanges have been told; is brought up to date
     */
    private void tell(List<FeedTab> readers, Map<Integer, Long> from, byte[] first) {
        if (readers.isEmpty()) {
            return;
        }
        Set<Viewer> viewers = readers.stream().map(FeedTab::viewer).collect(Collectors.toSet());
        Map<Integer, Long> since = Map.copyOf(from); // the loops read it
        List<Seen> seen = state.askLoops((loop, watch) -> look(viewers, watch, loop,
                since.getOrDefault(loop, 0L)));
        seen.forEach(each -> from.put(each.loop(), each.next()));
        Map<Viewer, byte[]> texts = new HashMap<>();
        for (Viewer viewer : viewers) {
            texts.put(viewer, joined(first, figures, exchanges(viewer, seen.stream()
                    .map(each -> Objects.requireNonNull(each.sights().get(viewer))).toList())));
        }
        readers.forEach(tab -> tab.send(Objects.requireNonNull(texts.get(tab.viewer()))));
    }

    /** What one loop shows to each viewer. */
    private record Seen(int loop, long next, Map<Viewer, Sight> sights) {}

    private static Seen look(Set<Viewer> viewers, LoopWatch watch, int loop, long from) {
        Map<Viewer, Sight> sights = new HashMap<>();
        for (Viewer viewer : viewers) {
            sights.put(viewer, watch.look(viewer, from, MAX_RUNNING, MAX_FINISHED));
        }
        return new Seen(loop, watch.next(), sights);
    }

    /** Those under way come last, in each text: so a reader knows where a second's texts end. */
    private static byte[] exchanges(Viewer viewer, List<Sight> sights) {
        byte[] running = event("running",
                ExchangesPage.json(out -> ExchangeLists.running(out, viewer, sights)));
        return sights.stream().allMatch(each -> each.finished().isEmpty()) ? running
                : joined(event("finished", ExchangesPage.json(
                        out -> ExchangeLists.finished(out, viewer, sights))), running);
    }

    static byte[] event(String name, String data) {
        return ("event: " + name + "\ndata: " + data + "\n\n").getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] joined(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }
}
