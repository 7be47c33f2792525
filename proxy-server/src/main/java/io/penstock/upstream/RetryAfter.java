package io.penstock.upstream;

import io.penstock.http.Field;
import io.penstock.http.ResponseHead;
import io.penstock.provider.WaitText;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * How long a provider asks to be left alone: {@code retry-after-ms}, {@code retry-after} (RFC 9110
 * section 10.2.3, and whatever else providers put there), or the reset of a spent limit. Times are
 * read as {@link WaitText} does.
 */
public final class RetryAfter {
    /** A provider that asks for longer is not believed: it is asked again after this. */
    public static final long MAX_NANOS = TimeUnit.HOURS.toNanos(1);

    /** What {@link #nanos} returns when the head says nothing. */
    public static final long NONE = -1;

    private static final String[] COUNTED = {"x-ratelimit-%s-requests", "x-ratelimit-%s-tokens",
        "anthropic-ratelimit-requests-%s", "anthropic-ratelimit-tokens-%s",
        "anthropic-ratelimit-input-tokens-%s", "anthropic-ratelimit-output-tokens-%s",
        "x-ratelimit-%s", "ratelimit-%s"};
    private static final String[] REMAINING = names("remaining");
    private static final String[] RESETS = names("reset");

    private RetryAfter() {}

    private static String[] names(String what) {
        String[] names = new String[COUNTED.length];
        for (int i = 0; i < names.length; i++) {
            names[i] = String.format(COUNTED[i], what);
        }
        return names;
    }

    /** Nanoseconds to wait, {@link #MAX_NANOS} at most; {@link #NONE} if nothing is said. */
    public static long nanos(ResponseHead head, Instant now) {
        long nanos = NONE;
        String millis = head.value(Field.RETRY_AFTER_MS);
        if (millis != null) {
            nanos = nanos(WaitText.readMillis(millis));
        }
        String text = head.value(Field.RETRY_AFTER);
        if (nanos == NONE && text != null) {
            nanos = nanos(WaitText.read(text, now));
        }
        return nanos == NONE ? reset(head, now) : nanos;
    }

    /** A wait that is known from elsewhere: nanoseconds, {@link #MAX_NANOS} at most. */
    static long nanos(@Nullable Duration wait) {
        return wait == null ? NONE
                : wait.compareTo(Duration.ofNanos(MAX_NANOS)) < 0 ? wait.toNanos() : MAX_NANOS;
    }

    /**
     * The last reset of all limits that have nothing left. A 429 that doesn't say which limit is
     * spent means one of those told: the first to be reset, of those that don't say they have some.
     */
    private static long reset(ResponseHead head, Instant now) {
        long spent = NONE;
        long untold = NONE;
        for (int i = 0; i < RESETS.length; i++) {
            String reset = head.value(RESETS[i]);
            long nanos = reset == null ? NONE : nanos(WaitText.read(reset, now));
            String remaining = head.value(REMAINING[i]);
            if (nanos == NONE) {
                continue;
            }
            if ("0".equals(remaining)) {
                spent = Math.max(spent, nanos);
            } else if (remaining == null && nanos > 0) {
                untold = untold == NONE ? nanos : Math.min(untold, nanos);
            }
        }
        return spent != NONE ? spent : head.status() == 429 ? untold : NONE;
    }
}
