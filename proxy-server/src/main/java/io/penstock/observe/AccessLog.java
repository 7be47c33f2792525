package io.penstock.observe;

import io.netty.channel.EventLoop;
import io.penstock.exchange.Finished;
import io.penstock.exchange.call.Ask;
import io.penstock.exchange.call.AttemptLog;
import io.penstock.exchange.call.AttemptRecord;
import io.penstock.json.JsonText;
import io.penstock.provider.Api;
import io.penstock.usage.TokenUsage;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Locale;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One line an exchange and one a refused request, written by a thread of its own. Event loops
 * gather lines and hand them over in batches; none of them ever waits for the disk, or for the
 * reader of standard output. A file can be moved away at any time: {@link #reopen} begins another
 * in its place.
 *
 * <p><b>Thread:</b> safe; a {@link LoopLog} is confined to its loop.
 * <br><b>Bounds:</b> {@value #MAX_BATCHES} batches of {@value #BATCH_CHARS} characters wait for the
 * disk; further ones are dropped, counted, and reported once there is room again.
 */
public final class AccessLog implements AutoCloseable {
    static final int MAX_BATCHES = 256;
    static final int BATCH_CHARS = 16 * 1024;
    private static final long GATHER_MILLIS = 100;
    private static final Logger LOG = LoggerFactory.getLogger(AccessLog.class);

    /** What the writer takes from the queue: lines, or one of two signs. */
    private record Batch(@Nullable String lines, int count) {
        static final Batch END = new Batch(null, 0);
        static final Batch WAKE = new Batch("", 0);
    }

    private final ArrayBlockingQueue<Batch> batches = new ArrayBlockingQueue<>(MAX_BATCHES);
    private final AtomicLong dropped = new AtomicLong(); // lines, since that was last reported
    private final AtomicLong droppedInAll = new AtomicLong();
    private final AtomicLong written = new AtomicLong();
    private final AtomicLong failed = new AtomicLong();
    private final @Nullable Path file; // null for standard output
    private final boolean json;
    private final Thread writer;
    private OutputStream out; // the writer's own
    private volatile boolean reopenAsked;

    private AccessLog(OutputStream out, @Nullable Path file, boolean json) {
        this.out = out;
        this.file = file;
        this.json = json;
        writer = new Thread(this::write, "penstock-access-log");
        writer.setDaemon(true);
        writer.start();
    }

    /** Opens it; null if none is wanted. */
    public static @Nullable AccessLog open(ObserveSettings settings) throws IOException {
        if (settings.accessLog() == null) {
            return null;
        }
        Path file = settings.accessLog().equals("-") ? null : Path.of(settings.accessLog());
        OutputStream out = file == null ? new FileOutputStream(FileDescriptor.out) : append(file);
        return new AccessLog(out, file, settings.json());
    }

    private static OutputStream append(Path file) throws IOException {
        return Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    /**
     * Opens the file again, by its name: what is handed over from now on goes there, though the old
     * file has been moved away. Returns at once. A file that can't be opened leaves the old one.
     */
    public void reopen() {
        if (file != null) {
            reopenAsked = true;
            batches.offer(Batch.WAKE); // a full queue wakes the writer as well
        }
    }

    /** Lines that were written since the start. */
    public long writtenLines() {
        return written.get();
    }

    /** Lines that could not be written, as where the disk is full. */
    public long failedLines() {
        return failed.get();
    }

    /** Lines that were dropped since the start, since the disk was too slow. */
    public long droppedLines() {
        return droppedInAll.get();
    }

    /** The log as one event loop writes it. */
    public LoopLog forLoop(EventLoop loop) {
        return new LoopLog(loop);
    }

    /** Writes what waits, then ends; waits for that, two seconds at most. */
    @Override
    public void close() throws InterruptedException {
        if (batches.offer(Batch.END, 1, TimeUnit.SECONDS)) {
            writer.join(1000);
        }
        writer.interrupt(); // a disk or a pipe that takes nothing must not keep the process
    }

    private void write() {
        boolean failing = false;
        try {
            while (true) {
                Batch batch = batches.take();
                String lines = batch.lines();
                if (lines == null) {
                    return;
                }
                try {
                    if (reopenAsked) {
                        reopenAsked = false;
                        openAgain();
                    }
                    out.write(lines.getBytes(StandardCharsets.UTF_8));
                    written.addAndGet(batch.count());
                    long missing = dropped.getAndSet(0);
                    if (missing > 0) {
                        LOG.warn("access_log_dropped lines={}", missing);
                    }
                    failing = false;
                } catch (IOException e) {
                    failed.addAndGet(batch.count());
                    if (!failing) { // said once, not for every line of a full disk
                        LOG.warn("access_log_failed cause=\"{}\"", e.toString());
                    }
                    failing = true;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            closeFile();
        }
    }

    private void openAgain() {
        assert file != null; // or nobody could ask for it
        try {
            OutputStream next = append(file);
            closeFile();
            out = next;
        } catch (IOException e) {
            LOG.warn("access_log_not_reopened cause=\"{}\"", e.toString());
        }
    }

    private void closeFile() {
        if (file != null) {
            try {
                out.close();
            } catch (IOException e) {
                LOG.warn("access_log_failed cause=\"{}\"", e.toString());
            }
        }
    }

    /** Gathers the lines of one event loop. */
    public final class LoopLog implements ExchangeObserver {
        private final EventLoop loop;
        private final StringBuilder lines = new StringBuilder(BATCH_CHARS + 1024);
        private int gathered; // lines
        private boolean scheduled;

        private LoopLog(EventLoop loop) {
            this.loop = loop;
        }

        /** Adds the line of a finished exchange. */
        @Override
        public void onFinished(Finished exchange) {
            if (json) {
                AccessLine.json(lines, exchange, Instant.now());
            } else {
                AccessLine.text(lines, exchange, Instant.now());
            }
            gathered++;
            if (lines.length() >= BATCH_CHARS) {
                flush();
            } else if (!scheduled) {
                scheduled = true;
                loop.schedule(() -> {
                    scheduled = false;
                    flush();
                }, GATHER_MILLIS, TimeUnit.MILLISECONDS);
            }
        }

        /** Hands over what has been gathered. */
        public void flush() {
            if (lines.length() > 0) {
                if (!batches.offer(new Batch(lines.toString(), gathered))) {
                    dropped.addAndGet(gathered);
                    droppedInAll.addAndGet(gathered);
                }
                lines.setLength(0);
                gathered = 0;
            }
        }
    }

    /** How a finished exchange reads as a line. */
    static final class AccessLine {
        private static final int NANO_DIGITS = 9;
        private static final String[] WHYS = Stream.of(Ask.Why.values())
                .map(why -> why.name().toLowerCase(Locale.ROOT)).toArray(String[]::new);

        private AccessLine() {}

        static void json(StringBuilder out, Finished x, Instant now) {
            out.append("{\"time\":\"").append(now).append("\",\"event\":\"exchange\",\"id\":");
            JsonText.quote(out, x.requestId());
            if (x.isTraced()) {
                out.append(",\"trace_id\":\"").append(x.trace().traceId()).append('"');
            }
            out.append(",\"caller\":");
            JsonText.quote(out, x.caller() == null ? null : x.caller().id()).append(",\"api\":");
            JsonText.quote(out, name(x.api())).append(",\"model\":");
            JsonText.quote(out, x.model()).append(",\"stream\":").append(x.isStream())
                    .append(",\"status\":").append(x.status()).append(",\"failure\":");
            JsonText.quote(out, x.failure() == null ? null : x.failure().kind().code());
            if (x.failure() != null && x.failure().detail() != null) {
                JsonText.quote(out.append(",\"detail\":"), x.failure().detail());
            }
            out.append(",\"outcome\":\"").append(x.outcome()).append("\",\"provider\":");
            JsonText.quote(out, x.servedBy() == null ? null : x.servedBy().provider());
            JsonText.quote(out.append(",\"upstream_api\":"), name(x.upstreamApi()));
            out.append(",\"attempts\":[");
            for (AttemptRecord entry : x.attempts()) {
                out.append(out.charAt(out.length() - 1) == '[' ? "" : ",");
                JsonText.quote(out, entry.target() + "=" + entry.outcome());
            }
            out.append("],\"why\":[");
            for (AttemptRecord entry : x.attempts()) {
                out.append(out.charAt(out.length() - 1) == '[' ? "" : ",");
                JsonText.quote(out, why(entry));
            }
            out.append("],\"attempt_ms\":[");
            for (AttemptRecord entry : x.attempts()) {
                out.append(out.charAt(out.length() - 1) == '[' ? "" : ",")
                        .append(millis(entry.nanos()));
            }
            out.append("],\"ms\":").append(millis(x.durationNanos()));
            if (x.firstContentNanos() >= 0) {
                out.append(",\"first_content_ms\":").append(millis(x.firstContentNanos()));
            }
            Finished.Stages stages = x.stages();
            if (stages != null) {
                out.append(",\"receive_ms\":").append(millis(stages.receive()))
                        .append(",\"queue_ms\":").append(millis(stages.queue()))
                        .append(",\"provider_ms\":").append(millis(stages.provider()))
                        .append(",\"proxy_ms\":").append(millis(stages.proxy()));
            }
            if (x.malformedEvents() > 0) {
                out.append(",\"malformed_events\":").append(x.malformedEvents());
            }
            if (x.cache() != null) {
                out.append(",\"cache\":\"").append(x.cache().word()).append('"');
            }
            if (x.saved() != null) {
                out.append(",\"saved_tokens\":").append(x.saved().total());
            }
            TokenUsage usage = x.usage();
            if (usage != null) {
                out.append(",\"prompt_tokens\":").append(usage.prompt())
                        .append(",\"completion_tokens\":").append(usage.completion())
                        .append(",\"cached_tokens\":").append(usage.cached())
                        .append(",\"reasoning_tokens\":").append(usage.reasoning());
                if (usage.estimated()) {
                    out.append(",\"estimated\":true");
                }
            }
            if (x.nanoDollars() > 0) {
                out.append(",\"cost_usd\":").append(dollars(x.nanoDollars()));
            }
            out.append("}\n");
        }

        static void text(StringBuilder out, Finished x, Instant now) {
            out.append(now).append(" exchange id=").append(x.requestId());
            if (x.isTraced()) {
                out.append(" trace_id=").append(x.trace().traceId());
            }
            out.append(" caller=");
            JsonText.quote(out, x.caller() == null ? null : x.caller().id()).append(" api=")
                    .append(name(x.api())).append(" model=");
            JsonText.quote(out, x.model()).append(" stream=").append(x.isStream())
                    .append(" outcome=").append(x.outcome())
                    .append(" status=").append(x.status());
            if (x.failure() != null) {
                out.append(" failure=").append(x.failure().kind().code());
                if (x.failure().detail() != null) {
                    JsonText.quote(out.append(" detail="), x.failure().detail());
                }
            }
            JsonText.quote(out.append(" provider="),
                    x.servedBy() == null ? null : x.servedBy().provider());
            out.append(" upstream_api=").append(name(x.upstreamApi()));
            JsonText.quote(out.append(" attempts="), AttemptLog.text(x.attempts()));
            if (x.attempts().size() > 1) {
                out.append(" why=");
                for (int i = 0; i < x.attempts().size(); i++) {
                    out.append(i == 0 ? "" : ",").append(why(x.attempts().get(i)));
                }
                out.append(" attempt_ms=");
                for (int i = 0; i < x.attempts().size(); i++) {
                    out.append(i == 0 ? "" : ",").append(millis(x.attempts().get(i).nanos()));
                }
            }
            out.append(" ms=").append(millis(x.durationNanos()));
            if (x.firstContentNanos() >= 0) {
                out.append(" first_content_ms=").append(millis(x.firstContentNanos()));
            }
            Finished.Stages stages = x.stages();
            if (stages != null) {
                out.append(" receive_ms=").append(millis(stages.receive()))
                        .append(" queue_ms=").append(millis(stages.queue()))
                        .append(" provider_ms=").append(millis(stages.provider()))
                        .append(" proxy_ms=").append(millis(stages.proxy()));
            }
            if (x.malformedEvents() > 0) {
                out.append(" malformed_events=").append(x.malformedEvents());
            }
            if (x.cache() != null) {
                out.append(" cache=").append(x.cache().word());
            }
            if (x.saved() != null) {
                out.append(" saved_tokens=").append(x.saved().total());
            }
            TokenUsage usage = x.usage();
            if (usage != null) {
                out.append(" prompt_tokens=").append(usage.prompt())
                        .append(" completion_tokens=").append(usage.completion())
                        .append(" cached_tokens=").append(usage.cached())
                        .append(" reasoning_tokens=").append(usage.reasoning())
                        .append(usage.estimated() ? " estimated=true" : "");
            }
            if (x.nanoDollars() > 0) {
                out.append(" cost_usd=").append(dollars(x.nanoDollars()));
            }
            out.append('\n');
        }

        /** A word of the attempt: why it was made, or that none was. */
        private static String why(AttemptRecord entry) {
            return entry.why() == null ? "skipped" : WHYS[entry.why().ordinal()];
        }

        /** Decimal, with as many digits as there are. */
        private static String dollars(long nanoDollars) {
            return BigDecimal.valueOf(nanoDollars, NANO_DIGITS).stripTrailingZeros()
                    .toPlainString();
        }

        private static @Nullable String name(@Nullable Api api) {
            return api == null ? null : api.name().toLowerCase(Locale.ROOT);
        }

        private static double millis(long nanos) {
            return Math.floorDiv(nanos, 1000) / 1000.0;
        }
    }
}
