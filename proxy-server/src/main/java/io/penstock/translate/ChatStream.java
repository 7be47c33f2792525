package io.penstock.translate;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import io.netty.buffer.ByteBuf;
import io.penstock.json.JsonText;
import io.penstock.json.Needle;
import io.penstock.loop.Scratch;
import io.penstock.sse.EventData;
import io.penstock.sse.LineEnd;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads the events of an OpenAI chat completion stream, as tolerantly as the many servers that
 * imitate it ask for: closely while it is not known whether the stream is any good, and with a mere
 * glance afterwards.
 *
 * <p><b>Thread:</b> confined to the event loop, which uses one for all its streams.
 * <br><b>Buffers:</b> borrows.
 */
public final class ChatStream {
    private static final JsonFactory JSON = new JsonFactory();
    private static final Needle FINISH = new Needle("\"finish_reason\"");
    private static final byte[] DATA = "data".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] EVENT = "event".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] ERROR = "error".getBytes(StandardCharsets.US_ASCII);

    /** The most answers that are ended by name: no provider gives more, whatever is asked for. */
    static final int MAX_CHOICES = 128;

    /** What an event says. */
    public enum Meaning {
        /** Nothing that the caller waits for: a comment, a role, a filter result, an oddity. */
        NOTHING,
        /** Text, a refusal, reasoning, a piece of a tool call. */
        CONTENT,
        /** Why the model stopped. */
        FINISH,
        /** The provider failed, though its status said otherwise. */
        ERROR,
        /** {@code [DONE]}. */
        DONE
    }

    private final EventData data = new EventData();
    private final Scratch scratch = new Scratch();
    private int unfinishedAt;
    private int dataStart; // of the event glanced at, behind the colon
    private int dataEnd;

    /** Reads one event closely. */
    public Meaning read(ByteBuf buffer, int index, int length) {
        data.read(buffer, index, length);
        if (data.length() == 0) {
            return Meaning.NOTHING;
        }
        byte[] bytes = data.bytes();
        if (data.length() >= 6 && bytes[0] == '[' && bytes[1] == 'D' && bytes[5] == ']') {
            return Meaning.DONE;
        }
        if (data.isNamedError()) {
            return Meaning.ERROR;
        }
        try (JsonParser parser = JSON.createParser(bytes, 0, data.length())) {
            return readChunk(parser);
        } catch (JsonProcessingException e) {
            return Meaning.NOTHING; // malformed, or beyond all bounds: no content, at any rate
        } catch (IOException e) {
            throw new UncheckedIOException("cannot happen: the bytes are in memory", e);
        }
    }

    /**
     * Glances at an event: content counts as nothing. Whatever fields the event has, in whatever
     * order and with whatever line ends, its data is what counts.
     *
     * @param single the stream has one answer, so that one finish reason tells of all
     */
    public Meaning glance(ByteBuf buffer, int index, int length, boolean single) {
        unfinishedAt = -1;
        byte[] bytes = scratch.copy(buffer, index, length);
        if (!findDataLine(bytes, length)) {
            return readAgain(buffer, index, length); // of several lines, or an error's
        }
        int first = dataStart; // where the first member's name is
        while (first < dataEnd && (bytes[first] == ' ' || bytes[first] == '{')) {
            first++;
        }
        if (first < dataEnd && bytes[first] == '[' || first + 1 < dataEnd && bytes[first] == '"'
                && bytes[first + 1] == 'e') {
            return readAgain(buffer, index, length); // perhaps [DONE], or an error
        }
        int found = single ? FINISH.findLast(bytes, dataStart, dataEnd) // it is near the end
                : FINISH.find(bytes, dataStart, dataEnd);
        while (found >= 0) { // once for each choice
            int at = found + FINISH.length();
            while (at < dataEnd && (bytes[at] == ':' || bytes[at] == ' ')) {
                at++;
            }
            if (at < dataEnd && bytes[at] != 'n') {
                unfinishedAt = -1;
                return read(buffer, index, length);
            }
            unfinishedAt = index + found;
            found = single ? -1 : FINISH.find(bytes, at, dataEnd);
        }
        return Meaning.NOTHING;
    }

    private Meaning readAgain(ByteBuf buffer, int index, int length) {
        Meaning meaning = read(buffer, index, length);
        return meaning == Meaning.CONTENT ? Meaning.NOTHING : meaning;
    }

    /**
     * Finds the one line of data of an event, as {@link #dataStart} and {@link #dataEnd}, both 0 if
     * there is none; returns false if there are several, or the event is an error by its name.
     */
    private boolean findDataLine(byte[] bytes, int length) {
        dataStart = 0;
        dataEnd = 0;
        boolean found = false;
        int at = length > 2 && bytes[0] == (byte) 0xef && bytes[1] == (byte) 0xbb ? 3 : 0; // BOM
        while (at < length) {
            int start = at;
            at = LineEnd.find(bytes, at, length);
            if (isField(bytes, start, at, DATA)) {
                if (found) {
                    return false;
                }
                found = true;
                dataStart = Math.min(at, start + DATA.length + 1);
                dataEnd = at;
            } else if (at - start > EVENT.length + ERROR.length && isField(bytes, start, at, EVENT)
                    && Arrays.equals(bytes, at - ERROR.length, at, ERROR, 0, ERROR.length)) {
                return false;
            }
            at++;
        }
        return true;
    }

    private static boolean isField(byte[] bytes, int start, int end, byte[] name) {
        return Arrays.equals(bytes, start, Math.min(end, start + name.length), name, 0, name.length)
                && (end - start == name.length || bytes[start + name.length] == ':');
    }

    /**
     * Whether the event's data begins as a JSON object and is none. Only one that doesn't end as
     * an object does is looked at closely: a piece that lacks its end is what providers send.
     */
    public boolean isMalformed(ByteBuf buffer, int index, int length) {
        int last = index + length - 1;
        while (last > index && isBlank(buffer.getByte(last))) {
            last--;
        }
        if (buffer.getByte(last) == '}' || buffer.getByte(index) == ':') {
            return false;
        }
        data.read(buffer, index, length);
        if (data.length() == 0 || data.bytes()[0] != '{' || data.isNamedError()) {
            return false;
        }
        try (JsonParser parser = JSON.createParser(data.bytes(), 0, data.length())) {
            while (parser.nextToken() != null) {
                // to the end: the whole text is to be JSON
            }
            return false;
        } catch (JsonProcessingException e) {
            return true;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot happen: the bytes are in memory", e);
        }
    }

    private static boolean isBlank(byte value) {
        return value == '\n' || value == '\r' || value == ' ';
    }

    /** What every chunk of one stream has in common; null where the event has none of it. */
    public record Identity(String id, @Nullable String object, long created,
            @Nullable String model) {}

    /** Reads what an event has in common with all of its stream. */
    public @Nullable Identity identity(ByteBuf buffer, int index, int length) {
        data.read(buffer, index, length);
        try (JsonParser parser = JSON.createParser(data.bytes(), 0, data.length())) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return null;
            }
            String id = null;
            String object = null;
            String model = null;
            long created = 0;
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                JsonToken value = parser.nextToken();
                switch (name) {
                    case "id" -> id = parser.getValueAsString();
                    case "object" -> object = parser.getValueAsString();
                    case "model" -> model = parser.getValueAsString();
                    case "created" -> created = value == JsonToken.VALUE_NUMBER_INT
                            ? parser.getValueAsLong() : 0;
                    default -> parser.skipChildren();
                }
            }
            return id == null ? null : new Identity(id, object, created, model);
        } catch (JsonProcessingException e) {
            return null; // malformed: another event may tell
        } catch (IOException e) {
            throw new UncheckedIOException("cannot happen: the bytes are in memory", e);
        }
    }

    /**
     * The events that end a stream which has come to the length that it may have.
     *
     * @param text an older completion, whose pieces are plain text
     * @param choices how many answers it has; beyond {@value #MAX_CHOICES} they are left open
     */
    public static String endAtLength(Identity stream, boolean text, long choices) {
        StringBuilder out = new StringBuilder("data: {\"id\":");
        JsonText.quote(out, stream.id()).append(",\"object\":");
        JsonText.quote(out, stream.object()).append(",\"created\":").append(stream.created())
                .append(",\"model\":");
        JsonText.quote(out, stream.model()).append(",\"choices\":[");
        for (long i = 0; i < Math.min(choices, MAX_CHOICES); i++) {
            out.append(i == 0 ? "" : ",").append("{\"index\":").append(i)
                    .append(text ? ",\"text\":\"\"" : ",\"delta\":{}")
                    .append(",\"logprobs\":null,\"finish_reason\":\"length\"}");
        }
        return out.append("]}\n\ndata: [DONE]\n\n").toString();
    }

    /** Whether it is a chunk with no choice in it, its list being empty, null or absent. */
    public boolean isWithoutChoices(ByteBuf buffer, int index, int length) {
        data.read(buffer, index, length);
        try (JsonParser parser = JSON.createParser(data.bytes(), 0, data.length())) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return false;
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                boolean choices = "choices".equals(parser.currentName());
                if (parser.nextToken() == JsonToken.START_ARRAY && choices) {
                    return parser.nextToken() == JsonToken.END_ARRAY;
                }
                parser.skipChildren();
            }
            return true;
        } catch (JsonProcessingException e) {
            return false; // malformed: passed on like any other
        } catch (IOException e) {
            throw new UncheckedIOException("cannot happen: the bytes are in memory", e);
        }
    }

    /**
     * Where, in the event glanced at last, the last finish reason stands, all of them being null;
     * -1 if there is none. An event that is the same from there on says as little.
     */
    public int unfinishedAt() {
        return unfinishedAt;
    }

    private static Meaning readChunk(JsonParser parser) throws IOException {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            return Meaning.NOTHING;
        }
        Meaning meaning = Meaning.NOTHING;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            if ("error".equals(name) && isTruthy(parser, value)) {
                return Meaning.ERROR;
            }
            if ("object".equals(name) && value == JsonToken.VALUE_STRING
                    && "error".equals(parser.getText())) {
                return Meaning.ERROR; // vLLM's error object stands there without a wrapper
            }
            if ("choices".equals(name) && value == JsonToken.START_ARRAY) {
                while (parser.nextToken() == JsonToken.START_OBJECT) {
                    meaning = stronger(meaning, readChoice(parser));
                }
            } else {
                parser.skipChildren();
            }
        }
        return meaning;
    }

    private static Meaning readChoice(JsonParser parser) throws IOException {
        Meaning meaning = Meaning.NOTHING;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            switch (name) {
                case "delta", "message" -> {
                    if (value == JsonToken.START_OBJECT && readDelta(parser)) {
                        meaning = stronger(meaning, Meaning.CONTENT);
                    }
                }
                case "text" -> {
                    if (isTruthy(parser, value)) {
                        meaning = stronger(meaning, Meaning.CONTENT);
                    }
                    parser.skipChildren();
                }
                case "finish_reason" -> {
                    if (value == JsonToken.VALUE_STRING && !parser.getText().isEmpty()) {
                        boolean failed = switch (parser.getText()) {
                            case "error", "insufficient_system_resource" -> true;
                            default -> false;
                        };
                        meaning = stronger(meaning, failed ? Meaning.ERROR : Meaning.FINISH);
                    }
                    parser.skipChildren();
                }
                case "error" -> {
                    if (isTruthy(parser, value)) {
                        meaning = Meaning.ERROR;
                    }
                    parser.skipChildren();
                }
                default -> parser.skipChildren();
            }
        }
        return meaning;
    }

    /** Whether there is anything in it that a caller would show or act on. */
    private static boolean readDelta(JsonParser parser) throws IOException {
        boolean content = false;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            if (!"role".equals(name)) {
                content |= isTruthy(parser, value);
            }
            parser.skipChildren();
        }
        return content;
    }

    /** Neither null, false, zero, an empty string, an empty list nor an empty object. */
    private static boolean isTruthy(JsonParser parser, JsonToken value) throws IOException {
        return switch (value) {
            case VALUE_STRING -> parser.getTextLength() > 0;
            case START_ARRAY -> parser.nextToken() != JsonToken.END_ARRAY && closeArray(parser);
            case START_OBJECT -> parser.nextToken() != JsonToken.END_OBJECT && closeObject(parser);
            case VALUE_TRUE -> true;
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> parser.getDoubleValue() != 0;
            default -> false;
        };
    }

    private static boolean closeArray(JsonParser parser) throws IOException {
        do {
            parser.skipChildren();
        } while (parser.nextToken() != JsonToken.END_ARRAY);
        return true;
    }

    private static boolean closeObject(JsonParser parser) throws IOException {
        do {
            parser.nextToken();
            parser.skipChildren();
        } while (parser.nextToken() != JsonToken.END_OBJECT);
        return true;
    }

    private static Meaning stronger(Meaning a, Meaning b) {
        return a.ordinal() >= b.ordinal() ? a : b;
    }
}
