package io.penstock.listen;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A listener's {@code tls} section, PEM files; {@code clientCa} null asks callers for no
 * certificate.
 */
public record TlsSettings(Path certificate, Path privateKey,
        @Nullable Path clientCa) {}
