package io.penstock.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

class SchemaJsonTest {
    private static final Path ROOT = Path.of("..");
    private static final Path FILE = ROOT.resolve(Path.of("conf", "penstock.schema.json"));
    private static final Pattern YAML = Pattern.compile("```yaml\n(.*?)```", Pattern.DOTALL);
    private static final ObjectMapper JSON = new ObjectMapper();

    private static final Schema SCHEMA = SchemaRegistry
            .withDefaultDialect(SpecificationVersion.DRAFT_7)
            .getSchema(JSON.valueToTree(SchemaJson.schema()));

    private record Example(String place, JsonNode content) {
        @Override
        public String toString() {
            return place;
        }
    }

    @TempDir
    Path directory;

    private static String written() throws JsonProcessingException {
        DefaultIndenter indent = new DefaultIndenter("  ", "\n");
        DefaultPrettyPrinter printer = new DefaultPrettyPrinter();
        printer.indentObjectsWith(indent);
        return JSON.writer(printer).writeValueAsString(SchemaJson.schema()) + "\n";
    }

    private static JsonNode tree(String yaml) {
        return JSON.valueToTree(new Load(LoadSettings.builder().build()).loadFromString(yaml));
    }

    private static List<Error> mistakes(JsonNode content) {
        return SCHEMA.validate(content);
    }

    /** Those of {@code conf/}, and what the pages show; a list is one of providers. */
    static List<Example> examples() throws IOException {
        List<Example> examples = new ArrayList<>();
        for (Path file : ConfFilesTest.files()) {
            examples.add(new Example(file.toString(), tree(Files.readString(file))));
        }
        try (Stream<Path> pages = Stream.concat(Files.list(ROOT),
                Files.walk(ROOT.resolve("docs"))).filter(page -> page.toString().endsWith(".md"))) {
            for (Path page : pages.sorted().toList()) {
                Matcher yaml = YAML.matcher(Files.readString(page));
                while (yaml.find()) {
                    JsonNode content = tree(yaml.group(1));
                    JsonNode whole = content.isArray()
                            ? JSON.createObjectNode().set("providers", content) : content;
                    if (isConfiguration(whole)) {
                        examples.add(new Example(page + "@" + yaml.start(), whole));
                    }
                }
            }
        }
        return examples;
    }

    private static boolean isConfiguration(JsonNode content) {
        return content.propertyStream().anyMatch(each -> Set.of("providers", "routes", "auth",
                "limits", "cors", "breaker", "prices", "listen", "resilience", "redis", "observe",
                "cache", "retry", "budget").contains(each.getKey()));
    }

    @Test
    void theFileSaysWhatTheSchemaSays() throws IOException {
        if ("write".equals(System.getProperty("penstock.docs"))) {
            Files.writeString(FILE, written());
        }

        assertThat(FILE).as("stale: run with -Dpenstock.docs=write").hasContent(written());
    }

    @Test
    void everyConfigurationNamesItsSchemaForEditors() throws IOException {
        for (Path file : ConfFilesTest.files()) {
            assertThat(Files.readAllLines(file).get(0)).as(file.toString())
                    .isEqualTo("# yaml-language-server: $schema=" + FILE.getFileName());
        }
    }

    @ParameterizedTest
    @MethodSource("examples")
    void takesEveryExample(Example example) {
        assertThat(mistakes(example.content())).isEmpty();
    }

    @Test
    void thereAreManyExamples() throws IOException {
        assertThat(examples()).hasSizeGreaterThan(15);
    }

    /** Each is taken by both: the schema must refuse nothing that the proxy accepts. */
    @ParameterizedTest
    @ValueSource(strings = {
        "limits: {body: 1024, header: 64KiB, upload: '3 MB', concurrent: '${N:-5}'}",
        "limits: {tunnel: {idle: 1s, total: 365d}}",
        "retry: {wait_for_retry_after: 0}",
        "limits: null",
        "shutdown: {grace: 250ms}",
        "listen: [{address: '[::1]:0'}, {address: localhost:8081}]",
        "providers: [{name: 1, type: ollama, models: [2, true, 3.5]}]",
        "providers: [{name: a, type: ollama, base_url: '${U:-http://127.0.0.1:1}'}]",
        "providers: [{name: a, type: ollama, enabled: '${E:-true}', proxy: off}]",
        "providers: [{name: a, type: azure, base_url: 'https://x.example', api_keys: [{value: k}],"
                + " options: {api_version: 2024-10-21, deployments: {gpt-4o: four}}}]",
        "observe: {access_log: {path: false}}",
        "observe: {access_log: {path: null, format: text}}",
        "prices: {'*': {input: 1, output: 2.5}, free: null}",
        "breaker: {failure_ratio: 1, half_open_probes: 1}",
        "redis: {url: null}",
        "providers: [{name: ollama}]\nroutes: [{model: m, targets: [ollama/x, "
                + "{target: ollama/a/b, weight: 2}], hedge: {after: p95}, affinity: 'header:x-y'}]",
        "providers: [{name: ollama}]\n"
                + "routes: [{model: m, targets: [ollama/x], hedge: {after: 800ms}}]"})
    void takesWhatTheProxyTakes(String yaml) throws Exception {
        ConfigLoader.load(written(yaml), Map.of());

        assertThat(mistakes(tree(yaml))).isEmpty();
    }

    /** Each is refused by both. */
    @ParameterizedTest
    @ValueSource(strings = {
        "provider: []",
        "limits: {concurrent: 0}",
        "limits: {concurrent: '5'}",
        "limits: {body: 3 parsecs}",
        "limits: {body: -1}",
        "limits: [1]",
        "shutdown: {grace: 30}",
        "shutdown: {grace: soon}",
        "listen: []",
        "listen: [{address: 8080}]",
        "listen: [null]",
        "providers: [{type: openai}]",
        "providers: [{name: null}]",
        "providers: [{name: a, models: []}]",
        "providers: [{name: a, base_url: nowhere}]",
        "providers: [{name: a, enabled: 'yes'}]",
        "providers: [{name: a, api_key_env: sk-1}]",
        "providers: [{name: a, pool: {http2: maybe}}]",
        "routes: [{model: m, targets: []}]",
        "routes: [{model: m, targets: [gpt-4o]}]",
        "routes: [{model: m, targets: [a/b], strategy: fastest}]",
        "routes: [{model: m, targets: [a/b], hedge: {}}]",
        "routes: [{model: m, targets: [a/b], affinity: cookie}]",
        "auth: {keys: [{id: a}]}",
        "auth: {jwt: {algorithm: none}}",
        "breaker: {failure_ratio: 1.5}",
        "prices: {m: {input: -1, output: 1}}",
        "redis: {url: 'http://x'}"})
    void refusesMistakes(String yaml) throws IOException {
        Path file = written(yaml);

        assertThatThrownBy(() -> ConfigLoader.load(file, Map.of()))
                .isInstanceOf(ConfigException.class);
        assertThat(mistakes(tree(yaml))).isNotEmpty();
    }

    private Path written(String yaml) throws IOException {
        return Files.writeString(directory.resolve("penstock.yaml"), yaml);
    }
}
