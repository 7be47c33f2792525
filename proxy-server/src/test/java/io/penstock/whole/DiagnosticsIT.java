package io.penstock.whole;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.log.LogLevel;
import io.penstock.log.Logs;
import io.penstock.loop.Transport;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.LoggerFactory;

/** What an operator asks the admin port when something is wrong. */
@ParameterizedClass
@MethodSource("io.penstock.testing.ProxyUnderTest#transports")
class DiagnosticsIT {
    private static final String LEVELS = "/admin/log-level";
    private static final String CONFIG = "/admin/config";
    private static final String THREADS = "/admin/threads";
    private static final String NAME = "io.penstock.diagnosticsit";
    private static final String BODY = "{\"logger\":\"" + NAME + "\",\"level\":\"%s\"}";

    @Parameter
    Transport transport;

    @AfterEach
    void restore() {
        Logs.set(NAME, null);
    }

    private ProxyUnderTest.Builder proxy() {
        return ProxyUnderTest.on(transport).provider("a", "http://127.0.0.1:1");
    }

    private static String body(RawClient client, int status) throws IOException {
        RawClient.Head head = client.readHead();
        assertThat(head.status()).isEqualTo(status);
        return client.readBody(head);
    }

    private static RawClient put(RawClient client, String body, String... fields)
            throws IOException {
        return client.send("PUT " + LEVELS + " HTTP/1.1\r\nhost: localhost\r\n"
                + String.join("", fields) + "content-length: " + body.length() + "\r\n\r\n"
                + body);
    }

    @Test
    void setsALevelAndTakesItBack() throws Exception {
        try (ProxyUnderTest proxy = proxy().start()) {
            RawClient admin = proxy.connectAdmin();
            assertThat(body(admin.get(LEVELS), 200)).contains("\"root\":\"info\"",
                    "\"io.penstock\":\"info\"", "\"set_while_running\":{}");

            assertThat(body(put(admin, BODY.formatted("debug")), 200)).contains(
                    "\"set_while_running\":{\"" + NAME + "\":\"debug\"}");
            assertThat(LoggerFactory.getLogger(NAME + ".X").isDebugEnabled()).isTrue();
            assertThat(Logs.setWhileRunning()).isEqualTo(Map.of(NAME, LogLevel.DEBUG));

            assertThat(body(put(admin, BODY.replace("\"%s\"", "null")), 200))
                    .contains("\"set_while_running\":{}");
            assertThat(LoggerFactory.getLogger(NAME + ".X").isDebugEnabled()).isFalse();
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\'', value = {
        "{} | No level was set: expected {\\\"logger\\\": NAME",
        "[] | No level was set: expected {",
        "nonsense | No level was set: no JSON, expected {",
        "{\"logger\":\"a\"} | No level was set: expected {",
        "{\"logger\":\"a\",\"level\":\"loud\"} | No level was set: 'loud' is no level, expected",
        "{\"logger\":\"a b\",\"level\":\"info\"} | No level was set: 'a b' is no logger's name",
        "{\"logger\":\"a\",\"level\":\"info\"} x | No level was set: no JSON",
        "{\"logger\":\"a\",\"level\":\"info\",\"x\":1} | No level was set: 'x' is not understood",
        "{\"logger\":\"a\",\"level\":5} | No level was set: 'level' is not understood"})
    void refusesAnOrderThatIsNone(String order, String message) throws Exception {
        try (ProxyUnderTest proxy = proxy().start()) {
            assertThat(body(put(proxy.connectAdmin(), order), 400)).contains(message);
            assertThat(Logs.setWhileRunning()).isEmpty();
        }
    }

    @Test
    void showsTheConfigurationInForce() throws Exception {
        String yaml = "providers: [{name: x, type: vllm, base_url: \"http://127.0.0.1:1/v1\", "
                + "api_keys: [{value: sk-never-shown}]}]\n";
        try (ProxyUnderTest proxy = ProxyUnderTest.ofYaml(transport, yaml).start()) {
            RawClient admin = proxy.connectAdmin();
            RawClient.Head head = admin.get(CONFIG).readHead();
            assertThat(head.header("content-type")).startsWith("application/yaml");
            assertThat(admin.readBody(head)).contains("\nproviders:\n  - name: x\n",
                    "      - env: null\n        file: null\n        value: \"****\"\n",
                    "  - id: tester\n", "  failure_ratio: 0.5\n")
                    .doesNotContain("never-shown");

            proxy.prepareReload(ProxyUnderTest.ofYaml(transport,
                    yaml.replace("name: x", "name: y") + "breaker: {failure_ratio: 0.7}\n"));
            body(admin.post("/admin/reload", ""), 200);

            assertThat(body(admin.get(CONFIG), 200)).contains("  - name: y\n",
                    "  failure_ratio: 0.7\n");
        }
    }

    @Test
    void showsWhatItsThreadsDo() throws Exception {
        try (ProxyUnderTest proxy = proxy().start()) {
            String dump = body(proxy.connectAdmin().get(THREADS), 200);

            assertThat(dump).containsPattern("\"penstock-loop-[^\"]*\" id=[0-9]+ [A-Z_]+")
                    .contains("\"penstock-metrics-", "io.penstock.admin.ThreadDump.take");
        }
    }

    @Test
    void keepsThePagesOnTheAdminPortAndBehindItsToken() throws Exception {
        try (ProxyUnderTest proxy = proxy().adminToken("t0ken").start()) {
            for (String page : List.of(CONFIG, THREADS)) {
                body(proxy.connectAdmin().get(page), 401);
                body(proxy.connectAdmin().get(page, "authorization: Bearer t0ken"), 200);
                body(proxy.connect().get(page), 404);
                body(proxy.connectAdmin().post(page, "", "authorization: Bearer t0ken"), 405);
            }
        }
    }

    @Test
    void asksForTheTokenAndNoWebPageAndOnlyOnTheAdminPort() throws Exception {
        try (ProxyUnderTest proxy = proxy().adminToken("t0ken").start()) {
            String order = BODY.formatted("debug");
            assertThat(body(put(proxy.connectAdmin(), order), 401)).contains("admin token");
            assertThat(body(put(proxy.connectAdmin(), order, "authorization: Bearer t0ken\r\n",
                    "origin: http://localhost\r\n"), 403)).contains("web page");
            assertThat(body(put(proxy.connect(), order), 404)).contains("unknown_url");
            body(proxy.connectAdmin().get(LEVELS), 401);
            assertThat(body(put(proxy.connectAdmin(), "x".repeat(5000),
                    "authorization: Bearer t0ken\r\n"), 413)).contains("4096");
            RawClient.Head head = proxy.connectAdmin().post(LEVELS, order,
                    "authorization: Bearer t0ken").readHead();
            assertThat(head.status()).isEqualTo(405);
            assertThat(head.header("allow")).isEqualTo("GET, HEAD, PUT");
            assertThat(Logs.setWhileRunning()).isEmpty();
        }
    }
}
