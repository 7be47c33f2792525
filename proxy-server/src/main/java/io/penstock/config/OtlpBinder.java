package io.penstock.config;

import io.penstock.trace.OtlpSettings;
import io.penstock.trace.OtlpSettings.Protocol;
import io.penstock.trace.Sampling;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How traces are exported: by the file, else by OpenTelemetry's own variables, those for traces
 * before those for all signals. A variable that makes no sense is reported and does not count, as
 * OpenTelemetry's specification has it, since others may have set it for all programs of a host.
 */
final class OtlpBinder {
    static final String HTTP_PROTOBUF = "http/protobuf";
    static final String GRPC = "grpc";

    private static final String ALL = "OTEL_EXPORTER_OTLP_";
    private static final String OF_TRACES = "OTEL_EXPORTER_OTLP_TRACES_";
    private static final String PATH = "v1/traces";
    private static final String DISABLED = "OTEL_SDK_DISABLED";
    private static final String EXPORTER = "OTEL_TRACES_EXPORTER";
    private static final String SAMPLER = "OTEL_TRACES_SAMPLER";
    private static final String SAMPLER_ARG = "OTEL_TRACES_SAMPLER_ARG";
    private static final String RESOURCE = "OTEL_RESOURCE_ATTRIBUTES";
    private static final String SERVICE = "OTEL_SERVICE_NAME";
    private static final String PARENT_BASED = "parentbased_";
    private static final String DEFAULT_SERVICE = "penstock";

    private final Map<String, String> environment;
    private final Problems problems;

    OtlpBinder(Map<String, String> environment, Problems problems) {
        this.environment = environment;
        this.problems = problems;
    }

    /** Null where nothing is traced. */
    @Nullable OtlpSettings bind(Section otlp) {
        if (value(DISABLED).equalsIgnoreCase("true")) {
            return null;
        }
        Protocol protocol = protocol(otlp.get(Schema.OTLP_PROTOCOL));
        URI endpoint = endpoint(otlp.get(Schema.OTLP_ENDPOINT), protocol);
        return endpoint == null ? null : otlp.build(problems, () -> new OtlpSettings(endpoint,
                protocol, headers(otlp), timeout(otlp.get(Schema.OTLP_TIMEOUT)), isGzip(),
                sampling(otlp.get(Schema.OTLP_SAMPLE)), otlp.get(Schema.OTLP_PROPAGATE),
                resource(otlp.get(Schema.OTLP_SERVICE_NAME)),
                otlp.has(Schema.OTLP_CA) ? otlp.get(Schema.OTLP_CA) : path("CERTIFICATE"),
                path("CLIENT_CERTIFICATE"), path("CLIENT_KEY")));
    }

    private Protocol protocol(@Nullable String ofFile) {
        String variable = variable("PROTOCOL");
        String text = ofFile != null ? ofFile : value(variable);
        if (!text.isEmpty() && !text.equals(HTTP_PROTOBUF) && !text.equals(GRPC)) {
            ignore(variable, text, HTTP_PROTOBUF + " or " + GRPC);
        }
        return text.equals(GRPC) ? Protocol.GRPC : Protocol.HTTP_PROTOBUF;
    }

    private @Nullable URI endpoint(@Nullable URI ofFile, Protocol protocol) {
        if (ofFile != null) {
            return withPath(ofFile, protocol);
        }
        String exporter = value(EXPORTER);
        if (exporter.equals("none")) {
            return null;
        }
        if (!exporter.isEmpty() && !exporter.equals("otlp")) {
            ignore(EXPORTER, exporter, "otlp or none");
        }
        String variable = variable("ENDPOINT");
        if (value(variable).isEmpty()) {
            return exporter.equals("otlp") ? withPath(URI.create(protocol == Protocol.GRPC
                    ? "http://localhost:4317" : "http://localhost:4318"), protocol) : null;
        }
        URI url = Types.url(value(variable));
        if (url == null || !OtlpSettings.isUsable(url)) {
            ignore(variable, Types.withoutUser(value(variable)), "an http or https URL");
            return null;
        }
        return variable.startsWith(OF_TRACES) ? url : withPath(url, protocol);
    }

    /** The path of traces is added to the collector's own, but for gRPC, which has none. */
    private static URI withPath(URI base, Protocol protocol) {
        String text = base.toString();
        if (protocol == Protocol.GRPC || text.endsWith(PATH)) {
            return base;
        }
        return URI.create(text + (text.endsWith("/") ? "" : "/") + PATH);
    }

    private Map<String, String> headers(Section otlp) {
        Map<String, String> ofFile = otlp.get(Schema.OTLP_HEADERS);
        String variable = variable("HEADERS");
        return ofFile != null ? ofFile : pairs(variable, true);
    }

    private Duration timeout(@Nullable Duration ofFile) {
        String variable = variable("TIMEOUT");
        String text = value(variable);
        if (ofFile != null || text.isEmpty()) {
            return ofFile != null ? ofFile : OtlpSettings.DEFAULT_TIMEOUT;
        }
        if (!text.matches("0*[1-9]\\d{0,8}")) {
            ignore(variable, text, "milliseconds");
            return OtlpSettings.DEFAULT_TIMEOUT;
        }
        return Duration.ofMillis(Long.parseLong(text));
    }

    private boolean isGzip() {
        String variable = variable("COMPRESSION");
        String text = value(variable);
        if (!text.isEmpty() && !text.equals("gzip") && !text.equals("none")) {
            ignore(variable, text, "gzip or none");
        }
        return text.equals("gzip");
    }

    private Sampling sampling(@Nullable Double ofFile) {
        if (ofFile != null) {
            return new Sampling(ofFile, true);
        }
        String text = value(SAMPLER).toLowerCase(Locale.ROOT);
        boolean followsCaller = text.startsWith(PARENT_BASED);
        return switch (followsCaller ? text.substring(PARENT_BASED.length()) : text) {
            case "" -> Sampling.DEFAULT;
            case "always_on" -> new Sampling(1, followsCaller);
            case "always_off" -> new Sampling(0, followsCaller);
            case "traceidratio" -> new Sampling(ratio(), followsCaller);
            default -> {
                ignore(SAMPLER, text, "always_on, always_off or traceidratio, each also behind "
                        + PARENT_BASED);
                yield Sampling.DEFAULT;
            }
        };
    }

    private double ratio() {
        String text = value(SAMPLER_ARG);
        if (!text.matches("0*(0?\\.\\d{1,18}|[01](\\.0{0,18})?)")) {
            if (!text.isEmpty()) {
                ignore(SAMPLER_ARG, text, "a number from 0 to 1");
            }
            return 1;
        }
        return Double.parseDouble(text);
    }

    private Map<String, String> resource(@Nullable String serviceOfFile) {
        Map<String, String> resource = new HashMap<>();
        resource.put(OtlpSettings.SERVICE_NAME, DEFAULT_SERVICE);
        resource.putAll(pairs(RESOURCE, false));
        String service = serviceOfFile != null ? serviceOfFile : value(SERVICE);
        if (!service.isEmpty()) {
            resource.put(OtlpSettings.SERVICE_NAME, service);
        }
        return resource;
    }

    private @Nullable Path path(String name) {
        String text = value(variable(name));
        return text.isEmpty() ? null : Types.path(text);
    }

    /** {@code a=1,b=2}, percent-encoded where that is needed. */
    private Map<String, String> pairs(String variable, boolean secret) {
        Map<String, String> pairs = new LinkedHashMap<>();
        for (String pair : value(variable).split(",")) {
            int equals = pair.indexOf('=');
            String name = equals < 0 ? "" : pair.substring(0, equals).strip();
            String value = equals < 0 ? null : decoded(pair.substring(equals + 1).strip());
            if (!name.isEmpty() && value != null) {
                pairs.put(name, value);
            } else if (!pair.isBlank()) {
                ignore(variable, secret ? "****" : pair, "NAME=VALUE with commas between them");
            }
        }
        return pairs;
    }

    private static @Nullable String decoded(String text) {
        try {
            return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) { // a percent sign before something else
            return null;
        }
    }

    /** The variable of that name for traces if it is set, else the one for all signals. */
    private String variable(String name) {
        return value(OF_TRACES + name).isEmpty() ? ALL + name : OF_TRACES + name;
    }

    private String value(String variable) {
        return environment.getOrDefault(variable, "").strip();
    }

    private void ignore(String variable, String text, String expected) {
        problems.warn(Place.environment(variable), "unexpected value '" + text + "', expected "
                + expected + "; it is ignored");
    }
}
