package io.penstock.provider;

import java.nio.charset.StandardCharsets;

/** The APIs in which providers can be asked, and where each has its paths. */
public enum Api {
    /** OpenAI's chat completions, and everyone who imitates them. */
    CHAT("/chat/completions"),
    /** OpenAI's older completions. */
    COMPLETIONS("/completions"),
    /** OpenAI's responses. */
    RESPONSES("/responses"),
    /** OpenAI's embeddings. */
    EMBEDDINGS("/embeddings"),
    /** Anthropic's messages. */
    MESSAGES("/messages"),
    /** Anthropic's count of a prompt's tokens. */
    COUNT_TOKENS("/messages/count_tokens"),
    /** Gemini's generateContent. */
    GEMINI("/models/{model}:generateContent", "/models/{model}:streamGenerateContent?alt=sse"),
    /** Gemini's count of a prompt's tokens. */
    GEMINI_COUNT_TOKENS("/models/{model}:countTokens"),
    /** Bedrock's Converse. */
    CONVERSE("/model/{model}/converse", "/model/{model}/converse-stream");

    /** What stands in a path for the model's name, which goes there percent-encoded. */
    public static final String MODEL = "{model}";

    private final String path;
    private final String streamPath;

    Api(String path) {
        this(path, path);
    }

    Api(String path, String streamPath) {
        this.path = path;
        this.streamPath = streamPath;
    }

    /** Behind the base URL; may have a query, and {@link #MODEL}. */
    public String path(boolean stream) {
        return stream ? streamPath : path;
    }

    /** A model's name as one segment of a path (RFC 3986 section 3.3). */
    public static String encoded(String model) {
        StringBuilder out = new StringBuilder(model.length() + 16);
        for (byte b : model.getBytes(StandardCharsets.UTF_8)) {
            boolean plain = b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
                    || b == '-' || b == '.' || b == '_' || b == '~';
            if (plain) {
                out.append((char) b);
            } else {
                out.append('%').append(Character.toUpperCase(Character.forDigit(b >> 4 & 15, 16)))
                        .append(Character.toUpperCase(Character.forDigit(b & 15, 16)));
            }
        }
        return out.toString();
    }
}
