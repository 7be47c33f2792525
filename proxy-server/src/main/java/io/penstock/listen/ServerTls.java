package io.penstock.listen;

import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import javax.net.ssl.SSLException;

/** TLS towards callers: BoringSSL where the platform has it, the JDK's own otherwise. */
final class ServerTls {
    private ServerTls() {}

    static SslContext context(ListenSettings settings, TlsSettings tls) throws ListenException {
        try {
            SslContextBuilder builder = SslContextBuilder
                    .forServer(tls.certificate().toFile(), tls.privateKey().toFile())
                    .sslProvider(OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK)
                    .protocols("TLSv1.3", "TLSv1.2");
            if (tls.clientCa() != null) {
                builder.trustManager(tls.clientCa().toFile()).clientAuth(ClientAuth.REQUIRE);
            }
            return builder.build();
        } catch (SSLException | IllegalArgumentException e) {
            throw new ListenException("cannot listen on " + settings
                    + ": the TLS files cannot be used: " + e.getMessage(), e);
        }
    }
}
