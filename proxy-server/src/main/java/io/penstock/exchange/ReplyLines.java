package io.penstock.exchange;

import io.penstock.answer.HeaderText;
import io.penstock.answer.LimitReply;
import io.penstock.answer.LocalReply;
import io.penstock.exchange.attempt.Attempt;
import io.penstock.exchange.call.AttemptLog;
import io.penstock.exchange.call.CacheUse;
import io.penstock.exchange.call.Timing;
import io.penstock.exchange.call.Timing.Stage;
import io.penstock.http.HeadWriter;
import io.penstock.limit.Permit;
import io.penstock.route.Route.TargetName;
import io.penstock.translate.ReplyFormat;
import java.util.List;

/**
 * The field lines of the proxy's own in the heads of one exchange's replies: limits, the request's
 * id, CORS, who served it, what was tried, and where the time went.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 *
 * @param cors field lines that every reply has to carry
 * @param format of the caller
 * @param full replies name provider, model, attempts and timings
 */
record ReplyLines(Permit permit, String requestId, String cors, ReplyFormat format, boolean full,
        AttemptLog log, Timing timing) {

    /**
     * Writes the lines of a provider's reply that goes to the caller.
     *
     * @param cache null where the response cache is not for such calls
     */
    void write(HeadWriter out, Attempt good, CacheUse cache, boolean tls, long nowNanos) {
        LimitReply.write(out, permit, good.status() == 429, nowNanos);
        out.text("x-request-id: ").text(requestId).crlf().text(cors);
        if (format == ReplyFormat.MESSAGES && !good.isNamed()) {
            out.text("request-id: ").text(requestId).crlf();
        }
        if (good.status() != 101) {
            out.bytes(HeaderText.securityLines(tls));
        }
        if (full) {
            out.text("x-penstock-provider: ").text(good.target().provider())
                    .text("\r\nx-penstock-model: ")
                    .text(HeaderText.printable(good.target().model()))
                    .text("\r\nx-penstock-attempts: ");
            log.writeTo(out);
            writeNames(out, "\r\nx-penstock-dropped: ", good.ask().request().dropped());
            writeNames(out, "\r\nx-penstock-changed: ", good.ask().request().changed());
            out.crlf();
            writeUse(out, cache);
            timing.enter(Stage.PROXY, good.contentNanos());
            timing.write(out, nowNanos, good);
        }
    }

    private static void writeUse(HeadWriter out, CacheUse cache) {
        if (cache != null) {
            out.text("x-penstock-cache: ").text(cache.word()).crlf();
        }
    }

    /** The lines of a reply that another call got first, from that target. */
    String ofReplay(HeadWriter scratch, TargetName first, CacheUse cache, long ageSeconds,
            boolean tls, long nowNanos) {
        HeadWriter out = scratch.clear();
        LimitReply.write(out, permit, false, nowNanos);
        out.text("x-request-id: ").text(requestId).crlf().text(cors);
        if (format == ReplyFormat.MESSAGES) {
            out.text("request-id: ").text(requestId).crlf();
        }
        out.bytes(HeaderText.securityLines(tls));
        if (full) {
            if (cache == CacheUse.HIT) {
                out.text("age: ").number(ageSeconds).crlf();
            }
            out.text("x-penstock-provider: ").text(first.provider())
                    .text("\r\nx-penstock-model: ").text(HeaderText.printable(first.model()))
                    .crlf();
            writeUse(out, cache);
            timing.write(out, nowNanos);
        }
        return out.toString();
    }

    private static void writeNames(HeadWriter out, String field, List<String> names) {
        if (!names.isEmpty()) {
            out.text(field).text(String.join(",", names));
        }
    }

    /** Adds the lines of a reply that the proxy makes itself; what is left is told as it is now. */
    LocalReply addTo(LocalReply reply, HeadWriter scratch, long nowNanos) {
        reply.inFormat(format).lines(LimitReply.lines(permit, nowNanos)).lines(cors);
        if (full) {
            if (!log.entries().isEmpty()) {
                reply.field("x-penstock-attempts", log.toString());
            }
            timing.write(scratch.clear(), nowNanos);
            reply.lines(scratch.toString());
        }
        return reply;
    }
}
