package io.penstock.trace;

import io.penstock.http.Field;
import io.penstock.http.RequestHead;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Gives each request of one event loop its place in a trace: the caller's, if its head names one,
 * else a new one.
 *
 * <p><b>Thread:</b> confined to the event loop.
 * <br><b>Bounds:</b> {@value #MAX_CHARS} characters of path and user agent are kept.
 */
public final class LoopTracer {
    private static final int MAX_CHARS = 256;

    private final Sampling sampling;
    private final boolean propagates;
    private final LongSupplier random;
    private final LongSupplier ids = this::id;

    /**
     * A tracer by these rules.
     *
     * @param propagates providers are told the trace
     */
    public LoopTracer(Sampling sampling, boolean propagates) {
        this(sampling, propagates, () -> ThreadLocalRandom.current().nextLong());
    }

    LoopTracer(Sampling sampling, boolean propagates, LongSupplier random) {
        this.sampling = sampling;
        this.propagates = propagates;
        this.random = random;
    }

    /**
     * The trace of a request.
     *
     * @param tls the request came over TLS
     */
    public RequestTrace begin(RequestHead head, boolean tls) {
        return begin(head, tls, null);
    }

    /**
     * The trace of a request, or of one of several that another was made into.
     *
     * @param of whose trace, caller and decision the request shares; null for none
     */
    public RequestTrace begin(RequestHead head, boolean tls, @Nullable RequestTrace of) {
        if (of != null) {
            return of.sharedBy(id(), of.isSampled() ? request(head, tls) : null);
        }
        TraceParent parent = parent(head);
        long high = parent != null ? parent.traceHigh() : id();
        long low = parent != null ? parent.traceLow() : id();
        boolean sampled = parent != null && sampling.followsCaller() ? parent.isSampled()
                : sampling.covers(low);
        int flags = (sampled ? TraceParent.SAMPLED : 0)
                | (parent != null ? parent.flags() & TraceParent.RANDOM : 0);
        String state = parent == null ? null : TraceState.checked(head.values("tracestate"));
        RequestTrace.Request request = sampled ? request(head, tls) : null;
        return new RequestTrace(high, low, id(), parent == null ? 0 : parent.spanId(), flags,
                state, request, propagates, ids);
    }

    private static RequestTrace.Request request(RequestHead head, boolean tls) {
        String agent = head.value(Field.USER_AGENT);
        return new RequestTrace.Request(head.method(), cut(head.path()), tls,
                agent == null ? null : cut(agent));
    }

    private static String cut(String text) {
        return text.length() <= MAX_CHARS ? text : text.substring(0, MAX_CHARS);
    }

    private static @Nullable TraceParent parent(RequestHead head) {
        if (!head.has(Field.TRACEPARENT)) {
            return null;
        }
        String value = head.values("traceparent"); // two of them make one that is malformed
        return value == null ? null : TraceParent.of(value);
    }

    private long id() {
        long id = random.getAsLong();
        while (id == 0) {
            id = random.getAsLong();
        }
        return id;
    }
}
