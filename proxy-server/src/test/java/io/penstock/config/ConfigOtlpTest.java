package io.penstock.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.trace.OtlpSettings;
import io.penstock.trace.OtlpSettings.Protocol;
import io.penstock.trace.Sampling;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigOtlpTest {
    private static final Map<String, String> COLLECTOR =
            Map.of("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");

    @TempDir
    Path directory;

    private Loaded load(String otlp, Map<String, String> environment) throws ConfigException {
        return new ConfigFixture(directory, otlp.isEmpty() ? "" : "observe: {otlp: " + otlp + "}")
                .with(environment).load();
    }

    private OtlpSettings otlp(String otlp, Map<String, String> environment)
            throws ConfigException {
        return load(otlp, environment).settings().observe().otlp();
    }

    private OtlpSettings ofVariables(String... pairs) throws ConfigException {
        Map<String, String> environment = new HashMap<>(COLLECTOR);
        for (int i = 0; i < pairs.length; i += 2) {
            environment.put(pairs[i], pairs[i + 1]);
        }
        return otlp("", environment);
    }

    @Test
    void tracesNothingUnlessThereIsACollector() throws ConfigException {
        assertThat(otlp("", Map.of())).isNull();
        assertThat(otlp("{endpoint: null, sample: 0.5}", Map.of())).isNull();
        assertThat(otlp("", Map.of("OTEL_TRACES_SAMPLER", "always_on"))).isNull();
    }

    @Test
    void readsTheFile() throws ConfigException {
        OtlpSettings settings = otlp("""
                {endpoint: "https://c:1/otlp/", protocol: http/protobuf, headers: {api-key: "${K}"},
                 timeout: 3s, sample: 0.25, propagate: false, service_name: gate, ca: ca.pem}""",
                Map.of("K", "secret"));

        assertThat(settings).isEqualTo(new OtlpSettings(URI.create("https://c:1/otlp/v1/traces"),
                Protocol.HTTP_PROTOBUF, Map.of("api-key", "secret"), Duration.ofSeconds(3), false,
                new Sampling(0.25, true), false, Map.of("service.name", "gate"),
                Path.of("ca.pem"), null, null));
        assertThat(settings.toString()).doesNotContain("secret");
    }

    @Test
    void readsTheEnvironment() throws ConfigException {
        assertThat(ofVariables("OTEL_EXPORTER_OTLP_HEADERS", "a=1,b=x%20y+z",
                "OTEL_EXPORTER_OTLP_TIMEOUT", "2500", "OTEL_EXPORTER_OTLP_COMPRESSION", "gzip",
                "OTEL_EXPORTER_OTLP_CERTIFICATE", "ca.pem",
                "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "c.pem",
                "OTEL_EXPORTER_OTLP_CLIENT_KEY", "k.pem",
                "OTEL_RESOURCE_ATTRIBUTES", "service.name=lost,deployment.environment.name=test",
                "OTEL_SERVICE_NAME", "found", "OTEL_TRACES_SAMPLER", "traceidratio",
                "OTEL_TRACES_SAMPLER_ARG", "0.1")).isEqualTo(
                        new OtlpSettings(URI.create("http://collector:4318/v1/traces"),
                                Protocol.HTTP_PROTOBUF, Map.of("a", "1", "b", "x y+z"),
                                Duration.ofMillis(2500), true, new Sampling(0.1, false), true,
                                Map.of("service.name", "found",
                                        "deployment.environment.name", "test"),
                                Path.of("ca.pem"), Path.of("c.pem"), Path.of("k.pem")));
    }

    @Test
    void theFileWinsOverTheEnvironment() throws ConfigException {
        OtlpSettings settings = otlp("{endpoint: 'http://file:1', headers: {a: b}, timeout: 1s, "
                + "sample: 1, service_name: file}", Map.of(
                        "OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318",
                        "OTEL_EXPORTER_OTLP_HEADERS", "c=d", "OTEL_EXPORTER_OTLP_TIMEOUT", "9",
                        "OTEL_TRACES_SAMPLER", "always_off", "OTEL_SERVICE_NAME", "variable",
                        "OTEL_TRACES_EXPORTER", "none"));

        assertThat(settings.endpoint()).hasToString("http://file:1/v1/traces");
        assertThat(settings.headers()).isEqualTo(Map.of("a", "b"));
        assertThat(settings.timeout()).hasSeconds(1);
        assertThat(settings.sampling()).isEqualTo(new Sampling(1, true));
        assertThat(settings.resource()).containsEntry("service.name", "file");
    }

    @Test
    void variablesForTracesWinOverThoseForAllSignals() throws ConfigException {
        OtlpSettings settings = ofVariables(
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t:1/as-is",
                "OTEL_EXPORTER_OTLP_HEADERS", "a=1", "OTEL_EXPORTER_OTLP_TRACES_HEADERS", "b=2");

        assertThat(settings.endpoint()).hasToString("http://t:1/as-is");
        assertThat(settings.headers()).isEqualTo(Map.of("b", "2"));
    }

    @Test
    void grpcHasNoPath() throws ConfigException {
        assertThat(ofVariables("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc").endpoint())
                .hasToString("http://collector:4318");
        assertThat(otlp("{endpoint: 'http://c:4317', protocol: grpc}", Map.of()).protocol())
                .isEqualTo(Protocol.GRPC);
    }

    @Test
    void theExporterVariableTurnsTracesOnAndOff() throws ConfigException {
        assertThat(otlp("", Map.of("OTEL_TRACES_EXPORTER", "otlp")).endpoint())
                .hasToString("http://localhost:4318/v1/traces");
        assertThat(ofVariables("OTEL_TRACES_EXPORTER", "none")).isNull();
    }

    @Test
    void aDisabledSdkTracesNothingWhateverTheFileSays() throws ConfigException {
        assertThat(otlp("{endpoint: 'http://c:1'}", Map.of("OTEL_SDK_DISABLED", "true"))).isNull();
    }

    @ParameterizedTest
    @CsvSource({"'',1,true", "always_on,1,false", "always_off,0,false", "traceidratio,0.5,false",
        "parentbased_always_on,1,true", "parentbased_always_off,0,true",
        "parentbased_traceidratio,0.5,true"})
    void knowsTheSamplers(String name, double ratio, boolean followsCaller)
            throws ConfigException {
        assertThat(ofVariables("OTEL_TRACES_SAMPLER", name, "OTEL_TRACES_SAMPLER_ARG", "0.5")
                .sampling()).isEqualTo(new Sampling(ratio, followsCaller));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "OTEL_EXPORTER_OTLP_PROTOCOL|http/json", "OTEL_EXPORTER_OTLP_TIMEOUT|soon",
        "OTEL_EXPORTER_OTLP_TIMEOUT|0", "OTEL_EXPORTER_OTLP_COMPRESSION|zstd",
        "OTEL_TRACES_SAMPLER|jaeger_remote", "OTEL_RESOURCE_ATTRIBUTES|a",
        "OTEL_EXPORTER_OTLP_HEADERS|secret", "OTEL_TRACES_EXPORTER|zipkin",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT|ftp://me:secret@host"})
    void ignoresAVariableThatMakesNoSenseAndSaysSo(String variable, String value)
            throws ConfigException {
        Loaded loaded = load("", Map.of("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318",
                "OPENAI_API_KEY", "k", variable, value));

        assertThat(loaded.warnings()).singleElement().extracting(Object::toString)
                .asString().contains(variable).contains("ignored").doesNotContain("secret");
        if (!variable.endsWith("ENDPOINT")) {
            assertThat(loaded.settings().observe().otlp().sampling()).isEqualTo(Sampling.DEFAULT);
        }
    }

    @Test
    void refusesAnEndpointThatSpansCannotBeSentTo() {
        assertThat(new ConfigFixture(directory,
                "observe: {otlp: {endpoint: 'ftp://me:hunter2@host'}}").mistakes())
                .singleElement().asString().contains("observe.otlp.endpoint")
                .doesNotContain("hunter2");
        assertThat(new ConfigFixture(directory,
                "observe: {otlp: {endpoint: 'http://a', sample: 2, protocol: http/json}}")
                .mistakes()).hasSize(2);
    }
}
