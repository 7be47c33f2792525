package io.penstock.listen;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.penstock.testing.Bytes;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class Http1HeadTest {
    private final ByteBuf fields = Bytes.buffer(new byte[DownstreamStream.HEAD_ROOM])
            .readerIndex(DownstreamStream.HEAD_ROOM);

    @Test
    void hasALineForEveryStatusAndRoomForIt() {
        for (int status = 100; status < 600; status++) {
            assertThat(new String(Http1Head.statusLine(status), StandardCharsets.US_ASCII))
                    .matches("HTTP/1\\.1 " + status + " [^\r\n]+\r\n")
                    .hasSizeLessThanOrEqualTo(DownstreamStream.HEAD_ROOM);
        }
        fields.release();
    }

    @Test
    void putsTheStatusLineBeforeTheFieldsAndTheRestBehindThem() {
        fields.writeBytes(Bytes.latin1("a: b\r\n"));
        Http1Head.length(fields, 1234567890123L);
        Http1Head.connection(fields, false, false);

        assertThat(Bytes.drain(Http1Head.whole(404, fields))).isEqualTo("HTTP/1.1 404 Not Found\r\n"
                + "a: b\r\ncontent-length: 1234567890123\r\nconnection: close\r\n\r\n");
    }

    @Test
    void saysOfTheConnectionOnlyWhatIsNotTheRule() {
        Http1Head.connection(fields, true, false);
        Http1Head.chunked(fields);
        assertThat(Bytes.drain(Http1Head.whole(200, fields))).isEqualTo("HTTP/1.1 200 OK\r\n"
                + "transfer-encoding: chunked\r\n\r\n");
    }

    @Test
    void tellsACallerOfHttp10ThatTheConnectionStays() {
        Http1Head.connection(fields, true, true);
        assertThat(Bytes.drain(Http1Head.whole(200, fields))).isEqualTo("HTTP/1.1 200 OK\r\n"
                + "connection: keep-alive\r\n\r\n");
    }

    @Test
    void namesTheProtocolOfAnUpgrade() {
        Http1Head.upgrade(fields, "websocket");
        assertThat(Bytes.drain(Http1Head.whole(101, fields))).isEqualTo("HTTP/1.1 101 Switching "
                + "Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n");
    }
}
