package io.penstock.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RawClientTest {
    private static final Duration SOON = Duration.ofSeconds(10);

    @Test
    void readsAHeadAndKeepsItsBytes() throws Exception {
        String raw = "HTTP/1.1 201 Made\r\nA: 1\r\na: 2\r\ncontent-length: 2\r\n\r\n";
        try (ScriptedUpstream upstream = replying(raw + "ok");
                RawClient client = asking(upstream)) {
            RawClient.Head head = client.readHead();

            assertThat(head.status()).isEqualTo(201);
            assertThat(head.headers().get("a")).containsExactly("1", "2");
            assertThat(head.header("Content-Length")).isEqualTo("2");
            assertThat(head.raw()).asString().isEqualTo(raw);
            assertThat(client.readBody(head)).isEqualTo("ok");
        }
    }

    @Test
    void readsChunksWithTheirFramingAndWithout() throws Exception {
        String chunks = "2\r\nab\r\n3;x\r\ncde\r\n0\r\nt: u\r\n\r\n";
        String head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        try (ScriptedUpstream upstream = replying(head + chunks);
                RawClient client = asking(upstream)) {
            client.readHead();
            assertThat(client.readRawChunked()).isEqualTo(chunks);

            client.get("/");
            client.readHead();
            assertThat(client.readChunked()).isEqualTo("abcde");

            client.get("/");
            assertThat(client.readBody(client.readHead())).isEqualTo("abcde");

            client.get("/");
            client.readHead();
            assertThat(client.readRawChunk()).isEqualTo("2\r\nab\r\n");
            assertThat(client.readChunk()).isEqualTo("cde");
            assertThat(client.readRawChunk()).isEqualTo("0\r\nt: u\r\n\r\n");
        }
    }

    @Test
    void refusesBrokenFraming() throws Exception {
        try (ScriptedUpstream upstream = replying("1\r\nabc\r\n");
                RawClient client = asking(upstream)) {
            assertThatThrownBy(client::readChunk).isInstanceOf(IOException.class);
        }
        try (ScriptedUpstream upstream = replying("HTTP/1.1 200 OK\n\n");
                RawClient client = asking(upstream)) {
            assertThatThrownBy(client::readHead).hasMessageContaining("without CR");
        }
    }

    @Test
    void tellsAnEarlyEnd() throws Exception {
        try (ScriptedUpstream upstream = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.write("5\r\nab").closeFin();
                });
                RawClient client = asking(upstream)) {
            assertThatThrownBy(client::readChunk).isInstanceOf(EOFException.class)
                    .hasMessageContaining("2 of 5");
        }
    }

    @Test
    void doesNotWaitForEver() throws Exception {
        try (ScriptedUpstream upstream = ScriptedUpstream.start(x -> x.stall());
                RawClient client = asking(upstream)) {
            client.timeout(Duration.ofMillis(20));

            assertThatThrownBy(client::readHead).isInstanceOf(SocketTimeoutException.class);
        }
    }

    @Test
    void stopsTheOtherSideByNotReading() throws Exception {
        CountDownLatch written = new CountDownLatch(1);
        try (ScriptedUpstream upstream = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.write(new byte[64 * 1024 * 1024]).flush();
                    written.countDown();
                });
                RawClient client = RawClient.connectSmall(upstream.port(), 4096)) {
            client.get("/");

            assertThat(written.await(100, TimeUnit.MILLISECONDS)).isFalse();
            client.readBytes(64 * 1024 * 1024);
            assertThat(written.await(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void goesByItsOwnAccord() throws Exception {
        try (ScriptedUpstream upstream = ScriptedUpstream.start(x -> {
            x.readRequest();
            x.awaitClosed(SOON);
        })) {
            try (RawClient client = asking(upstream)) {
                client.shutdownOutput();
                assertThat(upstream.awaitClosed(1, SOON)).isTrue();
                assertThat(client.readUntilClose()).isEmpty();
            }
            asking(upstream).reset();
            assertThat(upstream.awaitClosed(2, SOON)).isTrue();
        }
    }

    private static ScriptedUpstream replying(String bytes) throws IOException {
        return ScriptedUpstream.start(x -> {
            x.readRequest();
            x.write(bytes);
        });
    }

    private static RawClient asking(ScriptedUpstream upstream) throws IOException {
        return RawClient.connect(upstream.port()).get("/");
    }
}
