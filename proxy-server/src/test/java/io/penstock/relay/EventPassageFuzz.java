package io.penstock.relay;

import static io.penstock.testing.FuzzInput.check;
import static io.penstock.testing.FuzzInput.checkSame;

import io.netty.buffer.ByteBuf;
import io.penstock.http.ChunkScanner;
import io.penstock.http.HttpSyntaxException;
import io.penstock.loop.Scratch;
import io.penstock.sse.EventSplitter;
import io.penstock.testing.EventModel;
import io.penstock.testing.FuzzInput;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Streams that pass: what the caller gets is framed properly at every moment, and its events are
 * those of the provider, but for those that are kept back; however the bytes come.
 */
public final class EventPassageFuzz {
    private static final String LAST = "data: made here\n\n";
    private static final int FEW_BYTES = 64;
    private static final int MANY_BYTES = 70_000; // more than is kept of an event

    private EventPassageFuzz() {}

    public static void fuzzerTestOneInput(byte[] data) {
        try (FuzzInput input = new FuzzInput(data)) {
            boolean chunked = input.chooses(0);
            byte[] bytes = input.chooses(3) && !chunked ? inflated(input.bytes()) : input.bytes();
            Passed whole = pass(input, bytes, FuzzInput.whole(bytes.length));
            Passed pieces = pass(input, bytes, bytes == input.bytes() ? input.cuts(bytes.length)
                    : input.cuts(input.bytes().length));
            checkSame(pieces.broken, whole.broken, "broken");
            byte[] body = chunked ? whole.body : bytes;
            if (!input.chooses(2) && bytes == input.bytes()) { // every event is looked at
                checkSame(text(pieces.body, body.length), text(whole.body, body.length),
                        "the body");
                String expected = expected(body, input.choice() >> 4 & 3);
                checkSame(plain(whole.out), expected, "all at once");
                checkSame(plain(pieces.out), expected, "in pieces");
            }
        }
    }

    /** What a caller should see of it. */
    private static String expected(byte[] body, int end) {
        StringBuilder text = new StringBuilder();
        for (EventModel event : EventModel.of(body)) {
            if (event.ended() ? event.bytes()[0] != 'h' : isShown(event, end)) {
                text.append(new String(event.bytes(), StandardCharsets.ISO_8859_1));
                if (!event.ended() && end == 2) {
                    text.append("\n\n");
                }
            }
        }
        text.append(end == 1 || end == 2 ? LAST : "");
        return plain(text.toString().getBytes(StandardCharsets.ISO_8859_1));
    }

    private static boolean isShown(EventModel last, int end) {
        return switch (end) {
            case 0 -> last.bytes()[0] != 'h';
            case 2, 3 -> true;
            default -> false; // another event stands in its place
        };
    }

    /** Without what blank lines and line ends may differ by: an LF behind a CR comes later. */
    private static String plain(byte[] stream) {
        StringBuilder text = new StringBuilder();
        for (EventModel event : EventModel.of(stream)) {
            String lines = new String(event.bytes(), StandardCharsets.ISO_8859_1)
                    .replace("\r\n", "\n").replace('\r', '\n').strip();
            text.append(lines).append(lines.isEmpty() ? "" : "\n\n");
        }
        return text.toString();
    }

    private static String text(byte[] bytes, int length) {
        return new String(bytes, 0, Math.min(length, bytes.length), StandardCharsets.ISO_8859_1);
    }

    /** With one byte in it a great many times. */
    private static byte[] inflated(byte[] bytes) {
        int at = 0;
        while (at < bytes.length && bytes[at] != 'x') {
            at++;
        }
        byte[] more = new byte[bytes.length + MANY_BYTES];
        System.arraycopy(bytes, 0, more, 0, at);
        Arrays.fill(more, at, at + MANY_BYTES, (byte) 'x');
        System.arraycopy(bytes, at, more, at + MANY_BYTES, bytes.length - at);
        return more;
    }

    /** What came out, its framing taken off; and of chunks that came in, their data. */
    private record Passed(byte[] out, byte[] body, boolean broken) {}

    private static Passed pass(FuzzInput input, byte[] bytes, int[] cuts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        boolean framed = input.chooses(1);
        EventPassage passage = new EventPassage(input.allocator(), new Keeper(), new Scratch(),
                buffer -> {
                    byte[] part = new byte[buffer.readableBytes()];
                    buffer.readBytes(part);
                    buffer.release();
                    out.writeBytes(part);
                });
        passage.begin(framed, input.chooses(2) ? FEW_BYTES : EventSplitter.MAX_SPLIT_EVENT);
        boolean broken = false;
        boolean ended = false;
        int at = 0;
        try {
            for (int i = 0; i < cuts.length && !ended && !broken; i++) {
                int cut = i == cuts.length - 1 ? bytes.length : cuts[i];
                ByteBuf piece = input.buffer(Arrays.copyOfRange(bytes, at, cut));
                try {
                    if (input.chooses(0)) {
                        ended = passage.takeChunks(piece) >= 0;
                    } else {
                        passage.takeData(piece, piece.readerIndex(), piece.writerIndex());
                    }
                } catch (HttpSyntaxException e) {
                    broken = true;
                } finally {
                    piece.release();
                }
                check(passage.tailBytes() <= EventPassage.MAX_TAIL_BYTES, "kept too much");
                if (out.size() < FEW_BYTES * FEW_BYTES) { // enough is enough
                    framing(framed, out.toByteArray());
                }
                at = cut;
            }
            switch (input.choice() >> 4 & 3) {
                case 0 -> {
                    passage.finish();
                    passage.end();
                }
                case 1 -> passage.cut(LAST);
                case 2 -> passage.append(LAST);
                default -> passage.end();
            }
        } finally {
            passage.release();
        }
        return new Passed(framing(framed, out.toByteArray()),
                input.chooses(0) ? body(input, bytes) : bytes, broken);
    }

    /** The data of whole chunks. */
    private static byte[] framing(boolean framed, byte[] bytes) {
        if (!framed) {
            return bytes;
        }
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        int at = 0;
        while (at < bytes.length) {
            int line = at;
            while (line + 1 < bytes.length && bytes[line] != '\r') {
                line++;
            }
            check(line + 1 < bytes.length && bytes[line + 1] == '\n', "a size line without end");
            String size = new String(bytes, at, line - at, StandardCharsets.ISO_8859_1);
            int extension = size.indexOf(';');
            int length = Integer.parseInt(extension < 0 ? size : size.substring(0, extension),
                    16);
            check(length > 0, "the last chunk, though the stream goes on");
            at = line + 2;
            check(at + length + 2 <= bytes.length && bytes[at + length] == '\r'
                    && bytes[at + length + 1] == '\n', "a chunk without end");
            data.write(bytes, at, length);
            at += length + 2;
        }
        return data.toByteArray();
    }

    private static byte[] body(FuzzInput input, byte[] bytes) {
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        ChunkScanner scanner = new ChunkScanner();
        scanner.reset();
        ByteBuf buffer = input.buffer(bytes);
        try {
            int at = buffer.readerIndex();
            while (scanner.next(buffer, at, buffer.writerIndex()) == ChunkScanner.Step.DATA) {
                byte[] part = new byte[scanner.dataLength()];
                buffer.getBytes(scanner.dataStart(), part);
                data.writeBytes(part);
                at = scanner.position();
            }
        } catch (HttpSyntaxException e) {
            return data.toByteArray(); // what came before it counts
        } finally {
            buffer.release();
        }
        return data.toByteArray();
    }

    /** Keeps some events back. */
    private static final class Keeper implements EventSplitter.Sink {
        @Override
        public boolean onEvent(ByteBuf buffer, int index, int length) {
            return buffer.getByte(index) != 'h';
        }

        @Override
        public void onOversizedEvent() {
            // it passes
        }
    }
}
