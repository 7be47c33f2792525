package io.penstock.observe.trace;

import io.penstock.exchange.Finished;
import io.penstock.observe.ExchangeObserver;
import io.penstock.observe.Handover;
import io.penstock.trace.LoopTracer;
import io.penstock.trace.OtlpSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Traces of exchanges for a collector that speaks OTLP. Event loops give requests their ids, and
 * hand finished exchanges that are recorded to one thread, which makes spans of them and sends
 * those. A collector that hangs, refuses or fails costs spans, which are counted, and nothing else.
 *
 * <p><b>Thread:</b> safe.
 * <br><b>Bounds:</b> {@value #MAX_QUEUED} exchanges wait, beside {@value #MAX_BATCH} that are being
 * exported; closing takes {@link #LAST_EXPORT} at most.
 */
public final class Traces implements ExchangeObserver {
    static final int MAX_QUEUED = 2048;
    static final int MAX_BATCH = 256;
    static final Duration LAST_EXPORT = Duration.ofSeconds(3);
    private static final Duration GATHER = Duration.ofSeconds(1);
    private static final Duration LAST_WORDS = Duration.ofMillis(500);
    private static final Logger LOG = LoggerFactory.getLogger(Traces.class);

    private final OtlpSettings settings;
    private final String version;
    private final Handover<TracedExchange> handover;
    private final AtomicLong exported = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();
    private volatile @Nullable SpanExport export; // null until there is something to send

    private Traces(OtlpSettings settings, String version) {
        this.settings = settings;
        this.version = version;
        handover = new Handover<>("penstock-traces", MAX_QUEUED, MAX_BATCH, GATHER, this::export);
    }

    /** Opens it; null if nothing is to be traced. Nothing of the SDK is loaded yet. */
    public static @Nullable Traces open(@Nullable OtlpSettings settings, String version)
            throws IOException {
        if (settings == null) {
            return null;
        }
        for (Path file : settings.files()) {
            if (!Files.isReadable(file)) { // said at the start, not when there is a first span
                throw new IOException("observe.otlp: " + file + " cannot be read");
            }
        }
        return new Traces(settings, version);
    }

    /** Gives requests of one event loop their place in a trace. */
    public LoopTracer newTracer() {
        return new LoopTracer(settings.sampling(), settings.propagate());
    }

    @Override
    public void onFinished(Finished exchange) {
        if (exchange.isTraced()) {
            handover.offer(TracedExchange.of(exchange));
        }
    }

    private void export(List<TracedExchange> exchanges) {
        boolean taken = false;
        try {
            SpanExport open = export;
            if (open == null) {
                open = new SpanExport(settings, version);
                export = open;
            }
            taken = open.export(exchanges);
        } catch (IOException | RuntimeException e) {
            LOG.error("traces_failed", e);
        }
        (taken ? exported : refused).addAndGet(exchanges.size());
    }

    /** Exchanges whose spans the collector took. */
    public long exported() {
        return exported.get();
    }

    /** Exchanges for which there was no room, or no time at the end. */
    public long dropped() {
        return handover.dropped();
    }

    /** Exchanges whose spans the collector did not take. */
    public long refused() {
        return refused.get();
    }

    /** Exports what waits, as far as there is time for it. */
    public void close() {
        handover.close(LAST_EXPORT);
        SpanExport open = export; // the thread has ended, or is stuck and was interrupted
        if (open != null) {
            open.close(LAST_WORDS);
        }
    }
}
