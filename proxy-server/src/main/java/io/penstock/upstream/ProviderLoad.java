package io.penstock.upstream;

import io.penstock.failure.Fault;
import io.penstock.loop.Slots;
import org.jspecify.annotations.Nullable;

/**
 * How many calls a provider gets at once: as many as were configured, or up to that as many as it
 * bears.
 *
 * <p><b>Thread:</b> safe.
 */
public final class ProviderLoad {
    private final @Nullable Slots slots; // null for no limit
    private final @Nullable AdaptiveLimit adaptive; // null for a fixed one

    ProviderLoad(LoadSettings settings) {
        Integer concurrent = settings.concurrent();
        adaptive = settings.adaptive() && concurrent != null
                ? new AdaptiveLimit(settings.minConcurrent(), concurrent) : null;
        slots = concurrent == null ? null
                : new Slots(adaptive == null ? concurrent : adaptive.limit());
    }

    /** Null where there is no limit. */
    public @Nullable Slots slots() {
        return slots;
    }

    /** A stream has shown content, so long after it was asked for. */
    public void onFirstContent(long nanos) {
        if (adaptive != null && slots != null) {
            slots.setLimit(adaptive.onFirstContent(nanos, slots.used()));
        }
    }

    /** A unary reply is good. */
    public void onUnaryReply() {
        if (adaptive != null && slots != null) {
            slots.setLimit(adaptive.onUnaryReply(slots.used()));
        }
    }

    /** An error reply came: perhaps the provider has too much to do. */
    public void onErrorReply(int status) {
        if (adaptive != null && slots != null
                && (status == 429 || status == 503 || status == 529)) {
            slots.setLimit(adaptive.onOverload());
        }
    }

    /** No reply came: the same. */
    public void onFault(Fault fault) {
        if (adaptive != null && slots != null
                && (fault == Fault.HEAD_TIMEOUT || fault == Fault.FIRST_CONTENT_TIMEOUT)) {
            slots.setLimit(adaptive.onOverload());
        }
    }
}
