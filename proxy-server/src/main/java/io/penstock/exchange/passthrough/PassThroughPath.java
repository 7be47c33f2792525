package io.penstock.exchange.passthrough;

import io.penstock.http.Field;
import io.penstock.http.RequestHead;
import io.penstock.provider.Api;
import java.util.List;
import java.util.Set;

/**
 * What a call is for that is relayed without being understood.
 *
 * @param provider that it names; null where the model decides
 * @param path for {@link Kind#PROVIDER} below the provider's host, else below its base URL
 * @param query with its question mark; empty for none
 * @param upgrade it asks for a WebSocket
 * @param anthropic it is one of Anthropic's API
 */
public record PassThroughPath(Kind kind, String provider, String path, String query,
        boolean upgrade, boolean anthropic) {
    private static final String PROVIDER_PREFIX = "/passthrough/";
    private static final String MESSAGE_BATCHES = "/messages/batches";
    private static final String FILES = "/files";
    private static final String RESPONSES = "/responses/";

    /** What OpenAI keeps for an account, each with all that is below it. */
    private static final List<String> KEPT = List.of(FILES, "/batches", "/uploads",
            "/vector_stores", "/fine_tuning", "/containers", "/videos", "/evals", "/assistants",
            "/threads", "/conversations", "/responses", "/realtime/client_secrets",
            "/realtime/sessions", "/realtime/transcription_sessions", "/realtime/calls");

    private static final Set<String> ROUTES = Set.copyOf(paths());

    /** Which provider answers the call. */
    public enum Kind {
        /** For a target of the model that the body names. */
        MODEL("POST"),
        /** Always the same provider, since it keeps what was sent to it. */
        STORED(null),
        /** The provider that the path names. */
        PROVIDER(null),
        /** For a target of the model that the query names, over a WebSocket. */
        REALTIME("GET");

        private final String method;

        Kind(String method) {
            this.method = method;
        }

        /** The only method; null for any. */
        public String method() {
            return method;
        }
    }

    /**
     * The call that a request is for; null if it is none of these.
     *
     * @param path as it was sent, or was meant
     */
    public static PassThroughPath of(String path, RequestHead head) {
        boolean upgrade = head.isUpgradeTo("websocket");
        if (path.startsWith(PROVIDER_PREFIX)) {
            int slash = path.indexOf('/', PROVIDER_PREFIX.length());
            int end = slash < 0 ? path.length() : slash;
            return new PassThroughPath(Kind.PROVIDER, path.substring(PROVIDER_PREFIX.length(), end),
                    slash < 0 ? "/" : path.substring(slash), head.query(), upgrade, false);
        }
        String below = path.startsWith("/v1/") || path.equals("/v2/rerank") ? path.substring(3)
                : path;
        Kind kind = kindOf(below);
        boolean anthropic = isAtOrBelow(below, MESSAGE_BATCHES)
                || isAtOrBelow(below, FILES) && head.has(Field.ANTHROPIC_VERSION);
        return kind == null ? null : new PassThroughPath(kind, null, below, head.query(),
                upgrade && kind == Kind.REALTIME, anthropic);
    }

    /** Paths whose calls are passed through, as examples of what may have been meant. */
    public static List<String> paths() {
        return List.of("/v1/moderations", "/v1/rerank", "/v1/images/generations",
                "/v1/images/edits", "/v1/audio/speech", "/v1/audio/transcriptions",
                "/v1/audio/translations", "/v1/files", "/v1/batches", "/v1/messages/batches",
                "/v1/uploads", "/v1/vector_stores", "/v1/fine_tuning/jobs", "/v1/containers",
                "/v1/videos", "/v1/evals", "/v1/assistants", "/v1/threads",
                "/v1/conversations", "/v1/responses/compact", "/v1/responses/input_tokens",
                "/v1/realtime", "/v1/realtime/client_secrets");
    }

    /** The path of such calls: what is one caller's own in it, such as an id, is an asterisk. */
    public String route() {
        if (kind == Kind.PROVIDER) {
            return PROVIDER_PREFIX + "{provider}/*";
        }
        String plain = "/v1" + path;
        return ROUTES.contains(plain) ? plain : "/v1/" + what() + "/*";
    }

    private static Kind kindOf(String path) {
        if (path.equals("/moderations") || path.equals("/rerank") || isResponsesTool(path)
                || isBelow(path, "/images/") || isBelow(path, "/audio/")) {
            return Kind.MODEL;
        }
        if (path.equals("/realtime")) {
            return Kind.REALTIME;
        }
        boolean kept = isAtOrBelow(path, MESSAGE_BATCHES);
        for (String resource : KEPT) {
            kept |= isAtOrBelow(path, resource);
        }
        return kept ? Kind.STORED : null;
    }

    /** The id of the stored response that it is about; null if it is about another thing. */
    String responseId() {
        if (kind != Kind.STORED || !path.startsWith(RESPONSES)) {
            return null;
        }
        int slash = path.indexOf('/', RESPONSES.length());
        return path.substring(RESPONSES.length(), slash < 0 ? path.length() : slash);
    }

    /** Whether it does something with a response that is sent to it, by a model. */
    private static boolean isResponsesTool(String path) {
        return path.equals("/responses/compact") || path.equals("/responses/input_tokens");
    }

    private static boolean isAtOrBelow(String path, String resource) {
        return path.startsWith(resource)
                && (path.length() == resource.length() || path.charAt(resource.length()) == '/');
    }

    /** Whether the model decides who is asked. */
    boolean isRouted() {
        return kind == Kind.MODEL || kind == Kind.REALTIME;
    }

    /** The API that a target of a call has to speak which a model routes. */
    Api api() {
        return isResponsesTool(path) ? Api.RESPONSES : Api.CHAT;
    }

    private static boolean isBelow(String path, String prefix) {
        return path.length() > prefix.length() && path.startsWith(prefix);
    }

    /**
     * Whether the path goes up or stays, in plain or coded dots: the provider, or something in
     * front of it, could take it for another path than was checked here.
     */
    boolean isCrooked() {
        if (path.startsWith("//")) {
            return true; // an authority, to some
        }
        String plain = path.replaceAll("%2[eE]", ".").replaceAll("%2[fF]|%5[cC]", "/");
        for (String segment : plain.split("/")) {
            if (segment.equals(".") || segment.equals("..")
                    || segment.startsWith("..;") || segment.startsWith(".;")) {
                return true;
            }
        }
        return false;
    }

    /** What a target is called where there is no model: the first word of the path. */
    String what() {
        int slash = path.indexOf('/', 1);
        return kind == Kind.PROVIDER ? "passthrough"
                : path.substring(1, slash < 0 ? path.length() : slash);
    }

    /** Whether a body of that type may be JSON, whatever it is called. */
    static boolean mayBeJson(RequestHead head) {
        for (String other : new String[] {"multipart/", "audio/", "image/", "video/",
            "application/octet-stream"}) {
            if (head.valueStartsWith(Field.CONTENT_TYPE, other)) {
                return false;
            }
        }
        return true;
    }
}
