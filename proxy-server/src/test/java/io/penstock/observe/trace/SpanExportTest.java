package io.penstock.observe.trace;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.TlsServerCredentials;
import io.netty.buffer.ByteBuf;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.penstock.exchange.Finished;
import io.penstock.failure.Failure;
import io.penstock.http.RequestHead;
import io.penstock.testing.Bytes;
import io.penstock.trace.LoopTracer;
import io.penstock.trace.OtlpSettings;
import io.penstock.trace.Sampling;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Exports by gRPC, to a collector that is gRPC's own library. */
@Timeout(60)
class SpanExportTest {
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final Duration SHORT = Duration.ofMillis(300);

    @TempDir
    Path directory;

    private SpanExport export;

    @AfterEach
    void close() {
        if (export != null) {
            export.close(LONG);
        }
    }

    private void open(String url, Duration timeout, boolean gzip, Path ca) throws IOException {
        export = new SpanExport(new OtlpSettings(URI.create(url), OtlpSettings.Protocol.GRPC,
                Map.of("Api-Key", "k"), timeout, gzip, Sampling.DEFAULT, true,
                Map.of("service.name", "gate"), ca, null, null), "1");
    }

    private void open(GrpcCollector collector, Duration timeout) throws IOException {
        open("http://127.0.0.1:" + collector.port(), timeout, false, null);
    }

    private static TracedExchange exchange() throws Exception {
        RequestHead head = new RequestHead(1024);
        ByteBuf bytes = Bytes.buffer("PATCH /what HTTP/1.1\r\nHost: a\r\n\r\n");
        try {
            head.parse(bytes);
        } finally {
            bytes.release();
        }
        return TracedExchange.of(Finished.refused(null, "id",
                Failure.of(Failure.Kind.UNKNOWN_URL, "no"), null, 1, 2,
                new LoopTracer(Sampling.DEFAULT, true).begin(head, true)));
    }

    private boolean send() throws Exception {
        return export.export(List.of(exchange(), exchange()));
    }

    private static List<String> names(GrpcCollector collector) {
        return collector.requests().stream().flatMap(each -> each.getResourceSpansList().stream())
                .flatMap(each -> each.getScopeSpansList().stream())
                .flatMap(each -> each.getSpansList().stream())
                .map(io.opentelemetry.proto.trace.v1.Span::getName).toList();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void sendsOneBatchAfterTheOtherOverOneConnection(boolean gzip) throws Exception {
        try (GrpcCollector collector = GrpcCollector.start()) {
            open("http://127.0.0.1:" + collector.port(), LONG, gzip, null);

            assertThat(send()).isTrue();
            assertThat(send()).isTrue();

            assertThat(names(collector)).containsExactly("PATCH", "PATCH", "PATCH", "PATCH");
            assertThat(collector.headers()).hasSize(2).allSatisfy(headers -> {
                assertThat(headers.get(key("api-key"))).isEqualTo("k");
                assertThat(headers.get(key("user-agent"))).startsWith("OTel-OTLP-Exporter-Java");
            });
        }
    }

    private static Metadata.Key<String> key(String name) {
        return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
    }

    @Test
    void sendsOverTls() throws Exception {
        X509Bundle bundle = new CertificateBuilder().subject("CN=collector")
                .addSanDnsName("localhost").setIsCertificateAuthority(true).buildSelfSigned();
        Path ca = Files.writeString(directory.resolve("ca.pem"), bundle.getCertificatePEM());
        try (GrpcCollector collector = GrpcCollector.start(credentials(bundle))) {
            open("https://localhost:" + collector.port(), LONG, false, ca);

            assertThat(send()).isTrue();

            assertThat(names(collector)).hasSize(2);
        }
    }

    @Test
    void doesNotSendToACollectorThatIsNotTheOneItSays() throws Exception {
        X509Bundle bundle = new CertificateBuilder().subject("CN=collector")
                .addSanDnsName("elsewhere").setIsCertificateAuthority(true).buildSelfSigned();
        Path ca = Files.writeString(directory.resolve("ca.pem"), bundle.getCertificatePEM());
        try (GrpcCollector collector = GrpcCollector.start(credentials(bundle))) {
            open("https://localhost:" + collector.port(), SHORT, false, ca);

            assertThat(send()).isFalse();

            assertThat(collector.requests()).isEmpty();
        }
    }

    private static io.grpc.ServerCredentials credentials(X509Bundle bundle) throws IOException {
        return TlsServerCredentials.create(
                new ByteArrayInputStream(bundle.getCertificatePathPEM()
                        .getBytes(StandardCharsets.US_ASCII)),
                new ByteArrayInputStream(bundle.getPrivateKeyPEM()
                        .getBytes(StandardCharsets.US_ASCII)));
    }

    @Test
    void triesAgainWhatMaySucceedThen() throws Exception {
        try (GrpcCollector collector = GrpcCollector.start().then(Status.UNAVAILABLE)) {
            open(collector, LONG);

            assertThat(send()).isTrue();

            assertThat(collector.headers()).hasSize(2);
            assertThat(names(collector)).hasSize(2);
        }
    }

    @Test
    void doesNotTryAgainWhatIsRefusedForGood() throws Exception {
        try (GrpcCollector collector = GrpcCollector.start().then(Status.PERMISSION_DENIED)) {
            open(collector, LONG);

            assertThat(send()).isFalse();
            assertThat(collector.headers()).hasSize(1);
            assertThat(send()).as("the next batch").isTrue();
        }
    }

    @Test
    void givesUpACollectorThatHangs() throws Exception {
        try (GrpcCollector collector = GrpcCollector.start().hanging()) {
            open(collector, SHORT);

            assertThat(send()).isFalse();
            assertThat(send()).isFalse();
        }
    }

    @Test
    void givesUpACollectorThatIsNotThere() throws Exception {
        GrpcCollector gone = GrpcCollector.start();
        int port = gone.port();
        gone.close();
        open("http://127.0.0.1:" + port, SHORT, false, null);

        assertThat(send()).isFalse();
    }
}
