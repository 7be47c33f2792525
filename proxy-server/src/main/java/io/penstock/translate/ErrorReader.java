package io.penstock.translate;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Reads the error objects of all providers: nested or flat, {@code error} an object, a string or
 * an array around one, FastAPI's {@code detail}, a gateway's {@code fault}, or no JSON at all.
 *
 * <p><b>Thread:</b> confined to the event loop.
 */
final class ErrorReader {
    private static final int MAX_NESTED = 4;

    private @Nullable String message;
    private @Nullable String type;
    private @Nullable String code;
    private @Nullable String param;

    private ErrorReader() {}

    /**
     * What an error reply says.
     *
     * @param body its bytes, or the beginning of them
     */
    static ReplyError read(ReplyLoop loop, int status, ByteBuf body) {
        byte[] bytes = new byte[body.readableBytes()];
        body.getBytes(body.readerIndex(), bytes);
        try {
            loop.feed().begin(bytes, 0, bytes.length);
            return read(loop.feed(), status);
        } catch (IOException e) {
            return ReplyError.of(status, null, null, beginning(bytes), null); // HTML, or cut
        }
    }

    /** What the value at which {@code in} stands says went wrong. */
    static ReplyError read(JsonFeed in, int status) throws IOException {
        ErrorReader error = new ErrorReader();
        error.readValue(in, 0);
        in.end();
        return ReplyError.of(status, error.type, error.code, error.message, error.param);
    }

    private static String beginning(byte[] bytes) {
        int length = Math.min(bytes.length, ReplyError.MAX_MESSAGE_CHARS);
        return new String(bytes, 0, length, StandardCharsets.UTF_8).strip();
    }

    private void readValue(JsonFeed in, int depth) throws IOException {
        if (depth > MAX_NESTED) {
            in.skip();
        } else if (in.isObject()) {
            readObject(in, depth);
        } else if (in.isArray()) {
            while (in.nextElement()) {
                readValue(in, depth + 1);
            }
        } else if (in.isText() && message == null) {
            message = in.text();
        }
    }

    private void readObject(JsonFeed in, int depth) throws IOException {
        while (in.nextMember()) {
            switch (in.name()) {
                case "error" -> readValue(in, depth + 1);
                case "message", "Message", "error_message", "faultstring", "msg" -> {
                    if (in.isText()) {
                        message = in.text();
                    } else {
                        readValue(in, depth + 1);
                    }
                }
                case "detail", "fault" -> readValue(in, depth + 1);
                case "response", "choices", "x_groq" -> readInner(in, depth + 1);
                case "type", "__type", "status" -> {
                    String text = in.text();
                    if (text != null && !text.equals("error")) { // which is all that a wrapper says
                        type = text;
                    }
                }
                case "code" -> {
                    String text = in.text();
                    code = text == null || text.isEmpty() ? code : text;
                }
                case "param" -> param = in.text();
                default -> in.skip();
            }
        }
    }

    /** An answer that failed: all of it but the error is about the answer. */
    private void readInner(JsonFeed in, int depth) throws IOException {
        if (in.isArray() && depth <= MAX_NESTED) {
            while (in.nextElement()) {
                readInner(in, depth + 1);
            }
        } else if (in.enterObject()) {
            while (in.nextMember()) {
                if (in.name().equals("error")) {
                    readValue(in, depth + 1);
                } else {
                    in.skip();
                }
            }
        }
    }
}
