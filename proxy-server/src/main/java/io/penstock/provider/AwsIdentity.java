package io.penstock.provider;

import java.lang.ref.WeakReference;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whom requests to AWS come from: credentials that are looked for where it may take a while, kept
 * until shortly before they expire, and looked for again when AWS won't have them.
 *
 * <p><b>Thread:</b> safe; asked on event loops, and waits for nothing there.
 * <br><b>Bounds:</b> one search at a time, {@value #MIN_PAUSE_SECONDS} seconds after the last at
 * the earliest; while they fail, the pauses double up to {@value #MAX_PAUSE_SECONDS} seconds.
 * Credentials that were refused rest {@value #REFUSED_REST_SECONDS} seconds unless others are
 * found.
 */
final class AwsIdentity {
    static final long AHEAD_SECONDS = 5 * 60;
    static final long MIN_PAUSE_SECONDS = 5;
    static final long MAX_PAUSE_SECONDS = 60;
    static final long REFUSED_REST_SECONDS = 30;

    /** A refusal that comes so soon may be of those that were there before. */
    static final long SETTLING_SECONDS = 10;

    private static final Logger LOG = LoggerFactory.getLogger(AwsIdentity.class);
    private static final int MAX_PROBLEM_CHARS = 1000;

    /** What was found. */
    record Found(AwsSigner.Credentials credentials, @Nullable Instant expiry) {
        private boolean isGoodAt(Instant now) {
            return expiry == null || now.isBefore(expiry);
        }
    }

    /** Where credentials come from. */
    interface Source {
        /** Looks for them; may block. */
        Found find() throws Exception;
    }

    /** Where a search may block. */
    interface Later {
        void run(Runnable task, Duration delay);
    }

    private final String name; // for the log
    private final Source source;
    private final Later later;
    private final InstantSource clock;
    private final AtomicBoolean searching = new AtomicBoolean();
    private final AtomicLong plans = new AtomicLong();
    private volatile @Nullable Found found; // null until something was
    private volatile @Nullable Instant foundAt;
    private volatile String problem = "they are still being looked for";
    private volatile Instant notBefore = Instant.MIN;
    private volatile Instant restsUntil = Instant.MIN; // after a refusal
    private long pauseSeconds = MIN_PAUSE_SECONDS; // of whoever searches

    private AwsIdentity(String name, Source source, Later later, InstantSource clock) {
        this.name = name;
        this.source = source;
        this.later = later;
        this.clock = clock;
    }

    /** One that is always the same. */
    static AwsIdentity of(String name, AwsSigner.Credentials credentials, InstantSource clock) {
        AwsIdentity identity = new AwsIdentity(name, () -> new Found(credentials, null),
                (task, delay) -> task.run(), clock);
        identity.prepare();
        return identity;
    }

    /** One that is looked for there, once it is prepared. */
    static AwsIdentity from(String name, Source source, Later later, InstantSource clock) {
        return new AwsIdentity(name, source, later, clock);
    }

    /** Starts to look for credentials. */
    void prepare() {
        search(clock.instant());
    }

    /** Whether there is something to sign with now. */
    boolean isReady() {
        Instant now = clock.instant();
        Found known = found;
        if (known == null || !known.isGoodAt(now)) {
            search(now);
            return false;
        }
        return !now.isBefore(restsUntil);
    }

    /** What to sign with now. */
    AwsSigner.Credentials credentials() throws CredentialsMissingException {
        Instant now = clock.instant();
        Found known = found;
        if (known == null || !known.isGoodAt(now)) {
            search(now);
            throw new CredentialsMissingException(
                    "no credentials for AWS (" + name + "): " + problem);
        }
        if (now.isBefore(restsUntil)) {
            throw new CredentialsMissingException(
                    "AWS has refused the credentials (" + name + ") a moment ago");
        }
        return known.credentials();
    }

    /** AWS would not have them: they have expired, or are none. */
    void onRefused() {
        Instant now = clock.instant();
        Instant since = foundAt;
        if (since != null && !now.isBefore(since.plusSeconds(SETTLING_SECONDS))) {
            restsUntil = now.plusSeconds(REFUSED_REST_SECONDS);
        }
        search(now);
    }

    private void search(Instant now) {
        if (!now.isBefore(notBefore)) {
            search();
        }
    }

    private void search() {
        if (searching.compareAndSet(false, true)) {
            later.run(this::look, Duration.ZERO);
        }
    }

    private void look() {
        long nextSeconds;
        try {
            nextSeconds = keep(source.find());
        } catch (Exception | LinkageError e) {
            nextSeconds = pauseSeconds;
            pauseSeconds = Math.min(2 * pauseSeconds, MAX_PAUSE_SECONDS);
            notBefore = clock.instant().plusSeconds(nextSeconds);
            problem = oneLine(e);
            LOG.warn("aws_credentials_missing from={} again_s={} error=\"{}\"", name, nextSeconds,
                    problem);
        } finally {
            searching.set(false);
        }
        if (nextSeconds > 0) {
            plan(nextSeconds);
        }
    }

    /** Returns when to look again; 0 for not before they are refused. */
    private long keep(Found next) {
        Instant now = clock.instant();
        notBefore = now.plusSeconds(MIN_PAUSE_SECONDS);
        pauseSeconds = MIN_PAUSE_SECONDS;
        problem = "those that were found have expired";
        if (!next.equals(found)) {
            foundAt = now;
            restsUntil = Instant.MIN;
            found = next;
            LOG.debug("aws_credentials_found from={} expiry={}", name, next.expiry());
        }
        return next.expiry() == null ? 0 : Math.max(MAX_PAUSE_SECONDS,
                Duration.between(now, next.expiry()).toSeconds() - AHEAD_SECONDS);
    }

    /** Only the last plan counts, and none keeps alive what nobody uses any more. */
    private void plan(long seconds) {
        long number = plans.incrementAndGet();
        WeakReference<AwsIdentity> self = new WeakReference<>(this);
        later.run(() -> {
            AwsIdentity alive = self.get();
            if (alive != null && alive.plans.get() == number) {
                alive.search(); // whatever has become of the clock meanwhile
            }
        }, Duration.ofSeconds(seconds));
    }

    private static String oneLine(Throwable e) {
        String text = String.valueOf(e.getMessage()).replaceAll("[\\p{Cntrl}\"\\s]+", " ").strip();
        return text.length() <= MAX_PROBLEM_CHARS ? text : text.substring(0, MAX_PROBLEM_CHARS);
    }
}
