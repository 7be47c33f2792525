package io.penstock.exchange.attempt;

import io.netty.buffer.ByteBuf;
import io.penstock.exchange.call.CallLoop;
import io.penstock.http.Field;
import io.penstock.http.HeadWriter;
import io.penstock.http.ResponseHead;
import io.penstock.listen.DownstreamStream;
import io.penstock.relay.ResponseRelay;
import io.penstock.upstream.RetryAfter;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * The head of a provider's reply as the caller gets it, written when it comes, and completed when
 * the attempt is committed. Room for the first bytes of the body is left behind it.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Buffers:</b> owns the head from {@link #write} to {@link #send} or {@link #discard}.
 */
final class CallersHead {
    private static final int LAST_LINES_BYTES = 320; // of the proxy's own
    private static final int FIRST_EVENTS_BYTES = 768;
    private static final int SMALL_BYTES = 4 * 1024; // a body that goes out in one buffer with it
    private static final long MAX_RETRY_AFTER_SECONDS = 60;
    private static final Set<Field> RETRY_FIELDS =
            EnumSet.of(Field.RETRY_AFTER, Field.RETRY_AFTER_MS, Field.X_SHOULD_RETRY);
    private static final Set<Field> TYPE_FIELD = EnumSet.of(Field.CONTENT_TYPE);
    private static final Set<Field> BODY_FIELDS =
            EnumSet.of(Field.CONTENT_TYPE, Field.CONTENT_ENCODING);
    private static final Set<Field> RETRY_AND_BODY_FIELDS = EnumSet.of(Field.RETRY_AFTER,
            Field.RETRY_AFTER_MS, Field.X_SHOULD_RETRY, Field.CONTENT_TYPE, Field.CONTENT_ENCODING);
    private static final Set<Field> NONE = EnumSet.noneOf(Field.class);

    private final CallLoop loop;
    private final DownstreamStream downstream;
    private ByteBuf fields; // without the last lines
    private long toldLength; // of a reply without a body

    CallersHead(CallLoop loop, DownstreamStream downstream) {
        this.loop = loop;
        this.downstream = downstream;
    }

    /**
     * Writes everything but what is only known when the attempt is committed.
     *
     * @param retryAfterNanos what an error reply asks for, which is capped; else {@link
     *     RetryAfter#NONE}
     * @param translated the body becomes another one: its length and type come later, too
     * @param bodiless no body follows, whatever length the head tells
     */
    void write(ResponseHead reply, ResponseRelay relay, boolean events, long retryAfterNanos,
            boolean translated, boolean bodiless) {
        boolean mistyped = events && !translated
                && !reply.valueStartsWith(Field.CONTENT_TYPE, "text/event-stream");
        HeadWriter out = writeFields(reply, retryAfterNanos, translated, mistyped);
        if (events) {
            out.text(reply.has(Field.CACHE_CONTROL) ? "x-accel-buffering: no\r\n"
                    : "cache-control: no-cache\r\nx-accel-buffering: no\r\n");
        }
        boolean small = !bodiless && reply.contentLength() <= SMALL_BYTES;
        fields = downstream.fields(out, LAST_LINES_BYTES + (!small ? 0
                : events ? FIRST_EVENTS_BYTES : (int) Math.max(0, reply.contentLength())));
        toldLength = reply.status() == 204 || reply.contentLength() < 0
                ? DownstreamStream.NO_BODY : reply.contentLength();
    }

    private HeadWriter writeFields(ResponseHead reply, long retryAfterNanos, boolean translated,
            boolean mistyped) {
        HeadWriter out = loop.writer().clear();
        boolean tooPatient = retryAfterNanos > TimeUnit.SECONDS.toNanos(MAX_RETRY_AFTER_SECONDS);
        reply.writeDownstreamFields(out, translated ? tooPatient ? RETRY_AND_BODY_FIELDS
                : BODY_FIELDS : tooPatient ? RETRY_FIELDS : mistyped ? TYPE_FIELD : NONE);
        if (mistyped) {
            out.text("content-type: text/event-stream\r\n"); // or callers would not read it
        }
        if (tooPatient) {
            out.text("retry-after: ").number(MAX_RETRY_AFTER_SECONDS)
                    .text("\r\nx-should-retry: false\r\n");
        } else if (retryAfterNanos > 0 && !reply.has(Field.RETRY_AFTER)
                && !reply.has(Field.RETRY_AFTER_MS)) {
            out.text("retry-after: ").number(TimeUnit.NANOSECONDS.toSeconds(
                    retryAfterNanos + 999_999_999L)).crlf(); // told by other fields only
        }
        return out;
    }

    /** Sends the head, with these last lines. */
    void send(int status, HeadWriter lastLines, ResponseRelay relay) {
        lastLines.drainTo(fields);
        ByteBuf taken = fields;
        fields = null;
        downstream.writeHead(status, taken, relay.isBodiless() ? toldLength : relay.bodyLength());
    }

    /** Releases the head; harmless if there is none. */
    void discard() {
        if (fields != null) {
            fields.release();
            fields = null;
        }
    }
}
