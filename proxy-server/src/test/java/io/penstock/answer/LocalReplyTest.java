package io.penstock.answer;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.channel.embedded.EmbeddedChannel;
import io.penstock.failure.Failure;
import io.penstock.failure.Failure.Kind;
import io.penstock.http.HeadWriter;
import io.penstock.http.RequestHead;
import io.penstock.listen.Connections;
import io.penstock.listen.DownstreamStream;
import io.penstock.listen.ListenLoop;
import io.penstock.listen.RequestHandler;
import io.penstock.loop.Deadlines;
import io.penstock.testing.Bytes;
import io.penstock.translate.ReplyFormat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Answers real requests on an embedded connection, as the pipeline does. */
class LocalReplyTest implements RequestHandler {
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final HeadWriter writer = new HeadWriter();
    private DownstreamStream connection;

    @AfterEach
    void close() {
        channel.finishAndReleaseAll();
    }

    @Override
    public void onRequest(RequestHead head) {}

    @Override
    public void onRequestBody(ByteBuf bytes) {
        bytes.release();
    }

    @Override
    public void onRequestEnd() {}

    @Override
    public void onBadRequest(Failure failure) {}

    @Override
    public void onClosed() {}

    @Override
    public void onShutdown() {
        // nothing is under way
    }

    @Override
    public void onWritabilityChanged(boolean writable) {}

    private void request(String line, String fields) {
        if (connection == null) {
            ListenLoop loop = new ListenLoop(channel.eventLoop(),
                    new Deadlines(channel.eventLoop()), 8192, to -> {
                        connection = to;
                        return this;
                    });
            channel.pipeline().addLast(Connections.of(loop));
        }
        channel.writeInbound(Bytes.buffer(line + "\r\nHost: h\r\n" + fields + "\r\n"));
    }

    private LocalReply reply() {
        return new LocalReply(writer);
    }

    private String sent() {
        StringBuilder sent = new StringBuilder();
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            sent.append(Bytes.drain(out));
        }
        return sent.toString();
    }

    @Test
    void answersWithJson() {
        request("GET / HTTP/1.1", "");
        reply().json(connection, 200, "req_1", "{\"a\":\"\u00e9\"}");

        assertThat(sent()).isEqualTo("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
                + "x-request-id: req_1\r\ncache-control: no-store\r\n"
                + "referrer-policy: no-referrer\r\nx-content-type-options: nosniff\r\n"
                + "content-length: 10\r\n\r\n{\"a\":\"\u00c3\u00a9\"}");
        assertThat(channel.isActive()).isTrue();
    }

    @Test
    void answersWithAnErrorObject() {
        request("GET / HTTP/1.1", "");
        reply().error(connection, Failure.of(Kind.MODEL_NOT_FOUND, "No."), null, "[]");

        assertThat(sent()).startsWith("HTTP/1.1 404 Not Found\r\n").doesNotContain("x-request-id")
                .endsWith("\"code\":\"model_not_found\",\"attempts\":[]}}");
    }

    @Test
    void tellsAnthropicsClientsTheRequestsIdUnderTheirName() {
        request("GET / HTTP/1.1", "");
        reply().error(connection, ReplyFormat.MESSAGES, Failure.of(Kind.OVERLOADED, "No."),
                "req_1", null);
        assertThat(sent()).contains("\r\nx-request-id: req_1\r\nrequest-id: req_1\r\n")
                .doesNotContain("x-should-retry");
        request("GET / HTTP/1.1", "");
        reply().inFormat(ReplyFormat.MESSAGES).json(connection, 200, "req_2", "{}");
        assertThat(sent()).contains("\r\nrequest-id: req_2\r\n");
        request("GET / HTTP/1.1", "");
        reply().inFormat(ReplyFormat.CHAT).json(connection, 200, "req_3", "{}");
        assertThat(sent()).doesNotContain("\r\nrequest-id: ");
    }

    @ParameterizedTest
    @EnumSource(value = Kind.class, names = {"INVALID_API_KEY", "MODEL_NOT_ALLOWED",
        "ORIGIN_NOT_ALLOWED"})
    void asksForNoRetryOfWhatIsForbidden(Kind kind) {
        for (ReplyFormat format : ReplyFormat.values()) {
            request("GET / HTTP/1.1", "");
            reply().error(connection, format, Failure.of(kind, "No."), "req_1", null);
            assertThat(sent()).contains("\r\nx-should-retry: false\r\n");
        }
    }

    @Test
    void addsFieldsToTheNextReplyOnly() {
        request("GET / HTTP/1.1", "");
        reply().field("a", "b").retryAfter(1_000_000_001L).json(connection, 429, null, "{}");
        assertThat(sent()).contains("\r\na: b\r\nretry-after: 2\r\n");
        request("GET / HTTP/1.1", "");
        reply().json(connection, 200, null, "{}");
        assertThat(sent()).doesNotContain("a: b").doesNotContain("retry-after");
    }

    @Test
    void addsWholeLinesToTheNextReplyOnly() {
        request("GET / HTTP/1.1", "");
        reply().lines("a: b\r\nc: d\r\n").field("e", "f").json(connection, 200, null, "{}");
        assertThat(sent()).contains("\r\na: b\r\nc: d\r\ne: f\r\n");
        request("GET / HTTP/1.1", "");
        reply().lines("").json(connection, 200, null, "{}");
        assertThat(sent()).doesNotContain("a: b");
    }

    @Test
    void answersWithNoBodyNorAnythingAboutOne() {
        request("OPTIONS / HTTP/1.1", "");
        reply().field("a", "b").noContent(connection, "req_1");
        assertThat(sent()).isEqualTo("HTTP/1.1 204 No Content\r\nx-request-id: req_1\r\na: b\r\n"
                + "referrer-policy: no-referrer\r\nx-content-type-options: nosniff\r\n\r\n");
        assertThat(channel.isActive()).isTrue();
    }

    @Test
    void asksForASecondAtLeast() {
        request("GET / HTTP/1.1", "");
        reply().retryAfter(0).json(connection, 429, null, "{}");
        assertThat(sent()).contains("retry-after: 1\r\n");
    }

    @Test
    void sendsNoBodyToHead() {
        request("HEAD / HTTP/1.1", "");
        reply().json(connection, 200, null, "{}");
        assertThat(sent()).contains("content-length: 2\r\n").endsWith("\r\n\r\n");
        request("GET / HTTP/1.1", "");
        reply().json(connection, 200, null, "{}");
        assertThat(sent()).endsWith("{}");
    }

    @Test
    void saysWhetherTheConnectionStays() {
        request("GET / HTTP/1.0", "Connection: keep-alive\r\n");
        reply().json(connection, 200, null, "{}");
        assertThat(sent()).contains("connection: keep-alive\r\n");
        request("GET / HTTP/1.1", "Connection: close\r\n");
        reply().json(connection, 200, null, "{}");
        assertThat(sent()).contains("connection: close\r\n");
        assertThat(channel.isActive()).isFalse();
    }

    @Test
    void answersACallerWhoseGoingWasOnlySuspectedWithAStatusThatExists() {
        request("GET / HTTP/1.1", "");
        reply().error(connection, Failure.of(Kind.CALLER_GONE, "Gone."), null, null);
        assertThat(sent()).startsWith("HTTP/1.1 400 ");
    }
}
