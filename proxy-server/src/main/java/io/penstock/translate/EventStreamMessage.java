package io.penstock.translate;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One message of AWS's event-stream format: what its head says it is, and its payload.
 *
 * <p><b>Thread:</b> confined to the event loop. <b>Buffers:</b> borrows.
 */
final class EventStreamMessage {
    /** Total length, headers' length, their checksum. */
    static final int PRELUDE_BYTES = 12;
    static final int CRC_BYTES = 4;
    private static final int STRING = 7;
    /** What nearly all messages hold. */
    private static final String[] WORDS = {"contentBlockDelta", "contentBlockStop",
        "contentBlockStart", "messageStart", "messageStop", "metadata", "chunk", "event",
        "event-type", "content-type", "message-type"};
    private static final byte[][] WORD_BYTES = Arrays.stream(WORDS)
            .map(type -> type.getBytes(StandardCharsets.US_ASCII)).toArray(byte[][]::new);

    private byte[] bytes = new byte[1024];
    private int payloadStart;
    private int payloadEnd;
    private String messageType = "event";
    private String eventType = "";
    private @Nullable String exceptionType;
    private @Nullable String errorCode;
    private @Nullable String errorMessage;

    /** Reads a whole message, whose checksums have been compared. */
    void read(ByteBuf buffer, int index, int length) throws IOException {
        if (length > bytes.length) {
            bytes = new byte[Math.max(length, bytes.length * 2)];
        }
        buffer.getBytes(index, bytes, 0, length);
        messageType = "event";
        eventType = "";
        exceptionType = null;
        errorCode = null;
        errorMessage = null;
        payloadStart = PRELUDE_BYTES + buffer.getInt(index + 4);
        payloadEnd = length - CRC_BYTES;
        int at = PRELUDE_BYTES;
        while (at < payloadStart) {
            at = readHeader(at);
        }
    }

    private int readHeader(int from) throws IOException {
        int nameStart = from + 1;
        int nameEnd = nameStart + (bytes[from] & 0xff);
        if (nameEnd + 1 > payloadStart) {
            throw new IOException("a header beyond its block");
        }
        int type = bytes[nameEnd];
        int at = nameEnd + 1;
        int size = switch (type) {
            case 0, 1 -> 0;
            case 2 -> 1;
            case 3 -> 2;
            case 4 -> 4;
            case 5, 8 -> 8;
            case 9 -> 16;
            case 6, STRING -> {
                if (at + 2 > payloadStart) {
                    throw new IOException("a header beyond its block");
                }
                int length = (bytes[at] & 0xff) << 8 | bytes[at + 1] & 0xff;
                at += 2;
                yield length;
            }
            default -> throw new IOException("a header of no known type");
        };
        if (at + size > payloadStart) {
            throw new IOException("a header beyond its block");
        }
        if (type == STRING && bytes[nameStart] == ':') {
            onHeader(string(nameStart + 1, nameEnd), at, at + size);
        }
        return at + size;
    }

    private void onHeader(String name, int from, int to) {
        switch (name) {
            case "message-type" -> messageType = string(from, to);
            case "event-type" -> eventType = string(from, to);
            case "exception-type" -> exceptionType = string(from, to);
            case "error-code" -> errorCode = string(from, to);
            case "error-message" -> errorMessage = string(from, to);
            default -> { } // content-type
        }
    }

    /** A string; no new one for a word that is known. */
    private String string(int from, int to) {
        for (int i = 0; i < WORDS.length; i++) {
            if (Arrays.equals(bytes, from, to, WORD_BYTES[i], 0, WORD_BYTES[i].length)) {
                return WORDS[i];
            }
        }
        return new String(bytes, from, to - from, StandardCharsets.UTF_8);
    }

    boolean isEvent() {
        return messageType.equals("event");
    }

    String eventType() {
        return eventType;
    }

    /** The type of an exception, or the code of an error. */
    @Nullable String errorType() {
        return exceptionType == null ? errorCode : exceptionType;
    }

    /** Null where the payload has it. */
    @Nullable String errorMessage() {
        return errorMessage;
    }

    /** The array that holds the payload; valid until the next message is read. */
    byte[] bytes() {
        return bytes;
    }

    int payloadStart() {
        return payloadStart;
    }

    int payloadEnd() {
        return payloadEnd;
    }
}
