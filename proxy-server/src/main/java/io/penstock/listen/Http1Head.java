package io.penstock.listen;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.nio.charset.StandardCharsets;

/**
 * What HTTP/1.1 adds to the fields of an answer: the status line in front, and behind them the
 * framing of the body and the fate of the connection (RFC 9112 sections 4, 6 and 9).
 */
final class Http1Head {
    private static final byte[][] STATUS_LINES = new byte[600][];

    static {
        for (int status = 100; status < STATUS_LINES.length; status++) {
            STATUS_LINES[status] = ascii("HTTP/1.1 " + status + " "
                    + HttpResponseStatus.valueOf(status).reasonPhrase() + "\r\n");
        }
    }

    private static final byte[] CHUNKED = ascii("transfer-encoding: chunked\r\n");
    private static final byte[] LENGTH = ascii("content-length: ");
    private static final byte[] CLOSE = ascii("connection: close\r\n");
    private static final byte[] KEEP_ALIVE = ascii("connection: keep-alive\r\n");

    private Http1Head() {}

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    static byte[] statusLine(int status) {
        return STATUS_LINES[status];
    }

    static void chunked(ByteBuf fields) {
        fields.writeBytes(CHUNKED);
    }

    static void length(ByteBuf fields, long length) {
        fields.writeBytes(LENGTH);
        ByteBufUtil.writeAscii(fields, Long.toString(length));
        crlf(fields);
    }

    /** HTTP/1.0 has to be told that the connection stays, HTTP/1.1 that it does not. */
    static void connection(ByteBuf fields, boolean keepAlive, boolean http10) {
        if (!keepAlive) {
            fields.writeBytes(CLOSE);
        } else if (http10) {
            fields.writeBytes(KEEP_ALIVE);
        }
    }

    static void upgrade(ByteBuf fields, String protocol) {
        ByteBufUtil.writeAscii(fields, "connection: Upgrade\r\nupgrade: " + protocol + "\r\n");
    }

    /** Completes the head: puts the status line into the room before the fields. */
    static ByteBuf whole(int status, ByteBuf fields) {
        crlf(fields);
        byte[] line = STATUS_LINES[status];
        int start = fields.readerIndex() - line.length;
        return fields.setBytes(start, line).readerIndex(start);
    }

    private static void crlf(ByteBuf out) {
        out.writeShort('\r' << 8 | '\n');
    }
}
