package io.penstock.upstream;

import org.jspecify.annotations.Nullable;

/**
 * A forward proxy on the way to a provider: it is asked for a tunnel by CONNECT (RFC 9110 section
 * 9.3.6), so that it sees the provider's host and port, and nothing of what is said over TLS.
 *
 * @param host without brackets
 * @param tls whether the proxy itself is spoken to over TLS
 * @param credentials {@code user:password}
 */
public record ProxySettings(String host, int port, boolean tls, @Nullable String credentials) {

    /** Without the credentials: this may stand in a log. */
    @Override
    public String toString() {
        return (tls ? "https://" : "http://") + (credentials == null ? "" : "****@")
                + (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
}
