package io.penstock.exchange.passthrough;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/** A query, {@code ?a=1&b=2}, of which one parameter matters and the others stay as they are. */
final class QueryText {
    private static final Pattern CREDENTIAL = Pattern.compile(
            "key|api[_-]?key|x-api-key|x-goog-api-key|access_token", Pattern.CASE_INSENSITIVE);

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

    /** That query with another value for one parameter. */
    static String with(String query, String name, String value) {
        StringBuilder out = new StringBuilder();
        for (String part : parts(query)) {
            out.append(out.isEmpty() ? '?' : '&').append(isNamed(part, name)
                    ? name + "=" + URLEncoder.encode(value, StandardCharsets.UTF_8) : part);
        }
        return out.toString();
    }

    /** Whether a parameter is there, and not empty, whose name is one of a credential. */
    static boolean showsCredential(String query) {
        for (String part : parts(query)) {
            int equals = part.indexOf('=');
            if (equals >= 0 && equals + 1 < part.length()
                    && CREDENTIAL.matcher(decodedIfItCan(part.substring(0, equals))).matches()) {
                return true;
            }
        }
        return false;
    }

    private static String decodedIfItCan(String name) {
        try {
            return URLDecoder.decode(name, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return name; // a lenient reader finds no such word in it either
        }
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
