package io.penstock.translate;

import static io.penstock.testing.FuzzInput.check;
import static io.penstock.testing.FuzzInput.checkSame;

import io.netty.buffer.ByteBuf;
import io.penstock.sse.EventSplitter;
import io.penstock.testing.FuzzInput;
import io.penstock.translate.EventStreamSplitter.EventStreamException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/**
 * Event-stream messages: the same however they are cut, whole, in order and without a gap between
 * them; heads that lie are refused.
 */
public final class EventStreamSplitterFuzz {
    private static final int FEW_BYTES = 100;
    private static final int MANY_BYTES = 64 * 1024;

    private EventStreamSplitterFuzz() {}

    public static void fuzzerTestOneInput(byte[] data) {
        try (FuzzInput input = new FuzzInput(data)) {
            byte[] bytes = input.bytes().clone();
            if (input.chooses(0)) {
                sum(bytes);
            }
            int max = input.chooses(1) ? FEW_BYTES : MANY_BYTES;
            Log whole = split(input, bytes, FuzzInput.whole(bytes.length), max);
            Log pieces = split(input, bytes, input.cuts(bytes.length), max);
            checkSame(pieces.seen, whole.seen, "in pieces");
            checkSame(pieces.refusal, whole.refusal, "refused");
            if (whole.refusal == null) {
                checkSame(whole.rest, bytes.length - whole.bytes, "what is left");
            }
        }
    }

    /** Writes fitting checksums where lengths fit: a fuzzer would hardly ever find one. */
    private static void sum(byte[] bytes) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        int at = 0;
        while (at + 12 <= bytes.length) {
            // A length is a byte in the corpus, more or less.
            buffer.putInt(at + 8, crc(bytes, at, 8));
            int total = buffer.getInt(at);
            if (total < 16 || total > bytes.length - at) {
                return;
            }
            buffer.putInt(at + total - 4, crc(bytes, at, total - 4));
            at += total;
        }
    }

    private static int crc(byte[] bytes, int from, int length) {
        CRC32 crc = new CRC32();
        crc.update(bytes, from, length);
        return (int) crc.getValue();
    }

    /** A message with headers of text: names and values in turn. */
    static byte[] message(List<String> headers, byte[] payload) {
        ByteBuffer head = ByteBuffer.allocate(MANY_BYTES);
        for (int i = 0; i < headers.size(); i += 2) {
            byte[] name = headers.get(i).getBytes(StandardCharsets.UTF_8);
            byte[] value = headers.get(i + 1).getBytes(StandardCharsets.UTF_8);
            head.put((byte) name.length).put(name).put((byte) 7).putShort((short) value.length)
                    .put(value);
        }
        int total = 16 + head.position() + payload.length;
        ByteBuffer message = ByteBuffer.allocate(total);
        message.putInt(total).putInt(head.position());
        message.putInt(crc(message.array(), 0, 8));
        message.put(head.array(), 0, head.position()).put(payload);
        return message.putInt(crc(message.array(), 0, total - 4)).array();
    }

    private static Log split(FuzzInput input, byte[] bytes, int[] cuts, int max) {
        Log log = new Log();
        EventStreamSplitter splitter = new EventStreamSplitter(log, max);
        ByteBuf buffer = input.buffer(bytes);
        int zero = buffer.readerIndex();
        int at = 0;
        int ended = 0;
        try {
            for (int cut : cuts) {
                int end = splitter.split(input.allocator(), buffer, zero + at, cut - at) - zero;
                check(end >= at && end <= cut, "beyond the piece");
                ended = end > at ? end : ended;
                checkSame(splitter.isInsideMessage(), ended < cut, "inside a message");
                at = cut;
            }
            log.rest = bytes.length - ended;
        } catch (EventStreamException e) {
            log.refusal = e.getMessage();
        } finally {
            splitter.release();
            buffer.release();
        }
        return log;
    }

    private static final class Log implements EventSplitter.Sink {
        private final List<String> seen = new ArrayList<>();
        private final EventStreamMessage message = new EventStreamMessage();
        private int bytes;
        private int rest;
        private String refusal;

        @Override
        public boolean onEvent(ByteBuf buffer, int index, int length) {
            bytes += length;
            checkSame(buffer.getInt(index), length, "its length");
            try {
                message.read(buffer, index, length);
                check(message.payloadStart() >= 12 && message.payloadEnd() == length - 4
                        && message.payloadStart() <= message.payloadEnd(), "its payload");
                seen.add(message.isEvent() + message.eventType() + message.errorType()
                        + message.errorMessage() + new String(message.bytes(),
                        message.payloadStart(), message.payloadEnd() - message.payloadStart(),
                        StandardCharsets.ISO_8859_1));
            } catch (IOException e) {
                seen.add(e.getMessage());
            }
            return true;
        }

        @Override
        public void onOversizedEvent() {
            throw new AssertionError("it is refused instead");
        }
    }
}
