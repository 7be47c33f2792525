package io.penstock.provider;

import java.net.URI;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where one provider is, by its section of the configuration.
 *
 * @param baseUrl http or https, with a host
 * @param options as its type has declared them
 */
public record Site(URI baseUrl, Options options) {
    /**
     * A host with underscores, as Docker Compose and Kubernetes name theirs: {@link URI} takes such
     * an authority, but finds neither host nor port in it, since RFC 952 knew no such names.
     */
    private static final Pattern WITH_UNDERSCORE = Pattern.compile(
            "(?=[^:]*_)([A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_.])?)(?::(\\d{0,9}))?");

    public Site(URI baseUrl) {
        this(baseUrl, Options.NONE);
    }

    /** The path of the base URL, percent-encoded, without a slash at its end. */
    public String path() {
        String path = baseUrl.getRawPath();
        return path == null ? "" : path.endsWith("/") ? path.substring(0, path.length() - 1)
                : path;
    }

    /** The host, in brackets where it is an IPv6 address; null where the base URL has none. */
    public @Nullable String host() {
        if (baseUrl.getHost() != null) {
            return baseUrl.getHost();
        }
        Matcher authority = registered();
        return authority == null ? null : authority.group(1);
    }

    /** The port as it stands in the base URL; -1 where none does. */
    public int port() {
        if (baseUrl.getHost() != null) {
            return baseUrl.getPort();
        }
        Matcher authority = registered();
        return authority == null || authority.group(2) == null || authority.group(2).isEmpty()
                ? -1 : Integer.parseInt(authority.group(2));
    }

    /** Host and port as they stand in the base URL. */
    public String authority() {
        return host() + (port() < 0 ? "" : ":" + port());
    }

    private @Nullable Matcher registered() {
        if (baseUrl.getRawAuthority() == null) {
            return null;
        }
        Matcher authority = WITH_UNDERSCORE.matcher(baseUrl.getRawAuthority());
        return authority.matches() ? authority : null;
    }
}
