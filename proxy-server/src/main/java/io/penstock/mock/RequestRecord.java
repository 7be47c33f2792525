package io.penstock.mock;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * One request as it came to a mock.
 *
 * @param method in upper case
 * @param path without its query
 * @param query behind the question mark; empty for none
 * @param head all its lines without the empty one, in ISO 8859-1
 */
public record RequestRecord(String method, String path, String query, String head, byte[] body) {

    /** The first field of that name; null if it isn't there. */
    public @Nullable String header(String lowerCaseName) {
        return RequestReader.header(head, lowerCaseName);
    }

    /** The body as UTF-8. */
    public String text() {
        return new String(body, StandardCharsets.UTF_8);
    }
}
