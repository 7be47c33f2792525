package io.penstock.auth;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The {@code cors} section: origins whose pages may call, in their normal form, or {@link #ANY}
 * alone; empty for none.
 */
public record CorsSettings(List<String> allowedOrigins) {
    public static final CorsSettings DEFAULT = new CorsSettings(List.of());

    /** Stands for every origin. */
    public static final String ANY = "*";

    /** Longer ones are none: a host's name has 253 characters at most. */
    private static final int MAX_ORIGIN_CHARS = 512;
    private static final Pattern ORIGIN = Pattern.compile(
            "([a-z][a-z0-9+.-]*)://([a-z0-9._-]+|\\[[0-9a-f:.]+])(?::([0-9]{1,5}))?");

    public CorsSettings {
        List<String> normalized = new ArrayList<>();
        for (String each : allowedOrigins) {
            String origin = normalized(each);
            if (origin == null) {
                throw new IllegalArgumentException("allowed_origins: " + each
                        + " (expected: '*', or an origin without a path)");
            }
            normalized.add(origin);
        }
        allowedOrigins = List.copyOf(normalized);
        if (allowedOrigins.contains(ANY) && allowedOrigins.size() > 1) {
            throw new IllegalArgumentException(
                    "allowed_origins: '*' beside other origins (expected: it alone, or none of "
                            + "it)");
        }
    }

    /**
     * The one way to write an origin: lower case, without the scheme's own port (RFC 6454 section
     * 6.2). Null for what is neither an origin nor {@link #ANY}: a path, a blank, {@code null}.
     */
    public static @Nullable String normalized(String text) {
        if (text.equals(ANY)) {
            return ANY;
        }
        Matcher parts = text.length() > MAX_ORIGIN_CHARS ? null
                : ORIGIN.matcher(text.toLowerCase(Locale.ROOT));
        if (parts == null || !parts.matches()) {
            return null;
        }
        String start = parts.group(1) + "://" + parts.group(2);
        if (parts.group(3) == null) {
            return start;
        }
        int port = Integer.parseInt(parts.group(3));
        int own = switch (parts.group(1)) {
            case "http" -> 80;
            case "https" -> 443;
            default -> -1;
        };
        return port > 65_535 ? null : port == own ? start : start + ":" + port;
    }
}
