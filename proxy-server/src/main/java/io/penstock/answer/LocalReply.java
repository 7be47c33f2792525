package io.penstock.answer;

import io.netty.buffer.ByteBuf;
import io.penstock.failure.Failure;
import io.penstock.http.HeadWriter;
import io.penstock.listen.DownstreamStream;
import io.penstock.translate.ErrorBody;
import io.penstock.translate.ReplyFormat;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One reply that the proxy makes itself: short, JSON or text, in one write. Fields are gathered
 * first; then one of the others sends it.
 *
 * <p><b>Thread:</b> confined to the event loop whose writer it borrows while it is sent.
 */
public final class LocalReply {
    private final HeadWriter writer;
    private final StringBuilder extra = new StringBuilder();
    private boolean ofAnthropic;

    /** A reply without any field of its own so far. */
    public LocalReply(HeadWriter writer) {
        this.writer = writer;
    }

    /** Names the request's id as clients of that format look for it, too. */
    public LocalReply inFormat(ReplyFormat format) {
        ofAnthropic = format == ReplyFormat.MESSAGES;
        return this;
    }

    /** Adds a field; neither part may hold a control character. */
    public LocalReply field(String name, String value) {
        extra.append(name).append(": ").append(value).append("\r\n");
        return this;
    }

    /** Adds whole field lines, each with its end. */
    public LocalReply lines(String lines) {
        extra.append(lines);
        return this;
    }

    /** How long the caller should wait before the next try, in whole seconds, rounded up. */
    public LocalReply retryAfter(long nanos) {
        return field("retry-after", Long.toString(
                Math.max(1, TimeUnit.NANOSECONDS.toSeconds(nanos + 999_999_999L))));
    }

    /** Tells how long the answer took. */
    public LocalReply took(long nanos) {
        return lines(writer.clear().text("server-timing: total;dur=").millis(nanos).crlf()
                .toString());
    }

    /** Answers with JSON and ends the response. */
    public void json(DownstreamStream to, int status, String requestId, String body) {
        writeJson(to, status, requestId, body);
        to.endResponse();
    }

    /** Queues an answer of JSON, all of it; the response has yet to be ended. */
    public void writeJson(DownstreamStream to, int status, String requestId, String body) {
        field("cache-control", "no-store");
        write(to, status, requestId, "application/json", body.getBytes(StandardCharsets.UTF_8));
    }

    /** Answers with a page, status 200, and ends the response. */
    public void page(DownstreamStream to, String requestId, String contentType, byte[] body) {
        field("cache-control", "no-store");
        file(to, requestId, contentType, body);
    }

    /** Answers with a page whose fields say how long it may be kept, and ends the response. */
    public void file(DownstreamStream to, String requestId, String contentType, byte[] body) {
        write(to, 200, requestId, contentType, body);
        to.endResponse();
    }

    /** Answers with events that come one after the other. */
    public EventAnswer events(DownstreamStream to, String requestId) {
        field("cache-control", "no-store").field("x-accel-buffering", "no");
        to.closeAfterAnswer(); // nobody ends it but to go
        head(to, 200, requestId, EventAnswer.TYPE, DownstreamStream.UNKNOWN_LENGTH);
        to.flush();
        return new EventAnswer(to);
    }

    /**
     * Answers with that format's error object, and ends the response.
     *
     * @param attempts what was tried, which goes into it
     */
    public void error(DownstreamStream to, ReplyFormat format, Failure failure,
            String requestId, @Nullable String attempts) {
        writeError(to, format, failure, requestId, attempts);
        to.endResponse();
    }

    /** Queues that format's error object, all of it; the response has yet to be ended. */
    public void writeError(DownstreamStream to, ReplyFormat format, Failure failure,
            String requestId, @Nullable String attempts) {
        int status = failure.kind().status() == 499 ? 400 : failure.kind().status();
        if (status == 401 || status == 403) {
            field("x-should-retry", "false"); // else Claude Code tries ten times, in silence
        }
        inFormat(format).writeJson(to, status, requestId, ErrorBody.of(format, failure, attempts));
    }

    /** Answers with OpenAI's error object, and ends the response. */
    public void error(DownstreamStream to, Failure failure, String requestId,
            @Nullable String attempts) {
        error(to, ReplyFormat.CHAT, failure, requestId, attempts);
    }

    /** Answers that there is nothing to say but the fields, and ends the response. */
    public void noContent(DownstreamStream to, String requestId) {
        write(to, 204, requestId, null, null);
        to.endResponse();
    }

    /**
     * Queues the head of an answer whose body the caller of this method writes.
     *
     * @param bodyLength as {@link DownstreamStream#writeHead} takes it
     */
    public void head(DownstreamStream to, int status, String requestId, String contentType,
            long bodyLength) {
        to.writeHead(status, fields(to, requestId, contentType, 0), bodyLength);
    }

    /** {@code contentType} is null where the status knows no body (RFC 9110 section 8.6). */
    private void write(DownstreamStream to, int status, String requestId,
            @Nullable String contentType, byte @Nullable [] body) {
        to.writeWhole(status, fields(to, requestId, contentType, body == null ? 0 : body.length),
                body);
    }

    /** The field lines, with so much room behind them; gives. */
    private ByteBuf fields(DownstreamStream to, String requestId, @Nullable String contentType,
            int room) {
        writer.clear();
        if (contentType != null) {
            writer.text("content-type: ").text(contentType).crlf();
        }
        if (requestId != null) {
            writer.text("x-request-id: ").text(requestId).crlf();
            if (ofAnthropic) {
                writer.text("request-id: ").text(requestId).crlf();
            }
        }
        writer.text(extra.toString()).text("referrer-policy: no-referrer\r\n")
                .bytes(HeaderText.securityLines(to.isTls()));
        return to.fields(writer, room);
    }
}
