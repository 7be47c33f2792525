package io.penstock.exchange.chat;

import io.penstock.http.RequestHead;
import io.penstock.provider.Api;
import io.penstock.translate.GeminiPath;
import io.penstock.translate.ReplyFormat;
import io.penstock.translate.request.ClientFormat;
import java.util.List;
import java.util.stream.Stream;

/** What callers may ask of a model, each in a format of its own. */
public enum Endpoint {
    CHAT("/chat/completions", Api.CHAT, ReplyFormat.CHAT, ClientFormat.CHAT),
    COMPLETIONS("/completions", Api.COMPLETIONS, ReplyFormat.COMPLETIONS, ClientFormat.COMPLETIONS),
    EMBEDDINGS("/embeddings", Api.EMBEDDINGS, ReplyFormat.CHAT, null),
    /** A chat whose body names several models in {@code models}, to be tried in that order. */
    FALLBACK_CHAT("/chat/fallback_completion", "/chat/completions", Api.CHAT, ReplyFormat.CHAT,
            ClientFormat.CHAT),
    MESSAGES("/messages", Api.MESSAGES, ReplyFormat.MESSAGES, ClientFormat.MESSAGES),
    COUNT_TOKENS("/messages/count_tokens", Api.COUNT_TOKENS, ReplyFormat.MESSAGES, null),
    RESPONSES("/responses", Api.RESPONSES, ReplyFormat.RESPONSES, ClientFormat.RESPONSES),
    /** Google's {@code …:generateContent} and its stream, whose paths {@link GeminiPath} reads. */
    GEMINI("/models/{model}:generateContent", Api.GEMINI, ReplyFormat.GEMINI, ClientFormat.GEMINI),
    GEMINI_COUNT_TOKENS("/models/{model}:countTokens", Api.GEMINI_COUNT_TOKENS,
            ReplyFormat.GEMINI, null);

    static final Endpoint[] ALL = values();

    private final String path;
    private final String versionedPath;
    private final String upstreamPath;
    private final Api api;
    private final ReplyFormat format;
    private final ClientFormat asked;
    private final EndpointPath plainPath = new EndpointPath(this, null, null);

    Endpoint(String path, Api api, ReplyFormat format, ClientFormat asked) {
        this(path, path, api, format, asked);
    }

    Endpoint(String path, String upstreamPath, Api api, ReplyFormat format, ClientFormat asked) {
        this.path = path;
        versionedPath = "/v1" + path;
        this.upstreamPath = upstreamPath;
        this.api = api;
        this.format = format;
        this.asked = asked;
    }

    /** Behind a provider's base URL. */
    public String path() {
        return upstreamPath;
    }

    /** The path of its callers, as it is for any model, with the version that is usual. */
    public String route() {
        return isGoogles() ? "/v1beta" + path : versionedPath;
    }

    /** Whether it is a conversation, in which another model can continue an answer. */
    boolean isConversation() {
        return generates() && !isText();
    }

    /** Whether pieces of the answer are plain text, as in the older completions. */
    boolean isText() {
        return this == COMPLETIONS;
    }

    /** Whether its body names its models in {@code models}. */
    boolean takesModels() {
        return this == FALLBACK_CHAT;
    }

    /** Whether a request is for it, by a path that names no model. */
    boolean isAt(RequestHead head) {
        return !isGoogles() && (head.isPath(versionedPath) || head.isPath(path));
    }

    /** Whether that path, which names no model, is this endpoint's. */
    boolean isAt(String path) {
        return !isGoogles() && (path.equals(versionedPath) || path.equals(this.path));
    }

    /** A path of this endpoint that says nothing else. */
    EndpointPath plainPath() {
        return plainPath;
    }

    /** The paths of all endpoints whose paths name no model, with their version. */
    public static List<String> paths() {
        return Stream.of(ALL).filter(endpoint -> !endpoint.isGoogles())
                .map(endpoint -> endpoint.versionedPath).toList();
    }

    /** Whether its path names the model, and whether a stream is wanted. */
    boolean isGoogles() {
        return format == ReplyFormat.GEMINI;
    }

    /** Whether it counts a prompt's tokens, which costs nothing. */
    boolean countsTokens() {
        return this == COUNT_TOKENS || this == GEMINI_COUNT_TOKENS;
    }

    /** The API that a provider has to speak to be asked in the caller's own words. */
    Api api() {
        return api;
    }

    /** The format of the reply, and of whatever goes wrong. */
    ReplyFormat format() {
        return format;
    }

    /** The format of errors before an exchange begins; OpenAI's where the endpoint is null. */
    public static ReplyFormat errorFormat(Endpoint endpoint) {
        return endpoint == null ? ReplyFormat.CHAT : endpoint.format;
    }

    /** The caller's request format, as the translator's source; null if never translated. */
    ClientFormat asked() {
        return asked;
    }

    /** Whether the events of its streams are chunks, as of OpenAI's chats and completions. */
    boolean hasChunks() {
        return format == ReplyFormat.CHAT || format == ReplyFormat.COMPLETIONS;
    }

    /** Whether it is Anthropic's, whose fields mean nothing to others. */
    boolean isAnthropic() {
        return format == ReplyFormat.MESSAGES;
    }

    /** Whether the model makes tokens, or only reads them. */
    boolean generates() {
        return asked != null;
    }
}
