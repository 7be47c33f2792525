package io.penstock.auth;

import io.penstock.http.Field;
import io.penstock.http.RequestHead;
import java.util.Set;

/**
 * Which pages' scripts may call and read the replies (Fetch standard, "CORS protocol"): field lines
 * for replies, and the answer to a browser that asks first. It protects users of browsers and
 * authenticates nobody.
 *
 * <p>With {@code *} any page may call, and no browser sends what it keeps for the proxy along; with
 * origins by name, theirs may, and replies differ by origin, so each of them says so to caches.
 *
 * <p><b>Thread:</b> immutable.
 */
public final class Cors {
    /** How long a browser may go by an answer. */
    static final int MAX_AGE_SECONDS = 600;

    /** Names of fields that a page may ask for, all together; with more it gets none. */
    static final int MAX_ASKED_CHARS = 2048;

    private static final String REQUEST_METHOD = "access-control-request-method";
    private static final String REQUEST_HEADERS = "access-control-request-headers";

    private static final String ALLOW_ORIGIN = "access-control-allow-origin: ";
    private static final String CREDENTIALS = "access-control-allow-credentials: true\r\n";
    private static final String VARY = "vary: Origin\r\n";
    private static final String EXPOSE = "access-control-expose-headers: x-request-id, "
            + "request-id, retry-after, retry-after-ms, x-should-retry, "
            + "x-ratelimit-limit-requests, "
            + "x-ratelimit-remaining-requests, x-ratelimit-reset-requests, "
            + "x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens, "
            + "x-ratelimit-reset-tokens, x-penstock-provider, x-penstock-model, "
            + "x-penstock-attempts, x-penstock-cache, x-penstock-dropped, "
            + "x-penstock-changed, server-timing\r\n";

    private final boolean any;
    private final Set<String> origins;

    public Cors(CorsSettings settings) {
        any = settings.allowedOrigins().contains(CorsSettings.ANY);
        origins = any ? Set.of() : Set.copyOf(settings.allowedOrigins());
    }

    /** Whether there is a page at all that may call. */
    public boolean isOn() {
        return any || !origins.isEmpty();
    }

    /** Whether the request comes from a page that may call. */
    public boolean allows(RequestHead head) {
        String origin = isOn() ? head.value(Field.ORIGIN) : null;
        return origin != null && (any || isListed(origin));
    }

    private boolean isListed(String origin) {
        if (origins.contains(origin)) {
            return true; // as browsers write it
        }
        String normalized = CorsSettings.normalized(origin);
        return normalized != null && origins.contains(normalized);
    }

    /** Field lines for whatever is answered to the request; empty if there are none to add. */
    public String replyLines(RequestHead head) {
        if (!isOn()) {
            return "";
        }
        if (any) {
            return ALLOW_ORIGIN + "*\r\n" + EXPOSE;
        }
        return allows(head) ? originLines(head) + EXPOSE + VARY : VARY;
    }

    /** The page's origin as it wrote it: browsers compare byte by byte. */
    private String originLines(RequestHead head) {
        return any ? ALLOW_ORIGIN + "*\r\n"
                : ALLOW_ORIGIN + head.value(Field.ORIGIN) + "\r\n" + CREDENTIALS;
    }

    /** Whether a browser asks on a page's behalf if it may send another request. */
    public boolean isPreflight(RequestHead head) {
        return isOn() && head.isMethod("OPTIONS") && head.has(Field.ORIGIN)
                && head.value(REQUEST_METHOD) != null;
    }

    /** Field lines of the answer to a preflight of a page that may call. */
    public String preflightLines(RequestHead head) {
        String asked = head.value(REQUEST_HEADERS);
        return originLines(head)
                + "access-control-allow-methods: GET, HEAD, POST, PUT, PATCH, DELETE\r\n"
                + (asked != null && isNames(asked)
                        ? "access-control-allow-headers: " + asked + "\r\n" : "")
                + "access-control-max-age: " + MAX_AGE_SECONDS + "\r\n"
                + "vary: Origin, Access-Control-Request-Headers\r\n";
    }

    private static boolean isNames(String text) {
        if (text.isEmpty() || text.length() > MAX_ASKED_CHARS) {
            return false;
        }
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean sane = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
                    || c == '-' || c == '_' || c == '.' || c == ',' || c == ' ';
            if (!sane) {
                return false;
            }
        }
        return true;
    }
}
