package io.penstock.translate;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The path of a call in Google's way, {@code /v1beta/models/MODEL:METHOD}: it names the model, and
 * by its method whether a stream is wanted. Paths of Vertex AI, with a project and a publisher in
 * them, say the same.
 *
 * @param model by its plain name: {@code models/} and Google as the publisher are left out, another
 *     publisher stays before it, as in {@code anthropic/claude}; it may have slashes and colons
 * @param events whether the stream is one of server-sent events; else it is a JSON array
 */
public record GeminiPath(Method method, String model, boolean events) {
    /** What is wanted of the model. */
    public enum Method {
        GENERATE("generateContent"),
        STREAM("streamGenerateContent"),
        COUNT_TOKENS("countTokens");

        private final String word;

        Method(String word) {
            this.word = word;
        }
    }

    private static final Pattern VERSION = Pattern.compile("/v1(?:alpha|beta)?\\d{0,2}/");
    private static final Pattern ALT_SSE = Pattern.compile("[?&](?:\\$|%24)?alt=sse(?:&|$)");
    private static final Pattern PROJECT =
            Pattern.compile("projects/[^/]+/locations/[^/]+/(?=publishers/|endpoints/)");
    private static final Pattern PUBLISHER = Pattern.compile("publishers/([^/]+)/models/");
    private static final String MODELS = "models/";
    private static final String GOOGLE = "google";

    /**
     * Reads a path.
     *
     * @param path as it was sent, percent-encoded
     * @param query with its question mark; empty for none
     * @return null if it is no such call
     */
    public static @Nullable GeminiPath of(String path, String query) {
        Matcher version = VERSION.matcher(path);
        if (!version.lookingAt()) {
            return null;
        }
        String name = decoded(path.substring(version.end()));
        int colon = name.lastIndexOf(':');
        if (colon < 0) {
            return null;
        }
        String word = name.substring(colon + 1);
        for (Method method : Method.values()) {
            if (method.word.equals(word)) {
                String model = model(name.substring(0, colon));
                return model == null ? null : new GeminiPath(method, model,
                        method == Method.STREAM && ALT_SSE.matcher(query).find());
            }
        }
        return null;
    }

    /** Whether the path is below a version that only Google's API has, whatever it asks for. */
    public static boolean isGoogles(String path) {
        return path.startsWith("/v1beta/") || path.startsWith("/v1beta1/");
    }

    private static String decoded(String text) {
        if (text.indexOf('%') < 0) {
            return text;
        }
        try { // a plus stands for itself in a path
            return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return text; // there will be no such model
        }
    }

    /** The plain name of a resource; null if it is no model. */
    private static @Nullable String model(String resource) {
        String name = withoutModels(resource);
        boolean named = name.length() < resource.length();
        Matcher project = PROJECT.matcher(name);
        if (project.lookingAt()) {
            name = name.substring(project.end());
        }
        Matcher publisher = PUBLISHER.matcher(name);
        if (publisher.lookingAt()) {
            String rest = name.substring(publisher.end());
            name = publisher.group(1).equals(GOOGLE) || rest.isBlank() ? rest
                    : publisher.group(1) + "/" + rest;
        } else if (!named && !name.startsWith("tunedModels/") && !name.startsWith("endpoints/")) {
            return null;
        }
        return name.isBlank() ? null : name;
    }

    private static String withoutModels(String resource) {
        return resource.startsWith(MODELS) ? resource.substring(MODELS.length()) : resource;
    }
}
