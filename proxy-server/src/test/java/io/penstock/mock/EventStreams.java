package io.penstock.mock;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32;

/** Reads whole streams of {@code application/vnd.amazon.eventstream}, and believes nothing. */
final class EventStreams {
    private EventStreams() {}

    /** One message; {@code payload} as it came. */
    record Message(Map<String, String> headers, String payload) {
        /** The type of the event or of the exception. */
        String type() {
            return headers.get(":" + headers.get(":message-type") + "-type");
        }

        JsonBody json() throws IOException {
            return JsonBody.of(Shape.parse(payload));
        }
    }

    static List<Message> read(byte[] stream) {
        List<Message> messages = new ArrayList<>();
        ByteBuffer in = ByteBuffer.wrap(stream);
        while (in.hasRemaining()) {
            int start = in.position();
            int total = in.getInt();
            int headerBytes = in.getInt();
            assertThat(in.getInt()).as("the prelude's checksum").isEqualTo(crc(stream, start, 8));
            Map<String, String> headers = new TreeMap<>();
            int payloadStart = in.position() + headerBytes;
            while (in.position() < payloadStart) {
                String name = text(in, in.get());
                assertThat(in.get()).as("a string").isEqualTo((byte) 7);
                headers.put(name, text(in, in.getShort()));
            }
            String payload = text(in, total - headerBytes - 16);
            assertThat(in.getInt()).as("the checksum").isEqualTo(crc(stream, start, total - 4));
            messages.add(new Message(headers, payload));
        }
        return messages;
    }

    /** Events as {@link Shape} compares them. */
    static List<Shape.Event> events(List<Message> messages) throws IOException {
        List<Shape.Event> events = new ArrayList<>();
        for (Message message : messages) {
            events.add(new Shape.Event(message.type(), Shape.parse(message.payload())));
        }
        return events;
    }

    private static String text(ByteBuffer in, int length) {
        byte[] bytes = new byte[length];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static int crc(byte[] bytes, int start, int length) {
        CRC32 crc = new CRC32();
        crc.update(bytes, start, length);
        return (int) crc.getValue();
    }
}
