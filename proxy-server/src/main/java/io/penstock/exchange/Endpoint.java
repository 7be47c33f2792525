package io.penstock.exchange;

import io.penstock.http.RequestHead;

/** What callers may ask of a model; all in OpenAI's format. */
public enum Endpoint {
    CHAT("/chat/completions", true),
    COMPLETIONS("/completions", true),
    EMBEDDINGS("/embeddings", false),
    /** A chat whose body names several models in {@code models}, to be tried in that order. */
    FALLBACK_CHAT("/chat/fallback_completion", "/chat/completions", true);

    private static final Endpoint[] ALL = values();

    private final String path;
    private final String versionedPath;
    private final String upstreamPath;
    private final boolean generates;

    Endpoint(String path, boolean generates) {
        this(path, path, generates);
    }

    Endpoint(String path, String upstreamPath, boolean generates) {
        this.path = path;
        versionedPath = "/v1" + path;
        this.upstreamPath = upstreamPath;
        this.generates = generates;
    }

    /** Behind a provider's base URL. */
    public String path() {
        return upstreamPath;
    }

    /** Whether it is a chat, whatever names its models. */
    boolean isChat() {
        return this == CHAT || this == FALLBACK_CHAT;
    }

    /** Whether its body names its models in {@code models}. */
    boolean takesModels() {
        return this == FALLBACK_CHAT;
    }

    /** The endpoint that a request is for; null if it is for none of them. */
    public static Endpoint of(RequestHead head) {
        for (Endpoint endpoint : ALL) {
            if (head.isPath(endpoint.versionedPath) || head.isPath(endpoint.path)) {
                return endpoint;
            }
        }
        return null;
    }

    /** Whether the model makes tokens, or only reads them. */
    boolean generates() {
        return generates;
    }
}
