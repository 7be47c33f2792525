package io.penstock.sse;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.buffer.UnpooledHeapByteBuf;
import io.penstock.loop.Scratch;
import io.penstock.testing.Bytes;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EventSplitterTest implements EventSplitter.Sink {
    private final List<String> events = new ArrayList<>();
    private int oversized;
    private final EventSplitter splitter = new EventSplitter(this, new Scratch());

    @Override
    public boolean onEvent(ByteBuf buffer, int index, int length) {
        events.add(buffer.toString(index, length, StandardCharsets.ISO_8859_1));
        return true;
    }

    @Override
    public void onOversizedEvent() {
        oversized++;
        events.add(null);
    }

    @AfterEach
    void release() {
        splitter.release();
    }

    /** Gives the pieces; returns how many bytes were said to be in events by now. */
    private int split(List<byte[]> pieces) {
        splitter.reset();
        events.clear();
        int passed = 0; // up to the end of the last event that has ended
        int given = 0;
        for (byte[] piece : pieces) {
            ByteBuf buffer = Bytes.buffer("\n\n\n").writeBytes(piece);
            int end = splitter.split(PooledByteBufAllocator.DEFAULT, buffer, 3, piece.length);
            assertThat(end).isBetween(3, 3 + piece.length);
            passed = end > 3 ? given + end - 3 : passed;
            given += piece.length;
            assertThat(splitter.isInsideEvent()).isEqualTo(passed < given);
            buffer.release();
        }
        return passed;
    }

    private static List<String> blocks(String text) {
        List<String> blocks = new ArrayList<>();
        String rest = text;
        while (true) {
            java.util.regex.Matcher end = java.util.regex.Pattern
                    .compile("(?>\r\n|\n|\r){2}").matcher(rest);
            if (!end.find()) {
                return blocks;
            }
            blocks.add(rest.substring(0, end.end()));
            rest = rest.substring(end.end());
        }
    }

    /** The lines of an event that say something, so that a CRLF cut in two may go either way. */
    private static List<String> lines(List<String> events) {
        return events.stream().map(event -> String.join("\n",
                event.lines().filter(line -> !line.isEmpty()).toList()))
                .filter(event -> !event.isEmpty()).toList();
    }

    private void check(byte[] stream) {
        String text = new String(stream, StandardCharsets.ISO_8859_1);
        for (List<byte[]> pieces : Bytes.allSplits(stream)) {
            int passed = split(pieces);

            assertThat(lines(events)).isEqualTo(lines(blocks(text)));
            // A CR that ends an event is given before it is known whether an LF follows.
            assertThat(text.substring(0, passed).replace("\r\n", "\n").replace('\r', '\n'))
                    .isEqualTo(String.join("", blocks(text)).replace("\r\n", "\n")
                            .replace('\r', '\n'));
        }
    }

    @Test
    void givesTheSameEventsOfTheTortureFixtureHoweverItComes() {
        check(Bytes.fixture("sse-torture.sse"));
    }

    @Test
    void givesTheSameEventsOfRandomStreamsHoweverTheyCome() {
        Random random = new Random(11);
        String[] parts = {"\n", "\r", "\r\n", "a", "data: b", ":", "\n\n", "\r\r", "\r\n\r\n"};
        for (int round = 0; round < 300; round++) {
            StringBuilder text = new StringBuilder("x");
            for (int i = random.nextInt(14); i > 0; i--) {
                text.append(parts[random.nextInt(parts.length)]);
            }
            check(Bytes.latin1(text.toString()));
        }
    }

    @Test
    void endsAnEventAtALineFeedBehindACrlfThatWasCut() {
        split(List.of(Bytes.latin1("data: a\r"), Bytes.latin1("\n"), Bytes.latin1("\n")));

        assertThat(events).containsExactly("data: a\r\n\n");
    }

    @Test
    void givesAnEventWithinOnePieceInPlace() {
        ByteBuf buffer = Bytes.buffer("data: a\n\ndata: b\n\ndata");
        List<ByteBuf> given = new ArrayList<>();
        EventSplitter inPlace = new EventSplitter(new EventSplitter.Sink() {
            @Override
            public boolean onEvent(ByteBuf bytes, int index, int length) {
                given.add(bytes);
                return true;
            }

            @Override
            public void onOversizedEvent() {}
        }, new Scratch());

        assertThat(inPlace.split(buffer.alloc(), buffer, 0, buffer.readableBytes())).isEqualTo(18);
        assertThat(given).containsExactly(buffer, buffer);
        inPlace.release();
        buffer.release();
    }

    @Test
    void givesAnEventInPlaceWhateverItsSize() {
        String big = "data: " + "x".repeat(2 * EventSplitter.MAX_SPLIT_EVENT) + "\n\n";

        split(List.of(Bytes.latin1(big)));

        assertThat(events).containsExactly(big);
    }

    @Test
    void reportsASplitEventThatIsTooLongAndGoesOn() {
        int max = EventSplitter.MAX_SPLIT_EVENT;
        byte[] stream = Bytes.latin1("data: " + "x".repeat(max - 7) + "\n\ndata: b\n\n");
        split(Bytes.pieces(stream, 1000));
        assertThat(oversized).isEqualTo(1);
        assertThat(events).containsExactly(null, "data: b\n\n");

        split(Bytes.pieces(Bytes.latin1("data: " + "x".repeat(max - 8) + "\n\n"), 1000));
        assertThat(oversized).isEqualTo(1);
        assertThat(events).hasSize(1).doesNotContainNull();
    }

    @Test
    void keepsLongerEventsForWhoeverAsksForThem() {
        String big = "data: " + "x".repeat(EventSplitter.MAX_SPLIT_EVENT) + "\n\n";
        EventSplitter patient = new EventSplitter(this, new Scratch(), big.length());

        for (byte[] piece : Bytes.pieces(Bytes.latin1(big + "data: x" + big), 1000)) {
            ByteBuf buffer = Bytes.buffer(piece);
            patient.split(PooledByteBufAllocator.DEFAULT, buffer, 0, piece.length);
            buffer.release();
        }

        assertThat(events).containsExactly(big, null);
        assertThat(oversized).isEqualTo(1);
    }

    @Test
    void finishGivesAnEventWithoutItsBlankLine() {
        split(List.of(Bytes.latin1("data: a\n\nda"), Bytes.latin1("ta: b\n")));
        splitter.finish();
        assertThat(events).containsExactly("data: a\n\n", "data: b\n");

        splitter.finish();
        assertThat(events).hasSize(2);
        assertThat(splitter.isInsideEvent()).isFalse();
    }

    @Test
    void keepsToABoundHoweverSmall() {
        EventSplitter small = new EventSplitter(this, new Scratch(), 10);
        for (byte[] piece : Bytes.pieces(Bytes.latin1("data: a\n\ndata: bcd\n\n"), 2)) {
            ByteBuf buffer = Bytes.buffer(piece);
            small.split(buffer.alloc(), buffer, 0, piece.length);
            buffer.release();
        }

        assertThat(events).containsExactly("data: a\n\n", null);
        small.release();
    }

    /** Counts what is copied out of it. */
    private static final class CountedBuf extends UnpooledHeapByteBuf {
        private long copied;

        CountedBuf(byte[] bytes) {
            super(UnpooledByteBufAllocator.DEFAULT, bytes, bytes.length);
        }

        @Override
        public ByteBuf getBytes(int index, byte[] to, int at, int length) {
            copied += length;
            return super.getBytes(index, to, at, length);
        }
    }

    @Test
    void doesNotCopyAllThatFollowsForEveryEventThatIsHidden() {
        byte[] bytes = Bytes.latin1("data\n\n".repeat(20_000));
        CountedBuf buffer = new CountedBuf(bytes);
        int[] given = {0};
        EventSplitter hiding = new EventSplitter(new EventSplitter.Sink() {
            @Override
            public boolean onEvent(ByteBuf from, int index, int length) {
                given[0]++;
                return false;
            }

            @Override
            public void onOversizedEvent() {}
        }, new Scratch());

        for (int at = 0; at < bytes.length; at = hiding.hiddenEnd()) {
            hiding.split(buffer.alloc(), buffer, at, bytes.length - at);
        }

        assertThat(given[0]).isEqualTo(20_000);
        assertThat(buffer.copied).isLessThanOrEqualTo(20_000L * EventSplitter.MAX_COPY);
        buffer.release();
    }

    @Test
    void findsEventsLongerThanWhatItCopiesAtOnce() {
        for (int more = -3; more < 3; more++) {
            String big = "data: " + "x".repeat(2 * EventSplitter.MAX_COPY + more) + "\r\n";
            split(List.of(Bytes.latin1(big + "id: " + "y".repeat(EventSplitter.MAX_COPY)
                    + "\r\n\r\ndata: b\n\n")));

            assertThat(events).hasSize(2).last().isEqualTo("data: b\n\n");
        }
    }

    @Test
    void finishGivesNothingOfAnOversizedEvent() {
        split(Bytes.pieces(Bytes.latin1("x".repeat(EventSplitter.MAX_SPLIT_EVENT + 1)), 1000));
        splitter.finish();

        assertThat(events).isEmpty();
    }

    @Test
    void resetBeginsAnotherStream() {
        split(List.of(Bytes.latin1("data: half\n")));
        splitter.reset();
        split(List.of(Bytes.latin1("\ndata: b\n\n")));

        assertThat(events).containsExactly("\ndata: b\n\n");
    }
}
