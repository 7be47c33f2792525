package io.penstock.upstream;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A provider's {@code tls} section.
 *
 * @param ca certificates (PEM) to trust instead of the JDK's own; null for those
 * @param insecureSkipVerify accept any certificate; for tests of one's own servers only
 * @param sni the server name to ask for and to verify; null for the host of the base URL
 */
public record UpstreamTlsSettings(@Nullable Path ca, boolean insecureSkipVerify,
        @Nullable String sni) {
    public static final UpstreamTlsSettings DEFAULT = new UpstreamTlsSettings(null, false, null);
}
