package io.penstock.testing;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.Span;
import io.penstock.trace.OtlpSettings;
import io.penstock.trace.Sampling;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.zip.GZIPInputStream;

/**
 * A collector of traces that speaks OTLP over HTTP, on a free port of the loopback.
 *
 * <p><b>Thread:</b> safe.
 */
public final class OtlpCollector implements AutoCloseable {
    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<ExportTraceServiceRequest> requests = new CopyOnWriteArrayList<>();
    private final List<Map<String, List<String>>> headers = new CopyOnWriteArrayList<>();
    private final CountDownLatch closing = new CountDownLatch(1);
    private final CountDownLatch asked = new CountDownLatch(1);
    private volatile int status = 200; // 0 to hang

    private OtlpCollector() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/v1/traces", this::take);
        server.start();
    }

    public static OtlpCollector start() throws IOException {
        return new OtlpCollector();
    }

    /** Answers so from now on; 0 never answers. */
    public OtlpCollector answering(int status) {
        this.status = status;
        return this;
    }

    private void take(HttpExchange exchange) throws IOException {
        asked.countDown();
        try (exchange) {
            InputStream in = exchange.getRequestBody();
            byte[] body = "gzip".equals(exchange.getRequestHeaders().getFirst("content-encoding"))
                    ? new GZIPInputStream(in).readAllBytes() : in.readAllBytes();
            if (status == 0) {
                closing.await();
                return;
            }
            if (status == 200) {
                headers.add(Map.copyOf(exchange.getRequestHeaders()));
                requests.add(ExportTraceServiceRequest.parseFrom(body));
            }
            exchange.getResponseHeaders().add("content-type", "application/x-protobuf");
            exchange.sendResponseHeaders(status, -1);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Settings that send everything here. */
    public OtlpSettings settings() {
        return settings(Sampling.DEFAULT, true);
    }

    public OtlpSettings settings(Sampling sampling, boolean propagate) {
        return new OtlpSettings(URI.create("http://127.0.0.1:" + server.getAddress().getPort()
                + "/v1/traces"), OtlpSettings.Protocol.HTTP_PROTOBUF, Map.of("api-key", "k"),
                Duration.ofSeconds(60), true, sampling, propagate,
                Map.of("service.name", "penstock"), null, null, null);
    }

    /** Waits until some spans have come, taken or not. */
    public boolean awaitAsked(Duration within) throws InterruptedException {
        return asked.await(within.toMillis(), TimeUnit.MILLISECONDS);
    }

    public List<ResourceSpans> resources() {
        return requests.stream().flatMap(each -> each.getResourceSpansList().stream()).toList();
    }

    public List<Map<String, List<String>>> headers() {
        return headers;
    }

    /** All that have come, those of requests first. */
    public List<Span> spans() {
        return resources().stream().flatMap(each -> each.getScopeSpansList().stream())
                .flatMap(each -> each.getSpansList().stream()).toList();
    }

    /** The spans of that kind, in the order of their beginning. */
    public List<Span> spans(Span.SpanKind kind) {
        return spans().stream().filter(each -> each.getKind() == kind)
                .sorted((a, b) -> Long.compare(a.getStartTimeUnixNano(), b.getStartTimeUnixNano()))
                .toList();
    }

    public static String hex(com.google.protobuf.ByteString id) {
        return HexFormat.of().formatHex(id.toByteArray());
    }

    /** The attributes as text: names with their values. */
    public static Map<String, String> attributes(List<KeyValue> attributes) {
        return attributes.stream().collect(Collectors.toMap(KeyValue::getKey,
                each -> text(each.getValue())));
    }

    private static String text(AnyValue value) {
        return switch (value.getValueCase()) {
            case STRING_VALUE -> value.getStringValue();
            case BOOL_VALUE -> Boolean.toString(value.getBoolValue());
            case INT_VALUE -> Long.toString(value.getIntValue());
            case DOUBLE_VALUE -> Double.toString(value.getDoubleValue());
            case ARRAY_VALUE -> value.getArrayValue().getValuesList().stream()
                    .map(OtlpCollector::text).toList().toString();
            default -> value.toString();
        };
    }

    @Override
    public void close() {
        closing.countDown();
        server.stop(0);
        threads.shutdownNow();
    }
}
