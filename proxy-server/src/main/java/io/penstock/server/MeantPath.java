package io.penstock.server;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The path of this proxy's that a request's sender meant by another one: without doubled or
 * trailing slashes, without a doubled version, and without what stands before the version at a
 * provider whose address was replaced by the proxy's. Nothing is decoded but a deployment's name,
 * and nothing of what is below {@code /passthrough/} changes.
 *
 * @param deployment the model that an Azure path names; null for none
 */
record MeantPath(String path, @Nullable String deployment) {
    private static final String DEPLOYMENTS = "/deployments/";

    /** What Azure, Groq and Google put before OpenAI's paths. */
    private static final String[] OPENAI = {"/openai/", "/v1beta/openai/"};

    /** What OpenRouter and others put before the version. */
    private static final String[] BEFORE_VERSION = {"/api/v1/", "/anthropic/v1/"};

    /** What was meant; null where the path as it was sent says it. */
    static @Nullable MeantPath of(String sent) {
        String path = withoutEmptySegments(sent);
        String deployment = null;
        for (String prefix : OPENAI) {
            if (path.startsWith(prefix)) {
                path = path.substring(prefix.length() - 1);
            }
        }
        int end = path.startsWith(DEPLOYMENTS) ? path.indexOf('/', DEPLOYMENTS.length()) : -1;
        if (end > DEPLOYMENTS.length() && !path.equals(sent)) { // only below Azure's prefix
            deployment = decoded(path.substring(DEPLOYMENTS.length(), end));
            path = path.substring(end);
        }
        for (String prefix : BEFORE_VERSION) {
            if (path.startsWith(prefix)) {
                path = path.substring(prefix.length() - "/v1/".length());
            }
        }
        while (path.startsWith("/v1/v1/")) {
            path = path.substring("/v1".length());
        }
        path = switch (path) {
            case "/healthz" -> "/health";
            case "/livez" -> "/health/live";
            case "/readyz" -> "/health/ready";
            default -> path;
        };
        return path.equals(sent) || path.startsWith("/passthrough/") ? null
                : new MeantPath(path, deployment);
    }

    private static String withoutEmptySegments(String sent) {
        StringBuilder path = new StringBuilder(sent.length());
        for (int i = 0; i < sent.length(); i++) {
            if (sent.charAt(i) != '/' || path.isEmpty() || path.charAt(path.length() - 1) != '/') {
                path.append(sent.charAt(i));
            }
        }
        if (path.length() > 1 && path.charAt(path.length() - 1) == '/') {
            path.setLength(path.length() - 1);
        }
        return path.toString();
    }

    private static String decoded(String name) {
        try { // a plus stands for itself in a path
            return URLDecoder.decode(name.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return name; // there will be no such model
        }
    }
}
