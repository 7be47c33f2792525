package io.penstock.trace;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The {@code observe.otlp} section, with what the environment's {@code OTEL_} variables add.
 *
 * @param endpoint where spans are sent, path included
 * @param headers sent along, which may hold a credential
 * @param timeout of one export, its retries included
 * @param gzip requests are compressed
 * @param propagate providers are told the trace
 * @param resource what describes this process, {@code service.name} among it
 * @param ca certificates (PEM) that the collector's must come from; null for the JDK's
 * @param certificate the proxy's own (PEM), with its {@code privateKey}; null for none
 */
public record OtlpSettings(URI endpoint, Protocol protocol, Map<String, String> headers,
        Duration timeout, boolean gzip, Sampling sampling, boolean propagate,
        Map<String, String> resource, @Nullable Path ca, @Nullable Path certificate,
        @Nullable Path privateKey) {
    public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(10);
    public static final String SERVICE_NAME = "service.name";

    /** How spans travel. */
    public enum Protocol { HTTP_PROTOBUF, GRPC }

    public OtlpSettings {
        if (!isUsable(endpoint)) {
            throw new IllegalArgumentException(
                    "endpoint: a URL that can't be used (expected: http or https, and a host)");
        }
        headers = Map.copyOf(headers);
        resource = Map.copyOf(resource);
        if (timeout.isZero() || timeout.isNegative()) {
            throw new IllegalArgumentException("timeout: " + timeout + " (expected: more than 0)");
        }
        if ((certificate == null) != (privateKey == null)) {
            throw new IllegalArgumentException(
                    "certificate: alone (expected: certificate and private_key)");
        }
    }

    /** Whether spans can be sent there. */
    public static boolean isUsable(URI endpoint) {
        return ("http".equals(endpoint.getScheme()) || "https".equals(endpoint.getScheme()))
                && endpoint.getHost() != null;
    }

    /** Those that have to be there. */
    public List<Path> files() {
        return Stream.of(ca, certificate, privateKey).filter(Objects::nonNull).toList();
    }

    /** Without the headers' values. */
    @Override
    public String toString() {
        return "OtlpSettings[" + endpoint + " " + protocol + " headers=" + headers.keySet() + "]";
    }
}
