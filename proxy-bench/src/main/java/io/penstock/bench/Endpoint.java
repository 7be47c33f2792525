package io.penstock.bench;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;

/**
 * Something that answers OpenAI calls. {@code path} is what the URL says before
 * {@code /chat/completions}; {@code pids} are the processes whose CPU and memory it costs.
 */
record Endpoint(
        String name, String url, boolean tls, String host, int port, String path,
        List<Long> pids) {

    /** Reads {@code URL} or {@code NAME=URL}; a lone URL is named by its host and port. */
    static Endpoint parse(String text) {
        int equals = text.indexOf('=');
        boolean named = equals > 0 && text.lastIndexOf("://", equals) < 0;
        String url = named ? text.substring(equals + 1) : text;
        URI uri;
        try {
            uri = new URI(url);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(url + ": " + e.getReason(), e);
        }
        boolean tls = "https".equals(uri.getScheme());
        if (!tls && !"http".equals(uri.getScheme()) || uri.getHost() == null) {
            throw new IllegalArgumentException(
                    "'" + url + "' (expected: http://HOST[:PORT]/v1 or https://…)");
        }
        String path = uri.getRawPath() == null ? "" : uri.getRawPath().replaceAll("/+$", "");
        int port = uri.getPort() >= 0 ? uri.getPort() : tls ? 443 : 80;
        String name = named ? text.substring(0, equals) : uri.getHost() + ":" + port;
        if (!name.matches("[A-Za-z0-9][A-Za-z0-9._:+-]*")) {
            throw new IllegalArgumentException(
                    "'" + name + "' (expected: a name of letters, digits and ._:+-)");
        }
        return new Endpoint(name, url, tls, uri.getHost(), port, path, List.of());
    }

    Endpoint withPids(List<Long> newPids) {
        return new Endpoint(name, url, tls, host, port, path, List.copyOf(newPids));
    }

    /** The host as the URL has it, with the port where it is not the scheme's own. */
    String authority() {
        return port == (tls ? 443 : 80) ? host : host + ":" + port;
    }

    /** The host without the brackets of an IPv6 literal. */
    String address() {
        return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    }
}
