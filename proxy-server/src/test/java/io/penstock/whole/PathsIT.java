package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.loop.Transport;
import io.penstock.mock.MockServer;
import io.penstock.mock.MockSettings;
import io.penstock.provider.ProviderType;
import io.penstock.provider.ProviderTypes;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.TypeByName;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.converter.ConvertWith;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Paths that are not the proxy's own by the letter are served where they can mean but one. */
class PathsIT {
    private static final String CHAT =
            "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"max_tokens\":9}";

    private static MockServer mock() throws IOException {
        return MockServer.start(MockSettings.DEFAULT.withName("a").withRecords(10), 1);
    }

    private static ProxyUnderTest before(MockServer mock, ProviderType type) throws Exception {
        return ProxyUnderTest.on(Transport.auto())
                .provider("a", "http://127.0.0.1:" + mock.port()).type(type).start();
    }

    private static String post(ProxyUnderTest proxy, String path, String body, int status)
            throws IOException {
        RawClient caller = proxy.connect().post(path, body, "api-key: " + CALLER_KEY);
        RawClient.Head head = caller.readHead();
        String reply = caller.readBody(head);
        assertThat(head.status()).as(reply).isEqualTo(status);
        return reply;
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1/v1/messages", "/v1//messages/", "/anthropic/v1/messages",
        "/chat/completions/", "/v1/chat/completions/", "/openai/v1/chat/completions",
        "/v1beta/openai/chat/completions", "/api/v1/chat/completions"})
    void servesWhatCanMeanButOnePath(String path) throws Exception {
        try (MockServer mock = mock(); ProxyUnderTest proxy = before(mock, ProviderTypes.OPENAI)) {
            post(proxy, path, "{\"model\":\"" + SMART + "\"," + CHAT, 200);
            assertThat(mock.records().get(0).path()).endsWith("/chat/completions");
        }
    }

    @Test
    void servesGooglesPathsWithDoubledSlashes() throws Exception {
        try (MockServer mock = mock(); ProxyUnderTest proxy = before(mock, ProviderTypes.OPENAI)) {
            post(proxy, "/v1beta//models/" + SMART + ":generateContent",
                    "{\"contents\":[{\"parts\":[{\"text\":\"Hi\"}]}]}", 200);
        }
    }

    @Test
    void answersProbesOfOtherNames() throws Exception {
        try (MockServer mock = mock(); ProxyUnderTest proxy = before(mock, ProviderTypes.OPENAI)) {
            for (String path : new String[] {"/healthz", "/health/", "/readyz"}) {
                assertThat(proxy.connect().send("GET " + path + " HTTP/1.1\r\nhost: x\r\n\r\n")
                        .readHead().status()).as(path).isEqualTo(200);
            }
        }
    }

    @Test
    void saysWhatWasMeantWhereItServesNothing() throws Exception {
        try (MockServer mock = mock(); ProxyUnderTest proxy = before(mock, ProviderTypes.OPENAI)) {
            assertThat(post(proxy, "/v1/chat/completion", "{}", 404))
                    .contains("Unknown request URL: POST /v1/chat/completion. Did you mean "
                            + "/v1/chat/completions?");
            assertThat(post(proxy, "/something/else", "{}", 404)).doesNotContain("Did you mean");
        }
    }

    @ParameterizedTest
    @CsvSource({"openai, chat/completions", "openai, completions", "openai, embeddings",
        "anthropic, chat/completions", "gemini, chat/completions"})
    void takesTheModelOfAzuresPathWhereTheBodyNamesNone(
            @ConvertWith(TypeByName.class) ProviderType type, String endpoint) throws Exception {
        try (MockServer mock = mock(); ProxyUnderTest proxy = before(mock, type)) {
            String body = endpoint.equals("chat/completions") ? "{" + CHAT
                    : endpoint.equals("completions") ? "{\"prompt\":\"Hi\"}"
                    : "{\"input\":\"Hi\"}";
            String path = "/openai/deployments/" + SMART + "/" + endpoint
                    + "?api-version=2024-10-21";

            post(proxy, path, body, 200);

            assertThat(mock.records().get(0).text() + mock.records().get(0).path())
                    .contains("model-a");
            assertThat(mock.records().get(0).query()).doesNotContain("api-version");
        }
    }

    @Test
    void goesByTheBodysModelWhereItNamesOne() throws Exception {
        try (MockServer mock = mock(); ProxyUnderTest proxy = before(mock, ProviderTypes.OPENAI)) {
            post(proxy, "/openai/deployments/other/chat/completions?api-version=1",
                    "{\"model\":\"" + SMART + "\"," + CHAT, 200);
            assertThat(post(proxy, "/openai/deployments/other%2Fone/chat/completions", "{" + CHAT,
                    404)).contains("other/one");
            assertThat(post(proxy, "/openai/deployments/" + SMART + "/chat/completions",
                    "{\"model\":7," + CHAT, 400)).contains("missing_model");
        }
    }

    @Test
    void servesAzuresResponses() throws Exception {
        try (MockServer mock = mock();
                ProxyUnderTest proxy = before(mock, ProviderTypes.ANTHROPIC)) {
            post(proxy, "/openai/responses?api-version=2025-04-01-preview",
                    "{\"model\":\"" + SMART + "\",\"input\":\"Hi\"}", 200);
        }
    }
}
