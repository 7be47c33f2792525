package io.penstock.mock;

import java.nio.ByteBuffer;
import java.util.zip.CRC32;

/**
 * A message of {@code application/vnd.amazon.eventstream}, in which Bedrock's streams come: lengths
 * and their checksum, headers, a payload, and the checksum of it all.
 *
 * <p>Until it is framed, an event is a text like any other format's: what it is, its type and its
 * JSON, with a blank between.
 */
final class EventStreamFrame {
    static final String CONTENT_TYPE = "application/vnd.amazon.eventstream";

    private static final byte STRING = 7;
    private static final String PADDING = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    private EventStreamFrame() {}

    /** An event, padded so that its length tells nothing of what it says. */
    static String event(String type, Object... members) {
        Object[] padded = new Object[members.length + 2];
        System.arraycopy(members, 0, padded, 0, members.length);
        padded[members.length] = "p";
        int length = 1 + Json.object(members).toString().length() % PADDING.length();
        padded[members.length + 1] = PADDING.substring(0, length);
        return "event " + type + ' ' + Json.object(padded);
    }

    static String exception(String type, Json payload) {
        return "exception " + type + ' ' + payload;
    }

    /** Frames the text of an event or an exception. */
    static byte[] encode(String text) {
        String[] parts = text.split(" ", 3);
        byte[] headers = headers(":" + parts[0] + "-type", parts[1],
                ":content-type", "application/json", ":message-type", parts[0]);
        byte[] payload = Draft.utf8(parts[2]);
        ByteBuffer frame = ByteBuffer.allocate(16 + headers.length + payload.length);
        frame.putInt(frame.capacity()).putInt(headers.length);
        frame.putInt(checksum(frame)).put(headers).put(payload);
        return frame.putInt(checksum(frame)).array();
    }

    private static byte[] headers(String... namesAndValues) {
        ByteBuffer headers = ByteBuffer.allocate(
                String.join("", namesAndValues).length() + namesAndValues.length / 2 * 4);
        for (int i = 0; i < namesAndValues.length; i += 2) {
            headers.put((byte) namesAndValues[i].length()).put(Draft.utf8(namesAndValues[i]));
            headers.put(STRING).putShort((short) namesAndValues[i + 1].length());
            headers.put(Draft.utf8(namesAndValues[i + 1]));
        }
        return headers.array();
    }

    private static int checksum(ByteBuffer written) {
        CRC32 crc = new CRC32();
        crc.update(written.array(), written.arrayOffset(), written.position());
        return (int) crc.getValue();
    }
}
