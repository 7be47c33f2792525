package io.penstock.observe.trace;

import io.opentelemetry.common.ComponentLoader;
import io.opentelemetry.exporter.internal.FailedExportException.GrpcExportException;
import io.opentelemetry.exporter.internal.FailedExportException.HttpExportException;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporterBuilder;
import io.opentelemetry.exporter.otlp.trace.OtlpGrpcSpanExporter;
import io.opentelemetry.exporter.otlp.trace.OtlpGrpcSpanExporterBuilder;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.common.export.GrpcSenderProvider;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.resources.ResourceBuilder;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import io.penstock.trace.OtlpSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * Sends spans to a collector, a batch after the other, and says when that begins to fail and when
 * it goes well again.
 *
 * <p><b>Thread:</b> confined to the exporting thread.
 * <br><b>Bounds:</b> one batch is under way; it is given up when the export's timeout is over.
 */
final class SpanExport {
    /** What is waited beyond the exporter's own timeout. */
    private static final Duration SLACK = Duration.ofSeconds(1);
    private static final org.slf4j.Logger LOG = LoggerFactory.getLogger(SpanExport.class);

    /** Its lines come in no form of ours, with stack traces; kept here, or the level is lost. */
    private static final Logger SDK_LOG = Logger.getLogger("io.opentelemetry");

    private final SpanMaker maker;
    private final SpanExporter exporter;
    private final long timeoutMillis;
    private boolean failing;

    SpanExport(OtlpSettings settings, String version) throws IOException {
        SDK_LOG.setLevel(Level.OFF);
        maker = new SpanMaker(resource(settings, version), version);
        exporter = settings.protocol() == OtlpSettings.Protocol.GRPC ? grpc(settings)
                : http(settings);
        timeoutMillis = settings.timeout().plus(SLACK).toMillis();
    }

    private static Resource resource(OtlpSettings settings, String version) {
        ResourceBuilder resource = Resource.getDefault().toBuilder()
                .put("service.version", version);
        settings.resource().forEach(resource::put);
        return resource.build();
    }

    private static SpanExporter http(OtlpSettings settings) throws IOException {
        OtlpHttpSpanExporterBuilder builder = OtlpHttpSpanExporter.builder()
                .setEndpoint(settings.endpoint().toString())
                .setTimeout(settings.timeout())
                .setConnectTimeout(settings.timeout())
                .setCompression(settings.gzip() ? "gzip" : "none");
        settings.headers().forEach(builder::addHeader);
        if (settings.ca() != null) {
            builder.setTrustedCertificates(read(settings.ca()));
        }
        if (settings.privateKey() != null && settings.certificate() != null) {
            builder.setClientTls(read(settings.privateKey()), read(settings.certificate()));
        }
        return builder.build();
    }

    private static SpanExporter grpc(OtlpSettings settings) throws IOException {
        OtlpGrpcSpanExporterBuilder builder = OtlpGrpcSpanExporter.builder()
                .setComponentLoader(new NettyGrpc())
                .setEndpoint(settings.endpoint().toString())
                .setTimeout(settings.timeout())
                .setConnectTimeout(settings.timeout())
                .setCompression(settings.gzip() ? "gzip" : "none");
        settings.headers().forEach(builder::addHeader);
        if (settings.ca() != null) {
            builder.setTrustedCertificates(read(settings.ca()));
        }
        if (settings.privateKey() != null && settings.certificate() != null) {
            builder.setClientTls(read(settings.privateKey()), read(settings.certificate()));
        }
        return builder.build();
    }

    /** Gives the exporter the sender of this package, and no other. */
    private static final class NettyGrpc implements ComponentLoader {
        @Override
        public <T> Iterable<T> load(Class<T> service) {
            GrpcSenderProvider ours = NettyGrpcSender::new;
            return service.isInstance(ours) ? List.of(service.cast(ours)) : List.of();
        }
    }

    private static byte[] read(Path file) throws IOException {
        return Files.readAllBytes(file);
    }

    /** Exports the exchanges; returns whether the collector took them. */
    boolean export(List<TracedExchange> exchanges) {
        exchanges.forEach(maker::add);
        CompletableResultCode result = exporter.export(maker.take())
                .join(timeoutMillis, TimeUnit.MILLISECONDS);
        if (result.isSuccess()) {
            if (failing) {
                LOG.info("traces_exported_again");
            }
            failing = false;
            return true;
        }
        if (!failing) { // said once, not for every batch of an outage
            LOG.warn("traces_not_exported cause=\"{}\"", cause(result.getFailureThrowable()));
        }
        failing = true;
        return false;
    }

    private static String cause(@Nullable Throwable thrown) {
        if (thrown instanceof HttpExportException http && http.getResponse() != null) {
            return "HTTP status " + http.getResponse().getStatusCode();
        }
        if (thrown instanceof GrpcExportException grpc && grpc.getResponse() != null) {
            return "gRPC status " + grpc.getResponse().getStatusCode();
        }
        Throwable cause = thrown;
        while (cause != null && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause == null ? "no answer in time" : cause.toString();
    }

    void close(Duration bound) {
        exporter.shutdown().join(bound.toMillis(), TimeUnit.MILLISECONDS);
    }
}
