package io.penstock.usage;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import io.netty.buffer.ByteBuf;
import io.penstock.json.Needle;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;

/**
 * Finds the usage object of an OpenAI reply: in an event or in a whole body. Most events have none,
 * and all that they cost is a search for the word.
 *
 * <p><b>Thread:</b> confined to the event loop, which uses one for all its replies.
 * <br><b>Buffers:</b> borrows. <b>Bounds:</b> {@value #MAX_OBJECT_BYTES} bytes of a usage object.
 */
public final class UsageScanner {
    static final int MAX_OBJECT_BYTES = 8 * 1024;
    private static final JsonFactory JSON = new JsonFactory();
    private static final Needle USAGE = new Needle("\"usage\"");

    private byte[] object = new byte[1024];

    /** The usage in those bytes, the last one if there are several; null if there is none. */
    public TokenUsage scan(ByteBuf buffer, int index, int length) {
        int end = index + length;
        TokenUsage usage = null;
        int found = USAGE.find(buffer, index, length);
        while (found >= 0) {
            int at = found + USAGE.length();
            while (at < end && (buffer.getByte(at) == ':' || buffer.getByte(at) <= ' ')) {
                at++;
            }
            if (at < end && buffer.getByte(at) == '{') {
                TokenUsage parsed = parse(buffer, at, Math.min(end - at, MAX_OBJECT_BYTES));
                usage = parsed == null ? usage : parsed;
            }
            found = USAGE.find(buffer, at, end - at);
        }
        return usage;
    }

    private TokenUsage parse(ByteBuf buffer, int index, int length) {
        if (object.length < length) {
            object = Arrays.copyOf(object, length);
        }
        buffer.getBytes(index, object, 0, length);
        try (JsonParser parser = JSON.createParser(object, 0, length)) {
            parser.nextToken();
            long[] counts = new long[4];
            read(parser, counts);
            return counts[0] == 0 && counts[1] == 0 ? null
                    : new TokenUsage(counts[0], counts[1], counts[2], counts[3]);
        } catch (JsonProcessingException e) {
            return null; // no usage object after all, or one beyond all bounds
        } catch (IOException e) {
            throw new UncheckedIOException("cannot happen: the bytes are in memory", e);
        }
    }

    private static void read(JsonParser parser, long[] counts) throws IOException {
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            switch (name) {
                case "prompt_tokens" -> counts[0] = count(parser, value);
                case "completion_tokens" -> counts[1] = count(parser, value);
                case "cached_tokens" -> counts[2] = count(parser, value);
                case "reasoning_tokens" -> counts[3] = count(parser, value);
                case "prompt_tokens_details", "completion_tokens_details" -> {
                    if (value == JsonToken.START_OBJECT) {
                        read(parser, counts);
                    }
                }
                default -> parser.skipChildren();
            }
        }
    }

    /** Some count in floats, some in strings, some below zero: never trusted, never fatal. */
    private static long count(JsonParser parser, JsonToken value) throws IOException {
        double number = value.isNumeric() ? parser.getDoubleValue()
                : value == JsonToken.VALUE_STRING ? parser.getValueAsDouble(0) : 0;
        parser.skipChildren();
        return number > 0 && number < 1e15 ? (long) number : 0;
    }
}
