package io.penstock.upstream;

import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import javax.net.ssl.SSLException;

/** TLS towards providers: BoringSSL where the platform has it, the JDK's own otherwise. */
final class UpstreamTls {
    private UpstreamTls() {}

    static SslContext context(UpstreamTlsSettings settings) throws UpstreamTlsException {
        return context(settings,
                OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK);
    }

    static SslContext context(UpstreamTlsSettings settings, SslProvider engine)
            throws UpstreamTlsException {
        SslContextBuilder builder = SslContextBuilder.forClient()
                .sslProvider(engine)
                .protocols("TLSv1.3", "TLSv1.2")
                .endpointIdentificationAlgorithm(settings.insecureSkipVerify() ? "" : "HTTPS");
        try {
            if (settings.insecureSkipVerify()) {
                builder.trustManager(InsecureTrustManagerFactory.INSTANCE);
            } else if (settings.ca() != null) {
                builder.trustManager(settings.ca().toFile());
            }
            return builder.build();
        } catch (SSLException | IllegalArgumentException e) {
            throw new UpstreamTlsException(
                    "tls.ca: " + settings.ca() + " cannot be used: " + e.getMessage(), e);
        }
    }
}
