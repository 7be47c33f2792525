package io.penstock.translate;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.netty.buffer.ByteBuf;
import io.penstock.json.JsonText;
import io.penstock.sse.EventData;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * One event of an OpenAI chat completion stream, read whole: for the modes that have to know what
 * was said, not only that something was.
 *
 * <p><b>Thread:</b> confined to the event loop, which uses one for all its streams.
 * <br><b>Buffers:</b> borrows.
 */
public final class ChatChunk {
    private static final JsonFactory JSON = new JsonFactory();

    /** What kind of event it is. */
    public enum Kind {
        /** A comment, or an event without data. */
        BLANK,
        /** A chunk of the completion. */
        CHUNK,
        /** {@code [DONE]}. */
        DONE,
        /** The provider failed. */
        ERROR,
        /** Neither JSON nor anything else that a stream may hold. */
        MALFORMED
    }

    private final EventData data = new EventData();
    private @Nullable String id;
    private @Nullable String model;
    private @Nullable String object;
    private long created;
    private @Nullable String text;
    private boolean other;
    private boolean reasoning;
    private @Nullable String finishReason;

    /** Reads one event; the rest of what it says stands until the next is read. */
    public Kind read(ByteBuf buffer, int index, int length) {
        id = null;
        model = null;
        object = null;
        created = 0;
        text = null;
        other = false;
        reasoning = false;
        finishReason = null;
        data.read(buffer, index, length);
        if (data.length() == 0) {
            return Kind.BLANK;
        }
        byte[] bytes = data.bytes();
        if (data.length() >= 6 && bytes[0] == '[' && bytes[1] == 'D' && bytes[5] == ']') {
            return Kind.DONE;
        }
        if (data.isNamedError()) {
            return Kind.ERROR;
        }
        try (JsonParser parser = JSON.createParser(bytes, 0, data.length())) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return Kind.MALFORMED;
            }
            boolean failed = readMembers(parser);
            return parser.nextToken() != null ? Kind.MALFORMED : failed ? Kind.ERROR : Kind.CHUNK;
        } catch (IOException e) {
            return Kind.MALFORMED;
        }
    }

    private boolean readMembers(JsonParser parser) throws IOException {
        boolean failed = false;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            switch (name) {
                case "id" -> id = parser.getValueAsString();
                case "model" -> model = parser.getValueAsString();
                case "object" -> {
                    object = parser.getValueAsString();
                    failed |= "error".equals(object);
                }
                case "created" -> created = value == JsonToken.VALUE_NUMBER_INT
                        ? parser.getLongValue() : 0;
                case "choices" -> {
                    if (value == JsonToken.START_ARRAY) {
                        while (parser.nextToken() == JsonToken.START_OBJECT) {
                            readChoice(parser);
                        }
                    }
                }
                case "error" -> {
                    failed |= value != JsonToken.VALUE_NULL && value != JsonToken.VALUE_FALSE;
                    parser.skipChildren();
                }
                default -> parser.skipChildren();
            }
        }
        return failed || "error".equals(finishReason);
    }

    private void readChoice(JsonParser parser) throws IOException {
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            switch (name) {
                case "index" -> other |= value != JsonToken.VALUE_NUMBER_INT
                        || parser.getValueAsInt() != 0;
                case "finish_reason" -> {
                    if (value == JsonToken.VALUE_STRING) {
                        finishReason = parser.getText();
                    }
                }
                case "delta" -> {
                    if (value == JsonToken.START_OBJECT) {
                        readDelta(parser);
                    }
                }
                case "logprobs" -> {
                    other |= value != JsonToken.VALUE_NULL;
                    parser.skipChildren();
                }
                default -> parser.skipChildren();
            }
        }
    }

    private void readDelta(JsonParser parser) throws IOException {
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            boolean filled = value != JsonToken.VALUE_NULL
                    && !(value == JsonToken.VALUE_STRING && parser.getTextLength() == 0);
            switch (name) {
                case "role" -> { }
                case "content" -> {
                    if (value == JsonToken.VALUE_STRING && filled) {
                        text = text == null ? parser.getText() : text + parser.getText();
                    }
                    other |= filled && value != JsonToken.VALUE_STRING;
                }
                case "reasoning", "reasoning_content", "reasoning_details" -> reasoning |= filled;
                default -> other |= filled;
            }
            parser.skipChildren();
        }
    }

    /** What every chunk of the stream has in common; null where this one has none of it. */
    public ChatStream.@Nullable Identity identity() {
        return id == null ? null : new ChatStream.Identity(id, object, created, model);
    }

    /** The piece of text in it; null if there is none. */
    public @Nullable String text() {
        return text;
    }

    /** Whether it says anything but text and reasoning: tool calls, a refusal, another answer. */
    public boolean hasOther() {
        return other;
    }

    public boolean hasReasoning() {
        return reasoning;
    }

    /** Why the model stopped; null while it goes on. */
    public @Nullable String finishReason() {
        return finishReason;
    }

    /** A chunk with a piece of text, as the stream's own would read. */
    public static String ofText(ChatStream.Identity stream, String text) {
        StringBuilder out = begin(stream).append("[{\"index\":0,\"delta\":{\"content\":");
        return JsonText.quote(out, text).append("},\"finish_reason\":null}]}\n\n").toString();
    }

    /** A chunk that says why the model stopped. */
    public static String ofFinish(ChatStream.Identity stream, String reason) {
        StringBuilder out = begin(stream).append("[{\"index\":0,\"delta\":{},\"finish_reason\":");
        return JsonText.quote(out, reason).append("}]}\n\n").toString();
    }

    /** The chunk that brings nothing but the usage. */
    public static String ofUsage(ChatStream.Identity stream, long prompt, long completion) {
        return begin(stream).append("[],\"usage\":{\"prompt_tokens\":").append(prompt)
                .append(",\"completion_tokens\":").append(completion).append(",\"total_tokens\":")
                .append(prompt + completion).append("}}\n\n").toString();
    }

    private static StringBuilder begin(ChatStream.Identity stream) {
        StringBuilder out = new StringBuilder(192).append("data: {\"id\":");
        JsonText.quote(out, stream.id())
                .append(",\"object\":\"chat.completion.chunk\",\"created\":")
                .append(stream.created()).append(",\"model\":");
        return JsonText.quote(out, stream.model()).append(",\"choices\":");
    }
}
