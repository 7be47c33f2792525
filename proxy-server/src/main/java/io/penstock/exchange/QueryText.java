package io.penstock.exchange;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/** A query, {@code ?a=1&b=2}, of which one parameter matters and the others stay as they are. */
final class QueryText {
    private QueryText() {}

    /**
     * The decoded value of that parameter; null if it isn't there.
     *
     * @throws IllegalArgumentException it stands there twice, or can't be decoded
     */
    static String value(String query, String name) {
        String value = null;
        for (String part : parts(query)) {
            if (isNamed(part, name)) {
                if (value != null) {
                    throw new IllegalArgumentException(name + " stands there twice");
                }
                value = URLDecoder.decode(part.substring(part.indexOf('=') + 1),
                        StandardCharsets.UTF_8);
            }
        }
        return value == null || value.isBlank() ? null : value;
    }

    /** The same query with another value for that parameter. */
    static String with(String query, String name, String value) {
        StringBuilder out = new StringBuilder();
        for (String part : parts(query)) {
            out.append(out.isEmpty() ? '?' : '&').append(isNamed(part, name)
                    ? name + "=" + URLEncoder.encode(value, StandardCharsets.UTF_8) : part);
        }
        return out.toString();
    }

    private static String[] parts(String query) {
        return query.isEmpty() ? new String[0] : query.substring(1).split("&", -1);
    }

    private static boolean isNamed(String part, String name) {
        int equals = part.indexOf('=');
        return equals >= 0 && URLDecoder.decode(part.substring(0, equals), StandardCharsets.UTF_8)
                .equals(name);
    }
}
