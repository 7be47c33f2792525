package io.penstock.mock;

/** What a request is for, told by its method and the end of its path. */
enum Endpoint {
    CHAT("/chat/completions", new OpenAiChat()),
    COMPLETIONS("/completions", new OpenAiCompletions()),
    EMBEDDINGS("/embeddings", CHAT.dialect),
    MODERATIONS("/moderations", CHAT.dialect),
    RERANK("/rerank", CHAT.dialect),
    IMAGES("/images/generations", CHAT.dialect),
    SPEECH("/audio/speech", CHAT.dialect),
    TRANSCRIPTIONS("/audio/transcriptions", CHAT.dialect),
    /** Any method, and whatever stands below. */
    FILES("/files", CHAT.dialect),
    BATCHES("/batches", CHAT.dialect),
    /** {@code GET} with an upgrade. */
    REALTIME("/realtime", CHAT.dialect),
    RESPONSES("/responses", new OpenAiResponses()),
    MESSAGES("/messages", new AnthropicMessages()),
    COUNT_TOKENS("/messages/count_tokens", MESSAGES.dialect),
    GENERATE(":generateContent", new GeminiContent(false)),
    STREAM_GENERATE(":streamGenerateContent", new GeminiContent(true)),
    GEMINI_COUNT_TOKENS(":countTokens", GENERATE.dialect),
    EMBED_CONTENT(":embedContent", GENERATE.dialect),
    BATCH_EMBED_CONTENTS(":batchEmbedContents", GENERATE.dialect),
    CONVERSE("/converse", new BedrockConverse(false)),
    CONVERSE_STREAM("/converse-stream", new BedrockConverse(true)),
    /** {@code GET} of a list, in the shape of whichever provider has that path and fields. */
    MODELS("/models", CHAT.dialect),
    OTHER("", CHAT.dialect);

    private static final Endpoint[] ALL = values();

    private final String end;
    private final Dialect dialect;

    Endpoint(String end, Dialect dialect) {
        this.end = end;
        this.dialect = dialect;
    }

    /** Of a request by POST. */
    static Endpoint ofPost(String path) {
        for (Endpoint endpoint : ALL) {
            if (endpoint != MODELS && endpoint != REALTIME && path.endsWith(endpoint.end)
                    && endpoint != OTHER) {
                return endpoint;
            }
        }
        return ofAny(path);
    }

    /** Of a request by whatever method. */
    static Endpoint ofAny(String path) {
        for (Endpoint kept : new Endpoint[] {FILES, BATCHES}) {
            if (path.endsWith(kept.end) || path.contains(kept.end + "/")) {
                return kept;
            }
        }
        return OTHER;
    }

    /** Of a request by GET. */
    static Endpoint ofGet(String path) {
        return path.endsWith(MODELS.end) ? MODELS
                : path.endsWith(REALTIME.end) ? REALTIME : ofAny(path);
    }

    /** How it is answered, its errors above all. */
    Dialect dialect() {
        return dialect;
    }

    /** Whether it answers with what a model says, unary or streamed. */
    boolean isConversation() {
        return switch (this) {
            case CHAT, COMPLETIONS, RESPONSES, MESSAGES, GENERATE, STREAM_GENERATE,
                    CONVERSE, CONVERSE_STREAM -> true;
            default -> false;
        };
    }

    /** Whether a fault may strike it. */
    boolean isCall() {
        return this != MODELS && this != OTHER && this != REALTIME;
    }
}
