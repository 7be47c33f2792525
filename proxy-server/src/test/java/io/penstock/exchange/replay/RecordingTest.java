package io.penstock.exchange.replay;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.penstock.cache.CacheKey;
import io.penstock.cache.CachedReply;
import io.penstock.cache.CachedReply.Tokens;
import io.penstock.cache.Lookup;
import io.penstock.cache.ReplyCache;
import io.penstock.cache.ReplyKind;
import io.penstock.cache.Seat;
import io.penstock.listen.DownstreamStream;
import io.penstock.testing.Bytes;
import io.penstock.testing.EmbeddedDownstream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RecordingTest {
    private static final CacheKey KEY = new CacheKey(1, 2, 3, 4);

    private final ReplyCache cache = new ReplyCache(1024 * 1024, System::nanoTime);
    private final EmbeddedDownstream caller = new EmbeddedDownstream();
    private final Recording recording = new Recording(caller,
            ((Lookup.Lead) look(ReplyKind.EVENTS)).flight());

    @AfterEach
    void finish() {
        recording.fail();
        caller.finish();
    }

    private Lookup look(ReplyKind kind) {
        return cache.look(KEY, kind, (reply, to) -> null, Runnable::run, () -> { });
    }

    private void head(long length) {
        recording.begin("p", "m");
        ByteBuf fields = Bytes.buffer("x".repeat(DownstreamStream.HEAD_ROOM) + "a: b\r\n");
        recording.writeHead(200, fields.skipBytes(DownstreamStream.HEAD_ROOM), length);
    }

    private void write(String text) {
        recording.write(Bytes.buffer(text));
    }

    private String kept() {
        recording.complete(Tokens.NONE, 0, Long.MAX_VALUE / 2, true);
        CachedReply reply = ((Lookup.Hit) look(ReplyKind.EVENTS)).reply();
        return new String(reply.body(), StandardCharsets.UTF_8);
    }

    @Test
    void keepsABodyOfKnownLengthAsItIs() {
        head(4);
        write("{\"");
        write("a}");

        assertThat(kept()).isEqualTo("{\"a}");
        assertThat(caller.taken()).endsWith("body: 4\r\n\r\n{\"a}");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 1000})
    void takesTheFramingOffWhateverPiecesItComesIn(int size) {
        String framed = "5\r\ndata:\r\n4;x=y\r\n a\n\n\r\n9\r\ndata: b\n\n\r\n0\r\n\r\n";
        head(DownstreamStream.UNKNOWN_LENGTH);
        for (int at = 0; at < framed.length(); at += size) {
            write(framed.substring(at, Math.min(framed.length(), at + size)));
        }

        assertThat(kept()).isEqualTo("data: a\n\ndata: b\n\n");
        assertThat(caller.taken()).endsWith(framed);
    }

    @Test
    void keepsNothingOfAReplyThatIsNotGood() {
        recording.writeHead(500, Bytes.buffer("x"), 2);
        write("{}");
        recording.complete(Tokens.NONE, 0, 1, true);

        assertThat(look(ReplyKind.EVENTS)).isInstanceOf(Lookup.Lead.class);
    }

    @Test
    void goesOnWithoutTheCaller() {
        Seat seat = ((Lookup.Follow) look(ReplyKind.EVENTS)).seat();
        caller.setWritable(false);
        assertThat(recording.isFollowed()).isTrue();
        recording.detach();
        assertThat(recording.isWritable()).isTrue();

        head(4);
        write("data");
        recording.flush();

        assertThat(caller.taken()).isEmpty();
        assertThat(seat.look()).isEqualTo(Seat.News.EVENTS);
        assertThat(seat.poll()).isEqualTo("data".getBytes(StandardCharsets.UTF_8));
        seat.leave();
        assertThat(recording.isFollowed()).isFalse();
    }

    @Test
    void hasOneEndWhateverFollows() {
        head(2);
        write("{}");
        assertThat(kept()).isEqualTo("{}");
        recording.fail();
        recording.handOver();
        write("more");

        assertThat(look(ReplyKind.EVENTS)).isInstanceOf(Lookup.Hit.class);
        assertThat(cache.flights()).isZero();
    }
}
