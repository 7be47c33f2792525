package io.penstock.exchange.chat;

import io.penstock.http.RequestHead;
import io.penstock.translate.GeminiPath;

/**
 * The endpoint that a path is for, and what else the path says.
 *
 * @param google what a path in Google's way says; null for any other
 * @param deployment the model that Azure's path names, for a body that names none; null for no name
 */
public record EndpointPath(Endpoint endpoint, GeminiPath google, String deployment) {
    /** The endpoint of a path as it was sent; null if it is for none. */
    public static EndpointPath of(RequestHead head) {
        for (Endpoint endpoint : Endpoint.ALL) {
            if (endpoint.isAt(head)) {
                return endpoint.plainPath();
            }
        }
        return ofGoogles(head.path(), head.query());
    }

    /**
     * The endpoint of a path that was written otherwise; null if it is for none.
     *
     * @param query with its question mark; empty for none
     * @param deployment that stood in the path; null for none
     */
    public static EndpointPath of(String path, String query, String deployment) {
        for (Endpoint endpoint : Endpoint.ALL) {
            if (endpoint.isAt(path)) {
                return deployment == null ? endpoint.plainPath()
                        : new EndpointPath(endpoint, null, deployment);
            }
        }
        return deployment == null ? ofGoogles(path, query) : null;
    }

    private static EndpointPath ofGoogles(String path, String query) {
        GeminiPath google = GeminiPath.of(path, query);
        return google == null ? null : new EndpointPath(
                google.method() == GeminiPath.Method.COUNT_TOKENS ? Endpoint.GEMINI_COUNT_TOKENS
                        : Endpoint.GEMINI, google, null);
    }
}
