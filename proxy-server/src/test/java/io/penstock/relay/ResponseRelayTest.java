package io.penstock.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.penstock.http.HttpSyntaxException;
import io.penstock.http.ResponseHead;
import io.penstock.loop.Scratch;
import io.penstock.testing.Bytes;
import io.penstock.testing.EmbeddedDownstream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ResponseRelayTest implements ResponseRelay.Observer {
    private static final String CHUNKED = "Transfer-Encoding: chunked\r\n";
    private static final String STREAM = "data: a\n\n" + "data: b\r\n\r\n" + "data: [DONE]\n\n";
    private static final String ERROR = "data: {\"error\":{}}\n\n";

    private final EmbeddedDownstream downstream = new EmbeddedDownstream();
    private final ResponseRelay relay =
            new ResponseRelay(PooledByteBufAllocator.DEFAULT, this, new Scratch());
    private final List<ByteBuf> given = new ArrayList<>();
    private final List<String> events = new ArrayList<>();
    private final StringBuilder payload = new StringBuilder();
    private String hidden = ""; // what is in the events that go no further

    @Override
    public void onPayload(ByteBuf buffer, int index, int length) {
        payload.append(buffer.toString(index, length, StandardCharsets.ISO_8859_1));
    }

    @Override
    public boolean onEvent(ByteBuf buffer, int index, int length) {
        String event = buffer.toString(index, length, StandardCharsets.ISO_8859_1);
        events.add(event);
        return hidden.isEmpty() || !event.contains(hidden);
    }

    @Override
    public void onOversizedEvent() {
        events.add("oversized");
    }

    @AfterEach
    void releasesEverything() {
        relay.discard();
        sent();
        downstream.finish();
        assertThat(given).allMatch(buffer -> buffer.refCnt() == 0);
    }

    private static final String CHUNKS_OF_LETTERS = "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n";

    private void begin(String fields, boolean stream, boolean http10) throws HttpSyntaxException {
        begin(200, fields, stream, http10);
    }

    private void begin(int status, String fields, boolean stream, boolean http10)
            throws HttpSyntaxException {
        relay.discard();
        sent();
        assertThat(given).allMatch(buffer -> buffer.refCnt() == 0);
        given.clear();
        events.clear();
        payload.setLength(0);
        relay.begin(head(status, fields), head(status, fields).isBodiless(), stream, !http10, null);
    }

    private static ResponseHead head(int status, String fields) throws HttpSyntaxException {
        ResponseHead head = new ResponseHead(8192);
        ByteBuf bytes = Bytes.buffer("HTTP/1.1 " + status + " x\r\n" + fields + "\r\n");
        head.parse(bytes);
        bytes.release();
        return head;
    }

    private void commit() {
        relay.commit(downstream);
    }

    private void take(String latin1) throws HttpSyntaxException {
        take(Bytes.latin1(latin1));
    }

    private void take(byte[] bytes) throws HttpSyntaxException {
        ByteBuf buffer = Bytes.buffer(bytes);
        given.add(buffer);
        relay.take(buffer);
    }

    private void take(List<byte[]> pieces) throws HttpSyntaxException {
        for (byte[] piece : pieces) {
            take(piece);
        }
    }

    /** What the caller has been sent since the last time. */
    private String sent() {
        return downstream.taken();
    }

    private static String chunk(String data) {
        return Integer.toHexString(data.length()) + "\r\n" + data + "\r\n";
    }

    private static String chunks(String data, int size) {
        StringBuilder chunks = new StringBuilder();
        for (byte[] piece : Bytes.pieces(Bytes.latin1(data), size)) {
            chunks.append(chunk(new String(piece, StandardCharsets.ISO_8859_1)));
        }
        return chunks.toString();
    }

    /** Takes chunks off, and insists that they are well-formed; an open last chunk may end. */
    private static String unchunk(String wire, boolean whole) {
        StringBuilder data = new StringBuilder();
        int at = 0;
        while (at < wire.length()) {
            int line = wire.indexOf("\r\n", at);
            assertThat(line).as(wire).isPositive();
            int size = Integer.parseInt(wire.substring(at, line).split(";")[0], 16);
            if (size == 0) {
                assertThat(wire.substring(line)).isEqualTo("\r\n\r\n");
                assertThat(whole).isTrue();
                return data.toString();
            }
            at = line + 2;
            int end = Math.min(at + size, wire.length());
            data.append(wire, at, end);
            if (at + size < wire.length()) {
                assertThat(wire.substring(at + size)).as(wire).startsWith("\r\n");
            }
            at += size + 2;
        }
        assertThat(whole).as("no last chunk in " + wire).isFalse();
        return data.toString();
    }

    @Test
    void passesChunksOnByteForByteUpToTheLastHoweverTheyCome() throws Exception {
        String body = "5;x=y\r\nhello\r\n" + chunk(" world") + "000\r\n\r\n";
        for (List<byte[]> split : Bytes.allSplits(Bytes.latin1(body))) {
            begin(CHUNKED, false, false);
            commit();
            take(split);

            assertThat(relay.bodyLength()).isEqualTo(-1);
            assertThat(relay.isEnded()).isTrue();
            assertThat(relay.hasExcess()).isFalse();
            relay.end();
            assertThat(sent().replaceFirst("0+\r\n\r\n$", "000\r\n\r\n")).isEqualTo(body);
            assertThat(payload.toString()).isEqualTo("hello world");
        }
    }

    @Test
    void passesABodyOfKnownLengthOnByteForByteHoweverItComes() throws Exception {
        for (List<byte[]> split : Bytes.allSplits(Bytes.latin1("hello world"))) {
            begin("Content-Length: 11\r\n", false, false);
            commit();
            take(split);

            assertThat(relay.isEnded()).isTrue();
            assertThat(relay.bodyLength()).isEqualTo(11);
            relay.end();
            assertThat(sent()).isEqualTo("hello world");
            assertThat(payload.toString()).isEqualTo("hello world");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, 10, 1000})
    void passesEveryByteOfAStreamOnHoweverItsChunksCome(int chunkSize) throws Exception {
        String body = chunks(STREAM, chunkSize) + "0\r\n\r\n";
        for (List<byte[]> split : Bytes.allSplits(Bytes.latin1(body))) {
            begin(CHUNKED, true, false);
            commit();
            take(split);

            assertThat(relay.isEnded()).isTrue();
            relay.end();
            assertThat(unchunk(sent(), true)).isEqualTo(STREAM);
            assertThat(String.join("", events)).startsWith("data: a\n\ndata: b\r\n\r")
                    .endsWith("data: [DONE]\n\n");
        }
    }

    @Test
    void passesEachEventOnAsSoonAsItIsWhole() throws Exception {
        begin(CHUNKED, true, false);
        commit();

        take("9\r\ndata: a\n\n\r\n9\r\ndata: b");
        assertThat(sent()).isEqualTo("9\r\ndata: a\n\n\r\n");
        take("\n\n");
        assertThat(unchunk(sent(), false)).isEqualTo("data: b\n\n");
        take("\r\n");
        assertThat(sent()).isEmpty();
    }

    @Test
    void holdsUntilTheCommit() throws Exception {
        begin(CHUNKED, true, false);
        take("9\r\ndata: a\n\n\r\n");
        take("9\r\ndata");
        assertThat(sent()).isEmpty();
        assertThat(relay.heldBytes()).isEqualTo(18);

        commit();
        assertThat(sent()).isEqualTo("9\r\ndata: a\n\n\r\n");
        assertThat(relay.heldBytes()).isEqualTo(4);
        take(": b\n\n\r\n0\r\n\r\n");
        relay.end();
        assertThat(unchunk(sent(), true)).isEqualTo("data: b\n\n");
    }

    @Test
    void holdsManyPiecesInOrder() throws Exception {
        begin("Content-Length: 100\r\n", false, false);
        StringBuilder body = new StringBuilder();
        for (int i = 0; i < 50; i++) {
            String piece = String.valueOf((char) ('0' + i));
            body.append(piece);
            take(piece);
            assertThat(relay.heldBytes()).isEqualTo(i + 1);
        }
        commit();
        assertThat(sent()).isEqualTo(body.toString());
    }

    @Test
    void discardLetsGoOfAllThatIsHeld() throws Exception {
        begin(CHUNKED, true, false);
        take("9\r\ndata: a\n\n\r\n9\r\nda");
        relay.discard();

        assertThat(relay.heldBytes()).isZero();
        assertThat(given).allMatch(buffer -> buffer.refCnt() == 0);
        relay.discard();
    }

    @Test
    void makesChunksOfABodyThatEndsWithItsConnection() throws Exception {
        begin("", false, false);
        commit();
        assertThat(relay.bodyLength()).isEqualTo(-1);
        assertThat(relay.endsAtClose()).isTrue();

        take("hello");
        take("!".repeat(20));
        assertThat(relay.isEnded()).isFalse();
        assertThat(relay.endAtClose()).isTrue();
        relay.end();

        assertThat(sent()).isEqualTo("5\r\nhello\r\n14\r\n" + "!".repeat(20) + "\r\n0\r\n\r\n");
    }

    @Test
    void makesChunksOfAStreamOfKnownLengthHoweverItComes() throws Exception {
        for (List<byte[]> split : Bytes.allSplits(Bytes.latin1(STREAM))) {
            begin("Content-Length: " + STREAM.length() + "\r\n", true, false);
            commit();
            take(split);
            assertThat(relay.isEnded()).isTrue();
            relay.end();
            assertThat(unchunk(sent(), true)).isEqualTo(STREAM);
        }
    }

    @Test
    void takesTheChunksOffForACallerOfHttp10HoweverTheyCome() throws Exception {
        for (List<byte[]> split : Bytes.allSplits(
                Bytes.latin1(chunks(STREAM, 7) + "0\r\nTrailer: x\r\n\r\n"))) {
            begin(CHUNKED, true, true);
            commit();
            assertThat(relay.bodyLength()).isEqualTo(-1);
            take(split);
            assertThat(relay.isEnded()).isTrue();
            relay.end();
            assertThat(sent()).isEqualTo(STREAM);
        }
    }

    @Test
    void takesTheChunksOffAPlainBodyForACallerOfHttp10() throws Exception {
        begin(CHUNKED, false, true);
        commit();
        take(chunks("hello world", 4) + "0\r\n\r\nexcess");
        relay.end();

        assertThat(sent()).isEqualTo("hello world");
        assertThat(relay.hasExcess()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void dropsTrailersHoweverTheyCome(boolean stream) throws Exception {
        String body = chunks(STREAM, 10) + "0;a=b\r\nSet-Cookie: x\r\n\r\n";
        for (List<byte[]> split : Bytes.allSplits(Bytes.latin1(body))) {
            begin(CHUNKED, stream, false);
            commit();
            take(split);
            assertThat(relay.isEnded()).isTrue();
            relay.end();
            assertThat(unchunk(sent(), true)).isEqualTo(STREAM);
        }
    }

    @Test
    void losesNoUnfinishedEventWithTheTrailers() throws Exception {
        String last = "data: [DONE]"; // no blank line
        for (int chunkSize : new int[] {3, 10, 1000}) {
            String body = chunks("data: a\n\n" + last, chunkSize) + "0\r\nA: b\r\n\r\n";
            for (List<byte[]> split : Bytes.allSplits(Bytes.latin1(body))) {
                begin(CHUNKED, true, false);
                commit();
                take(split);
                relay.end();
                assertThat(unchunk(sent(), true)).isEqualTo("data: a\n\n" + last);
                assertThat(events).last().isEqualTo(last);
            }
        }
    }

    @Test
    void givesTheLastEventThoughItsBlankLineIsMissing() throws Exception {
        begin("", true, false);
        commit();
        take("data: a\n\ndata: [DONE]\n");
        assertThat(events).containsExactly("data: a\n\n");
        relay.endAtClose();
        relay.end();

        assertThat(events).containsExactly("data: a\n\n", "data: [DONE]\n");
        assertThat(unchunk(sent(), true)).isEqualTo("data: a\n\ndata: [DONE]\n");
    }

    @ParameterizedTest
    @ValueSource(ints = {204, 304})
    void knowsRepliesWithoutABody(int status) throws Exception {
        begin(status, "Content-Length: 5\r\n", false, false);
        assertThat(relay.isEnded()).isTrue();
        take("hello");
        assertThat(relay.hasExcess()).isTrue();
        begin("Content-Length: 0\r\n", false, false);
        assertThat(relay.isEnded()).isTrue();
        commit();
        relay.end();
        assertThat(sent()).isEmpty();
    }

    @Test
    void noticesWhatComesBehindTheEnd() throws Exception {
        begin("Content-Length: 2\r\n", false, false);
        commit();
        take("okHTTP/1.1 200 OK\r\n");
        assertThat(relay.hasExcess()).isTrue();
        relay.end();
        assertThat(sent()).isEqualTo("ok");

        begin(CHUNKED, false, false);
        commit();
        take("0\r\n\r\nx");
        assertThat(relay.hasExcess()).isTrue();

        begin(CHUNKED, false, false);
        commit();
        take("0\r\n\r\n");
        assertThat(relay.hasExcess()).isFalse();
        take("x");
        assertThat(relay.hasExcess()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void refusesBrokenFramingAndKeepsNothing(boolean http10) throws Exception {
        begin(CHUNKED, true, http10);
        commit();
        take("9\r\ndata: a\n\n\r\n");
        assertThatThrownBy(() -> take("x\r\n")).isInstanceOf(HttpSyntaxException.class);
        relay.discard();
        assertThat(given).last().matches(buffer -> buffer.refCnt() == 0);
    }

    @Test
    void passesOnWhatStandsBeforeBrokenFraming() throws Exception {
        begin(CHUNKED, true, false);
        commit();
        take("12\r\ndata: a\n\n");
        assertThatThrownBy(() -> take("data: b\n\n\r\nbroken")).isInstanceOf(
                HttpSyntaxException.class);
        relay.cut(ERROR);

        assertThat(events).containsExactly("data: a\n\n", "data: b\n\n");
        assertThat(unchunk(sent(), false)).isEqualTo("data: a\n\ndata: b\n\n" + ERROR);
    }

    /** However far a chunked stream came: whole events, then the error, and no doubtful byte. */
    @ParameterizedTest
    @ValueSource(ints = {1, 5, 9, 10, 30, 1000})
    void cutsAChunkedStreamBetweenTwoEventsWhereverItBreaksOff(int chunkSize) throws Exception {
        String wire = chunks(STREAM.repeat(3), chunkSize);
        for (int at = 0; at <= wire.length(); at++) {
            for (int size : new int[] {1, 7, Integer.MAX_VALUE}) {
                begin(CHUNKED, true, false);
                commit();
                take(Bytes.pieces(Bytes.latin1(wire.substring(0, at)), size));
                relay.cut(ERROR);

                String data = unchunk(sent(), false);
                assertThat(data).as("cut at " + at).endsWith(ERROR);
                String before = data.substring(0, data.length() - ERROR.length());
                // A CRLF may be cut in two behind the event that it ends, so line ends may differ.
                assertThat(before.replaceAll("[\r\n]+", "|"))
                        .isEqualTo(String.join("", events).replaceAll("[\r\n]+", "|"));
                assertThat(before).matches("(?s)|.*(\n\n|\r\n\r\n|\r\n\r)\n*");
                relay.discard();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void cutsAStreamThatIsFramedHereBetweenTwoEvents(boolean http10) throws Exception {
        for (int at = 0; at <= STREAM.length(); at++) {
            begin("", true, http10);
            commit();
            take(STREAM.substring(0, at));
            relay.cut(ERROR);

            String data = http10 ? sent() : unchunk(sent(), false);
            assertThat(data).isEqualTo(String.join("", events) + ERROR);
            relay.discard();
        }
    }

    @Test
    void cutsAStreamThatTheNextReplyDoesNotGoOnWith() throws Exception {
        begin(CHUNKED, true, false);
        commit();
        take(chunk("data: a\n\n"));
        relay.goOn();
        relay.goOn(head(503, "Content-Length: 2\r\n"), false, null);
        take("{}");

        relay.cut(ERROR);

        assertThat(sent()).isEqualTo(chunk("data: a\n\n") + chunk(ERROR));
        assertThat(payload).hasToString("{}");
    }

    /** Makes an event of each byte, and one of the end. */
    private final Rewriter shouting = new Rewriter() {
        @Override
        public void rewrite(ByteBuf buffer, int index, int length, ByteBuf out) {
            for (int i = 0; i < length; i++) {
                out.writeBytes(Bytes.latin1("data: " + (char) (buffer.getByte(index + i) - 32)
                        + "\n\n"));
            }
        }

        @Override
        public void finish(ByteBuf out) {
            out.writeBytes(Bytes.latin1("data: end\n\n"));
        }
    };

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 1000})
    void passesAnotherStreamInThePlaceOfTheProviders(int size) throws Exception {
        String whole = CHUNKS_OF_LETTERS;
        for (boolean http10 : new boolean[] {false, true}) {
            begin("", true, http10);
            relay.begin(head(200, CHUNKED), false, true, !http10, shouting);
            for (int at = 0; at < whole.length(); at += size) {
                take(whole.substring(at, Math.min(at + size, whole.length())));
                if (at == 0) {
                    commit();
                }
            }
            relay.end();

            assertThat(http10 ? sent() : unchunk(sent(), true))
                    .isEqualTo("data: A\n\ndata: B\n\ndata: C\n\ndata: end\n\n");
            assertThat(events).containsExactly("data: A\n\n", "data: B\n\n", "data: C\n\n",
                    "data: end\n\n");
        }
    }

    @Test
    void holdsAnotherBodyInThePlaceOfTheProvidersUntilItIsCommitted() throws Exception {
        begin("", true, false);
        relay.begin(head(200, "Content-Length: 2\r\n"), false, false, true, shouting);
        take("abc");

        assertThat(relay.bodyLength()).isEqualTo(29);
        assertThat(relay.isEnded()).isTrue();
        assertThat(relay.hasExcess()).isTrue();
        assertThat(relay.heldBytes()).isEqualTo(29);
        commit();
        relay.end();
        assertThat(sent()).isEqualTo("data: A\n\ndata: B\n\ndata: end\n\n");
    }

    @Test
    void rewritesABodyThatEndsWithItsConnectionOrHasNoByte() throws Exception {
        begin("", true, false);
        relay.begin(head(200, ""), false, false, true, shouting);
        take("a");
        assertThat(relay.endAtClose()).isTrue();
        commit();
        relay.end();
        assertThat(sent()).isEqualTo("data: A\n\ndata: end\n\n");

        begin("", true, false);
        relay.begin(head(200, "Content-Length: 0\r\n"), false, false, true, shouting);
        take("");
        commit();
        assertThat(sent()).isEqualTo("data: end\n\n");
    }

    @Test
    void endsAnEventThatWasTooLongToBeHeldBeforeItSpeaks() throws Exception {
        String big = "data: " + "x".repeat(EventPassage.MAX_TAIL_BYTES);
        for (int missing = 0; missing < 60; missing++) {
            begin(CHUNKED, true, false);
            commit();
            take(Integer.toHexString(big.length() + missing) + "\r\n" + big);
            relay.cut(ERROR);

            assertThat(unchunk(sent(), false)).isEqualTo(big + "\n\n" + ERROR);
            relay.discard();
        }
    }

    @Test
    void passesAnEventOnThatIsTooLongToBeHeld() throws Exception {
        String big = "data: " + "x".repeat(3 * EventPassage.MAX_TAIL_BYTES) + "\n\n";
        String body = chunks(big + STREAM, 5000) + "0\r\n\r\n";
        begin(CHUNKED, true, false);
        commit();
        StringBuilder sent = new StringBuilder();
        for (byte[] piece : Bytes.pieces(Bytes.latin1(body), 1001)) {
            take(piece);
            assertThat(relay.heldBytes()).isLessThanOrEqualTo(EventPassage.MAX_TAIL_BYTES);
            sent.append(sent());
        }
        relay.end();

        assertThat(unchunk(sent + sent(), true)).isEqualTo(big + STREAM);
        assertThat(events).startsWith("oversized");
    }

    @Test
    void endsAStreamWhoseFramingIsMissing() throws Exception {
        begin(CHUNKED, true, false);
        commit();
        take("ff\r\ndata: [DONE]\n\n");
        relay.end();
        assertThat(unchunk(sent(), true)).isEqualTo("data: [DONE]\n\n");

        begin("Content-Length: 1000\r\n", true, false);
        commit();
        take("data: [DONE]\n\n");
        relay.end();
        assertThat(unchunk(sent(), true)).isEqualTo("data: [DONE]\n\n");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, 14, 1000})
    void keepsEventsBackHoweverTheirChunksCome(int chunkSize) throws Exception {
        String secret = "data: secret\r\n\r\n";
        String stream = "data: a\n\n" + secret + "data: b\n\n" + secret + "data: c\n\n";
        String body = chunks(stream, chunkSize) + "0\r\n\r\n";
        hidden = "secret";
        for (int at = 0; at <= body.length(); at++) {
            for (int size : new int[] {3, 20, Integer.MAX_VALUE}) {
                begin(CHUNKED, true, false);
                commit();
                take(Bytes.pieces(Bytes.latin1(body.substring(0, at)), size));
                take(Bytes.pieces(Bytes.latin1(body.substring(at)), size));
                relay.end();

                // The second half of a line end may come when its event is gone.
                assertThat(unchunk(sent(), true).replaceAll("\n+", "|"))
                        .as("in pieces of %s from %s", size, at)
                        .isEqualTo("data: a|data: b|data: c|");
                assertThat(String.join("", events).replaceAll("[\r\n]+", "|"))
                        .isEqualTo(stream.replaceAll("[\r\n]+", "|"));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void keepsEventsBackOfAStreamWithoutChunks(boolean http10) throws Exception {
        String stream = "data: a\n\ndata: secret\n\ndata: b\n\ndata: secret";
        hidden = "secret";
        for (List<byte[]> split : Bytes.allSplits(Bytes.latin1(stream))) {
            begin("", true, http10);
            commit();
            take(split);
            assertThat(relay.endAtClose()).isTrue();
            relay.end();

            assertThat(http10 ? sent() : unchunk(sent(), true)).isEqualTo("data: a\n\ndata: b\n\n");
        }
    }

    @Test
    void appendsAnEventBeforeTheEnd() throws Exception {
        begin(CHUNKED, true, false);
        commit();
        take(chunk("data: a\n\n") + "0\r\n\r\n");
        relay.append(ERROR);
        relay.end();

        assertThat(unchunk(sent(), true)).isEqualTo("data: a\n\n" + ERROR);
    }

    @Test
    void appendsAnEventBehindOneWithoutItsBlankLine() throws Exception {
        begin(CHUNKED, true, false);
        commit();
        take(chunk("data: a") + "0\r\n\r\n");
        relay.append(ERROR);
        relay.end();

        assertThat(unchunk(sent(), true)).isEqualTo("data: a\n\n" + ERROR);
    }

    @Test
    void letsGoOfWhatNobodyWantsButItsObserver() throws Exception {
        begin(CHUNKED, true, false);
        take(chunk("data: a\n\n") + "9\r\ndata");
        relay.drain();
        assertThat(relay.heldBytes()).isEqualTo(4);
        take(": b\n\n\r\n0\r\n\r\n");

        assertThat(events).containsExactly("data: a\n\n", "data: b\n\n");
        assertThat(relay.isEnded()).isTrue();
        assertThat(sent()).isEmpty();
    }

    @Test
    void servesOneReplyAfterAnother() throws Exception {
        for (int i = 0; i < 3; i++) {
            begin(CHUNKED, true, false);
            take(chunk("data: half"));
            begin("Content-Length: 3\r\n", false, i == 1);
            commit();
            take("abc");
            relay.end();
            assertThat(sent()).isEqualTo("abc");
            assertThat(events).isEmpty();
        }
    }

    @Test
    void pinsNoLargeBuffersForASlowCaller() throws Exception {
        begin("", true, true);
        commit();
        take("data: " + "x".repeat(20_000) + "\n\n"); // waits: nothing is flushed
        ByteBuf large = PooledByteBufAllocator.DEFAULT.directBuffer(64 * 1024)
                .writeBytes(Bytes.latin1("data: a\n\n"));
        relay.take(large);

        assertThat(large.refCnt()).isZero();
        assertThat(sent()).endsWith("x\n\ndata: a\n\n");
    }
}
