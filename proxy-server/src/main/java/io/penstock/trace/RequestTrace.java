package io.penstock.trace;

import io.penstock.http.HeadWriter;
import java.util.HexFormat;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One request's place in a trace: the ids of the trace, of the caller's span and of the request's
 * own, fixed when its head came; and what the head said, where the request is recorded.
 *
 * <p><b>Thread:</b> confined to the event loop, but for what is fixed, which any thread may read.
 */
public final class RequestTrace {
    private static final HexFormat HEX = HexFormat.of();

    private final long traceHigh;
    private final long traceLow;
    private final long spanId;
    private final long parentId;
    private final int flags;
    private final @Nullable String state;
    private final @Nullable Request request;
    private final boolean propagates;
    private final LongSupplier ids;
    private @Nullable String route;

    /**
     * What a recorded request's head said.
     *
     * @param path without its query, which may hold a credential
     */
    public record Request(String method, String path, boolean tls, @Nullable String userAgent) {}

    RequestTrace(long traceHigh, long traceLow, long spanId, long parentId, int flags,
            @Nullable String state, @Nullable Request request, boolean propagates,
            LongSupplier ids) {
        this.traceHigh = traceHigh;
        this.traceLow = traceLow;
        this.spanId = spanId;
        this.parentId = parentId;
        this.flags = flags;
        this.state = state;
        this.request = request;
        this.propagates = propagates;
        this.ids = ids;
    }

    /** The same place in the trace for another request, under an id of its own. */
    RequestTrace sharedBy(long otherSpanId, @Nullable Request other) {
        return new RequestTrace(traceHigh, traceLow, otherSpanId, parentId, flags, state, other,
                propagates, ids);
    }

    /** Whether spans are made of the request. */
    public boolean isSampled() {
        return request != null;
    }

    /** What the head said; null where the request is not recorded. */
    public @Nullable Request request() {
        return request;
    }

    /** The endpoint's path with its parameters unfilled; null where the path is of no endpoint. */
    public @Nullable String route() {
        return route;
    }

    /** Notes for which endpoint the request is. */
    public void onRoute(String path) {
        route = path;
    }

    /** 32 hex digits. */
    public String traceId() {
        return HEX.toHexDigits(traceHigh) + HEX.toHexDigits(traceLow);
    }

    /** Of the request's own span: 16 hex digits. */
    public String spanId() {
        return HEX.toHexDigits(spanId);
    }

    /** Of the caller's span: 16 hex digits; null for a request that begins a trace. */
    public @Nullable String parentId() {
        return parentId == 0 ? null : HEX.toHexDigits(parentId);
    }

    /** What other systems noted in the trace; null for nothing. */
    public @Nullable String state() {
        return state;
    }

    /**
     * The span of a further attempt.
     *
     * @param beside which the attempt stands, or whose reply it continues; null for none
     */
    public AttemptSpan newAttempt(@Nullable AttemptSpan beside) {
        return new AttemptSpan(this, ids.getAsLong(), beside);
    }

    void writeTo(HeadWriter out, long childId) {
        if (!propagates) {
            return;
        }
        out.text("traceparent: 00-").hex(traceHigh).hex(traceLow).text("-").hex(childId)
                .text(flags < 2 ? flags == 0 ? "-00" : "-01" : flags == 2 ? "-02" : "-03").crlf();
        if (state != null) {
            out.text("tracestate: ").text(state).crlf();
        }
    }
}
