package io.penstock.server;

import io.penstock.compare.Comparison;
import io.penstock.config.Suggestion;
import io.penstock.exchange.chat.Endpoint;
import io.penstock.exchange.passthrough.PassThroughPath;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Guesses which of the proxy's paths was meant by one that it doesn't know.
 *
 * <p><b>Bounds:</b> no guess is made of a path of more than {@value #MAX_CHARS} characters.
 */
final class NearestPath {
    static final int MAX_CHARS = 64;

    private static final List<String> KNOWN = Stream.of(Endpoint.paths(), PassThroughPath.paths(),
            List.of(Comparison.PATH, "/v1/models", "/metrics", "/health", "/health/live",
                    "/health/ready", "/providers", "/console"))
            .flatMap(List::stream).toList();

    private NearestPath() {}

    /** The paths that guesses are made of. */
    static List<String> known() {
        return KNOWN;
    }

    /** The end of a message, with a blank before it: what was meant; empty for no guess. */
    static String hint(String path) {
        String nearest = path.length() > MAX_CHARS ? null : nearest(path);
        return nearest == null ? "" : " Did you mean " + nearest + "?";
    }

    /** What the path ends with, if the proxy knows that, else what is spelt almost so. */
    private static @Nullable String nearest(String path) {
        String longest = null;
        for (String known : KNOWN) {
            String unversioned = known.startsWith("/v1/") ? known.substring(3) : known;
            if (path.endsWith(unversioned)
                    && (longest == null || known.length() > longest.length())) {
                longest = known;
            }
        }
        return longest != null ? longest : Suggestion.nearest(path, KNOWN);
    }
}
