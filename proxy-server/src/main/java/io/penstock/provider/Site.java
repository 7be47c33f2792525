package io.penstock.provider;

import java.net.URI;

/**
 * Where one provider is, by its section of the configuration.
 *
 * @param baseUrl http or https, with a host
 * @param options as its type has declared them
 */
public record Site(URI baseUrl, Options options) {
    public Site(URI baseUrl) {
        this(baseUrl, Options.NONE);
    }

    /** The path of the base URL, percent-encoded, without a slash at its end. */
    public String path() {
        String path = baseUrl.getRawPath();
        return path == null ? "" : path.endsWith("/") ? path.substring(0, path.length() - 1)
                : path;
    }

    /** Host and port as they stand in the base URL. */
    public String authority() {
        int port = baseUrl.getPort();
        return baseUrl.getHost() + (port < 0 ? "" : ":" + port);
    }
}
