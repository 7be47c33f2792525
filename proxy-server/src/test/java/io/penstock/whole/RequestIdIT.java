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
import io.penstock.testing.ScriptedUpstream;
import io.penstock.testing.TypeByName;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.converter.ConvertWith;
import org.junit.jupiter.params.provider.ValueSource;

/** Anthropic's clients find a request's id in the field that they know, whoever answers. */
class RequestIdIT {
    private static final String AUTHORIZATION = "authorization: Bearer " + CALLER_KEY;

    private static ProxyUnderTest before(String url, ProviderType type) throws Exception {
        return ProxyUnderTest.on(Transport.auto()).provider("a", url).type(type).start();
    }

    private static RawClient.Head ask(ProxyUnderTest proxy, String path, String model, String more,
            String... fields) throws IOException {
        return proxy.connect().post(path, "{\"model\":\"" + model + "\",\"max_tokens\":9,"
                + "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]" + more + "}", fields)
                .readHead();
    }

    private static void assertNamed(RawClient.Head head, int status, String id) {
        assertThat(head.status()).isEqualTo(status);
        assertThat(head.headers().get("request-id")).containsExactly(id);
        assertThat(head.headers().get("x-request-id")).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"openai", "gemini"})
    void repliesOfOthersCarryIt(@ConvertWith(TypeByName.class) ProviderType type)
            throws Exception {
        try (MockServer mock = MockServer.start(MockSettings.DEFAULT.withName("a"), 1);
                ProxyUnderTest proxy = before("http://127.0.0.1:" + mock.port(), type)) {
            String id = "x-request-id: my-own";
            assertNamed(ask(proxy, "/v1/messages", SMART, "", AUTHORIZATION, id), 200, "my-own");
            assertNamed(ask(proxy, "/v1/messages", SMART, ",\"stream\":true", AUTHORIZATION, id),
                    200, "my-own");
            assertNamed(ask(proxy, "/v1/messages/count_tokens", SMART, "", AUTHORIZATION, id), 200,
                    "my-own");
        }
    }

    @Test
    void errorsOfTheProxyCarryItAndForbidARetryWhereNoneHelps() throws Exception {
        try (MockServer mock = MockServer.start(MockSettings.DEFAULT.withName("a"), 1);
                ProxyUnderTest proxy = before("http://127.0.0.1:" + mock.port(),
                        ProviderTypes.ANTHROPIC)) {
            RawClient.Head denied = ask(proxy, "/v1/messages", SMART, "", "x-api-key: wrong-key",
                    "x-request-id: one");
            assertNamed(denied, 401, "one");
            assertThat(denied.headers().get("x-should-retry")).containsExactly("false");

            RawClient.Head unknown = ask(proxy, "/v1/messages", "no-such-model", "", AUTHORIZATION,
                    "x-request-id: two");
            assertNamed(unknown, 404, "two");
            assertThat(unknown.header("x-should-retry")).isNull();

            RawClient.Head other = ask(proxy, "/v1/chat/completions", SMART, "",
                    "x-api-key: wrong-key");
            assertThat(other.header("x-should-retry")).isEqualTo("false");
            assertThat(other.header("request-id")).isNull();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {200, 400})
    void aReplyOfAnthropicsKeepsItsOwn(int status) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(status, "content-type: application/json", "content-length: 14",
                            "request-id: req_of_anthropic").write("{\"content\":[]}").flush();
                });
                ProxyUnderTest proxy = before(a.url(), ProviderTypes.ANTHROPIC)) {
            assertNamed(ask(proxy, "/v1/messages", SMART, "", AUTHORIZATION), status,
                    "req_of_anthropic");
        }
    }

    @Test
    void aListOfModelsInAnthropicsFormatCarriesIt() throws Exception {
        try (MockServer mock = MockServer.start(MockSettings.DEFAULT.withName("a"), 1);
                ProxyUnderTest proxy = before("http://127.0.0.1:" + mock.port(),
                        ProviderTypes.ANTHROPIC)) {
            assertNamed(proxy.connect().send("GET /v1/models HTTP/1.1\r\nhost: x\r\n"
                    + AUTHORIZATION + "\r\nanthropic-version: 2023-06-01\r\nx-request-id: three"
                    + "\r\n\r\n").readHead(), 200, "three");
        }
    }
}
