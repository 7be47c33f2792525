package io.penstock.exchange.attempt;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.answer.HeaderText;
import io.penstock.exchange.call.CallLoop;
import io.penstock.http.Field;
import io.penstock.http.HeadWriter;
import io.penstock.http.ResponseHead;
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
 * <br><b>Buffers:</b> owns the head from {@link #write} to {@link #take} or {@link #discard}.
 */
final class CallersHead {
    private static final int LAST_LINES_BYTES = 384;
    private static final int FIRST_EVENTS_BYTES = 768;
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
    private final ByteBufAllocator allocator;
    private ByteBuf head; // without its last lines

    CallersHead(CallLoop loop, ByteBufAllocator allocator) {
        this.loop = loop;
        this.allocator = allocator;
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
        if (bodiless) {
            if (reply.contentLength() >= 0 && reply.status() != 204) {
                out.text("content-length: ").number(reply.contentLength()).crlf();
            }
        } else if (relay.sendsChunks()) {
            out.text("transfer-encoding: chunked\r\n");
        } else if (relay.framing() == ResponseRelay.Framing.AS_IS && reply.status() != 204) {
            out.text("content-length: ").number(Math.max(0, reply.contentLength())).crlf();
        }
        if (events) {
            out.text(reply.has(Field.CACHE_CONTROL) ? "x-accel-buffering: no\r\n"
                    : "cache-control: no-cache\r\nx-accel-buffering: no\r\n");
        }
        head = allocator.directBuffer(out.length() + LAST_LINES_BYTES
                + (bodiless || reply.contentLength() > ResponseRelay.SMALL_BYTES ? 0
                        : events ? FIRST_EVENTS_BYTES : (int) Math.max(0, reply.contentLength())));
        out.drainTo(head);
    }

    private HeadWriter writeFields(ResponseHead reply, long retryAfterNanos, boolean translated,
            boolean mistyped) {
        HeadWriter out = loop.writer().clear();
        if (!translated) {
            out.bytes(HeaderText.statusLine(reply.status()));
        }
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

    /** Writes the beginning of a translated reply's head, which is known only at the commit. */
    void begin(int status, ResponseRelay relay, boolean events) {
        HeadWriter out = loop.writer().clear().bytes(HeaderText.statusLine(status))
                .text(events ? "content-type: text/event-stream\r\n"
                        : "content-type: application/json\r\n");
        if (relay.framing() == ResponseRelay.Framing.LENGTH) {
            out.text("content-length: ").number(relay.heldBytes()).crlf();
        }
        ByteBuf fields = head;
        head = allocator.directBuffer(out.length() + fields.readableBytes()
                + LAST_LINES_BYTES + Math.min(relay.heldBytes(), ResponseRelay.SMALL_BYTES));
        out.drainTo(head);
        head.writeBytes(fields);
        fields.release();
    }

    /** Gives the head, with these last lines. */
    ByteBuf take(HeadWriter lastLines) {
        lastLines.crlf().drainTo(head);
        ByteBuf taken = head;
        head = null;
        return taken;
    }

    /** Releases the head; harmless if there is none. */
    void discard() {
        if (head != null) {
            head.release();
            head = null;
        }
    }
}
