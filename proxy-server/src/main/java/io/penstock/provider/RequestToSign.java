package io.penstock.provider;

import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request as it is about to be sent.
 *
 * @param host exactly as the host field says it
 * @param path percent-encoded as it is sent
 * @param query as it is sent, without the question mark; empty for none
 * @param body all of it, in order; empty for a request without one, and null for one that is sent
 *     on while it still comes, of which nobody knows the end: who has to know it throws an {@link
 *     UnsupportedOperationException}
 */
public record RequestToSign(String method, String host, String path, String query,
        @Nullable List<ByteBuffer> body) {
    /** Path and query as they stand in the request line. */
    public String target() {
        return query.isEmpty() ? path : path + "?" + query;
    }

    /** The body, where it has to be known. */
    public List<ByteBuffer> wholeBody() {
        if (body == null) {
            throw new UnsupportedOperationException("the body is not known before it is sent");
        }
        return body;
    }
}
