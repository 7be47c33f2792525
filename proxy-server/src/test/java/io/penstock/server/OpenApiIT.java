package io.penstock.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.penstock.loop.Transport;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** Holds {@code docs/openapi.yaml} to the running proxy. */
class OpenApiIT {
    private static final Path FILE = Path.of("..", "docs", "openapi.yaml");
    private static final Set<String> METHODS = Set.of("get", "put", "post", "delete", "patch");
    private static final String DRAIN = "/admin/drain";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final JsonNode PAGE = read();

    private record Reply(int status, String type, String body) {}

    /** One method of one path; {@code pathItem} has what all its methods share. */
    private record Operation(String path, String method, JsonNode pathItem, JsonNode content) {
        boolean isAdmins() {
            return pathItem.at("/servers/0/url").asText().endsWith("9091");
        }

        boolean isPublic() {
            return content.path("security").isArray() && content.path("security").isEmpty();
        }

        @Override
        public String toString() {
            return method + " " + path;
        }
    }

    private static JsonNode read() {
        try {
            return JSON.valueToTree(new Load(LoadSettings.builder().build())
                    .loadFromString(Files.readString(FILE)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JsonNode resolved(JsonNode node) {
        return node.has("$ref") ? PAGE.at(node.get("$ref").asText().substring(1)) : node;
    }

    /** The drain last: nothing is answered after it. */
    private static List<Operation> operations() {
        List<Operation> operations = new ArrayList<>();
        PAGE.get("paths").properties().forEach(path -> {
            JsonNode item = resolved(path.getValue());
            item.properties().stream().filter(each -> METHODS.contains(each.getKey()))
                    .forEach(each -> operations.add(new Operation(path.getKey(), each.getKey(),
                            item, each.getValue())));
        });
        operations.sort(Comparator.comparing(each -> each.path().equals(DRAIN)));
        return operations;
    }

    private static ProxyUnderTest start(ScriptedUpstream upstream) throws Exception {
        return ProxyUnderTest.ofYaml(Transport.auto(), """
                admin: {address: "127.0.0.1:0", token: the-token}
                providers:
                  - {name: openai, type: openai, base_url: "http://127.0.0.1:%d/v1",
                     api_keys: [{value: k}], models: ["gpt-*"]}
                """.formatted(upstream.port())).start();
    }

    private Reply call(ProxyUnderTest proxy, Operation operation, String credential)
            throws Exception {
        String path = operation.path();
        StringBuilder query = new StringBuilder();
        for (JsonNode parameters : List.of(operation.pathItem().path("parameters"),
                operation.content().path("parameters"))) {
            for (JsonNode each : parameters) {
                JsonNode parameter = resolved(each);
                String example = parameter.path("example").asText();
                if (parameter.get("in").asText().equals("path")) {
                    path = path.replace("{" + parameter.get("name").asText() + "}", example);
                } else if (!example.isEmpty()) {
                    query.append(query.isEmpty() ? '?' : '&').append(parameter.get("name").asText())
                            .append('=').append(URLEncoder.encode(example, UTF_8));
                }
            }
        }
        JsonNode example = operation.content().at("/requestBody/content/application~1json/example");
        String body = example.isMissingNode() ? "" : JSON.writeValueAsString(example);
        try (RawClient caller = operation.isAdmins() ? proxy.connectAdmin() : proxy.connect()) {
            RawClient.Head head = caller.send(operation.method().toUpperCase(Locale.ROOT) + " "
                    + path + query + " HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer "
                    + credential + "\r\ncontent-type: application/json\r\ncontent-length: "
                    + body.length() + "\r\n\r\n" + body).readHead();
            return new Reply(head.status(), head.header("content-type"), caller.readBody(head));
        }
    }

    /** What the page says of that status; missing if nothing. */
    private static JsonNode response(Operation operation, int status) {
        JsonNode all = operation.content().get("responses");
        JsonNode exact = all.path(String.valueOf(status));
        return resolved(exact.isMissingNode() ? all.path(status / 100 + "XX") : exact);
    }

    private static void check(Operation operation, Reply reply) throws IOException {
        String what = operation + ": " + reply.status() + " " + reply.body();
        JsonNode declared = response(operation, reply.status());
        assertThat(declared.isMissingNode()).as("not declared: " + what).isFalse();
        JsonNode schema = declared.at("/content/application~1json/schema");
        if (!schema.isMissingNode() && reply.type() != null
                && reply.type().startsWith("application/json")) {
            ObjectNode whole = JSON.createObjectNode();
            whole.set("allOf", JSON.createArrayNode().add(schema));
            whole.set("components", PAGE.get("components"));
            Schema checked = SchemaRegistry
                    .withDefaultDialect(SpecificationVersion.DRAFT_2020_12).getSchema(whole);
            assertThat(checked.validate(JSON.readTree(reply.body()))).as(what).isEmpty();
        }
    }

    @Test
    void everyPathAndMethodOfThePageIsAnswered() throws Exception {
        try (ScriptedUpstream upstream = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = start(upstream)) {
            for (Operation each : operations()) {
                Reply reply = call(proxy, each,
                        each.isAdmins() ? "the-token" : ProxyUnderTest.CALLER_KEY);

                assertThat(reply.body()).as(each.toString()).doesNotContain("unknown_url");
                assertThat(reply.status()).as(each.toString()).isNotIn(401, 405);
                check(each, reply);
            }
        }
    }

    @Test
    void refusalsHaveTheFormOfThePage() throws Exception {
        try (ScriptedUpstream upstream = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = start(upstream)) {
            for (Operation each : operations()) {
                Reply reply = call(proxy, each, "wrong");

                assertThat(reply.status()).as(each.toString())
                        .isEqualTo(each.isPublic() ? 200 : 401);
                check(each, reply);
            }
        }
    }

    @Test
    void everyPathOfTheProxyStandsOnThePage() {
        Set<String> known = new TreeSet<>(NearestPath.known());
        known.addAll(List.of("/", "/metrics", "/admin/usage", "/admin/reload", DRAIN));
        Set<String> documented = new TreeSet<>();
        PAGE.get("paths").fieldNames().forEachRemaining(documented::add);

        assertThat(known).hasSizeGreaterThan(35);
        assertThat(documented).containsAll(known);
    }
}
