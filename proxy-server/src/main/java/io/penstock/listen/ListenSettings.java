package io.penstock.listen;

import org.jspecify.annotations.Nullable;

/** One entry of {@code listen}; port 0 takes a free one. */
public record ListenSettings(String host, int port, @Nullable TlsSettings tls) {
    public static final ListenSettings DEFAULT = new ListenSettings("127.0.0.1", 8080, null);

    public ListenSettings {
        if (host.isBlank()) {
            throw new IllegalArgumentException("address: no host (expected: HOST:PORT)");
        }
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException(
                    "address: port " + port + " (expected: 0 to 65535)");
        }
    }

    @Override
    public String toString() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
}
