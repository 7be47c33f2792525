package io.penstock.observe;

import io.penstock.exchange.Finished;
import io.penstock.observe.PostHogEvents.Origin;
import io.penstock.upstream.ProviderSettings;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells PostHog of calls to models, in batches, from a thread of its own. A PostHog that hangs,
 * refuses or breaks costs events, which are counted, and nothing else.
 *
 * <p><b>Thread:</b> safe; serves all event loops.
 * <br><b>Bounds:</b> {@value #MAX_WAITING} calls wait, each without its texts; a batch has {@value
 * #MAX_BATCH} of them and is tried {@value #MAX_TRIES} times, for {@value #TIMEOUT_SECONDS} s each.
 */
public final class PostHog implements ExchangeObserver, AutoCloseable {
    static final int MAX_WAITING = 4096;
    static final int MAX_BATCH = 256;
    static final int MAX_TRIES = 4;
    static final int TIMEOUT_SECONDS = 10;
    private static final Duration GATHER = Duration.ofSeconds(1);
    private static final Duration LAST_WORDS = Duration.ofSeconds(2);
    private static final long MAX_PAUSE_MILLIS = 30_000;
    private static final Logger LOG = LoggerFactory.getLogger(PostHog.class);

    /** How long to wait before each further try. */
    record Pauses(long firstMillis) {
        static final Pauses USUAL = new Pauses(500);

        long millis(int failedTries, long retryAfterSeconds) {
            return Math.min(MAX_PAUSE_MILLIS, Math.max(firstMillis << failedTries - 1,
                    TimeUnit.SECONDS.toMillis(retryAfterSeconds)));
        }
    }

    private final PostHogSettings settings;
    private final PostHogEvents events;
    private final Pauses pauses;
    private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(TIMEOUT_SECONDS)).build();
    private final AtomicLong sent = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();
    private volatile Map<String, Origin> origins = Map.of();
    private boolean failing; // the sending thread's: said once, not for each batch
    private final Handover<AiCall> handover;

    PostHog(PostHogSettings settings, Pauses pauses) {
        this.settings = settings;
        this.pauses = pauses;
        events = new PostHogEvents(settings.apiKey());
        handover = new Handover<>("penstock-posthog", MAX_WAITING, MAX_BATCH, GATHER, this::send);
    }

    /** Starts it; null if no PostHog is configured. */
    public static @Nullable PostHog open(@Nullable PostHogSettings settings) {
        return settings == null ? null : new PostHog(settings, Pauses.USUAL);
    }

    /** These are the providers from now on. */
    public void onProviders(List<ProviderSettings> providers) {
        origins = providers.stream().collect(Collectors.toUnmodifiableMap(ProviderSettings::name,
                each -> new Origin(each.type().configName(), each.baseUrl().toString())));
    }

    @Override
    public void onFinished(Finished exchange) {
        AiCall call = AiCall.of(exchange);
        if (call != null) {
            handover.offer(call);
        }
    }

    /** Calls that PostHog was told of. */
    public long sent() {
        return sent.get();
    }

    /** Calls for which there was no room, or no time. */
    public long dropped() {
        return handover.dropped();
    }

    /** Calls that PostHog did not take. */
    public long refused() {
        return refused.get();
    }

    /** Sends what waits, if that is taken in time. */
    @Override
    public void close() {
        handover.close(LAST_WORDS);
    }

    /** On the thread that may wait. */
    private void send(List<AiCall> calls) {
        HttpRequest request = HttpRequest.newBuilder(settings.batches())
                .timeout(Duration.ofSeconds(TIMEOUT_SECONDS))
                .header("content-type", "application/json").header("content-encoding", "gzip")
                .POST(HttpRequest.BodyPublishers.ofByteArray(
                        zipped(events.batch(calls, origins)))).build();
        String failure = "interrupted";
        try {
            failure = trySeveralTimes(request);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the proxy stops
        }
        if (failure.isEmpty()) {
            failing = false;
            sent.addAndGet(calls.size());
            return;
        }
        refused.addAndGet(calls.size());
        if (!failing) {
            LOG.warn("posthog_failed host={} cause=\"{}\" calls={}", settings.host().getHost(),
                    failure, calls.size());
        }
        failing = true;
    }

    /** Returns why nothing came of it; empty if PostHog took the batch. */
    private String trySeveralTimes(HttpRequest request) throws InterruptedException {
        String failure = "";
        for (int tries = 1; tries <= MAX_TRIES; tries++) {
            long retryAfterSeconds = 0;
            try {
                HttpResponse<Void> response =
                        client.send(request, HttpResponse.BodyHandlers.discarding());
                int status = response.statusCode();
                if (status >= 200 && status < 300) {
                    return "";
                }
                failure = "status " + status;
                if (status != 408 && status != 429 && status < 500) {
                    return failure; // no other answer would come
                }
                retryAfterSeconds = response.headers().firstValue("retry-after")
                        .filter(value -> value.matches("\\d{1,6}")).map(Long::parseLong)
                        .orElse(0L);
            } catch (IOException e) {
                failure = e.toString();
            }
            if (tries < MAX_TRIES) {
                TimeUnit.MILLISECONDS.sleep(pauses.millis(tries, retryAfterSeconds));
            }
        }
        return failure;
    }

    private static byte[] zipped(String text) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(text.length() / 4 + 64);
        try (GZIPOutputStream zip = new GZIPOutputStream(out)) {
            zip.write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory has no such trouble
        }
        return out.toByteArray();
    }
}
