package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.SMART;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.penstock.auth.ApiKeySettings;
import io.penstock.auth.AuthSettings;
import io.penstock.loop.Transport;
import io.penstock.mock.MockServer;
import io.penstock.mock.MockSettings;
import io.penstock.provider.ProviderType;
import io.penstock.provider.ProviderTypes;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Responses callers refer to earlier answers of models whose providers keep no responses. */
class ResponseMemoryIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String FIRST_KEY = "pk-first-callers-own-secret-0123456789";
    private static final String SECOND_KEY = "pk-second-callers-own-secret-0123456789";

    static Stream<Arguments> ways() {
        return Stream.of(ProviderTypes.ANTHROPIC, ProviderTypes.GEMINI,
                        ProviderTypes.OPENAI_COMPATIBLE)
                .flatMap(type -> Stream.of(Arguments.of(type, false), Arguments.of(type, true)));
    }

    private static MockServer mock() throws IOException {
        return MockServer.start(MockSettings.DEFAULT.withName("a").withRecords(10)
                .withText("The answer is blue"), 1);
    }

    /** Two callers, on two event loops. */
    private static ProxyUnderTest proxy(MockServer mock, ProviderType type) throws Exception {
        return ProxyUnderTest.on(Transport.auto()).threads(2)
                .provider("a", "http://127.0.0.1:" + mock.port()).type(type)
                .auth(new AuthSettings(List.of(key("first", FIRST_KEY), key("second", SECOND_KEY)),
                        false))
                .start();
    }

    private static ApiKeySettings key(String id, String key) {
        return new ApiKeySettings(id, ProxyUnderTest.Builder.hash(key), List.of());
    }

    private static RawClient ask(ProxyUnderTest proxy, String key, boolean stream, String members)
            throws IOException {
        return proxy.connect().post("/v1/responses", "{\"model\":\"" + SMART + "\"," + members
                + (stream ? ",\"stream\":true}" : "}"), "authorization: Bearer " + key);
    }

    /** The response, whether it comes as a whole or at the end of a stream. */
    private static JsonNode answer(ProxyUnderTest proxy, boolean stream, String members)
            throws IOException {
        RawClient caller = ask(proxy, FIRST_KEY, stream, members);
        RawClient.Head head = caller.readHead();
        String body = stream ? caller.readChunked() : caller.readBody(head);
        assertThat(head.status()).as(body).isEqualTo(200);
        if (!stream) {
            return JSON.readTree(body);
        }
        String last = body.lines().filter(line -> line.contains("\"response.completed\"")
                && line.startsWith("data: ")).findFirst().orElseThrow();
        return JSON.readTree(last.substring(6)).get("response");
    }

    private static String refusal(ProxyUnderTest proxy, String key, String members)
            throws IOException {
        RawClient caller = ask(proxy, key, false, members);
        RawClient.Head head = caller.readHead();
        assertThat(head.status()).isEqualTo(400);
        return caller.readBody(head);
    }

    private static String sent(MockServer mock, int turn) {
        return mock.records().get(turn).text();
    }

    @ParameterizedTest
    @MethodSource("ways")
    void findsWhatALaterTurnRefersTo(ProviderType type, boolean stream) throws Exception {
        try (MockServer mock = mock(); ProxyUnderTest proxy = proxy(mock, type)) {
            JsonNode first = answer(proxy, stream, "\"input\":\"Which colour?\"");
            String item = first.at("/output/0/id").asText();

            JsonNode second = answer(proxy, stream, "\"input\":[{\"role\":\"user\",\"content\":"
                    + "\"Which colour?\"},{\"type\":\"item_reference\",\"id\":\"" + item + "\"},"
                    + "{\"role\":\"user\",\"content\":\"And why?\"}]");
            answer(proxy, stream, "\"previous_response_id\":\"" + second.at("/id").asText()
                    + "\",\"input\":\"Since when?\"");

            assertThat(sent(mock, 1)).containsSubsequence("Which colour?", "The answer is blue",
                    "And why?");
            assertThat(sent(mock, 2)).containsSubsequence("Which colour?", "The answer is blue",
                    "And why?", "The answer is blue", "Since when?");
        }
    }

    @Test
    void showsNoCallerTheAnswersOfAnother() throws Exception {
        try (MockServer mock = mock();
                ProxyUnderTest proxy = proxy(mock, ProviderTypes.ANTHROPIC)) {
            JsonNode first = answer(proxy, false, "\"input\":\"Which colour?\"");

            assertThat(refusal(proxy, SECOND_KEY, "\"previous_response_id\":\""
                    + first.at("/id").asText() + "\",\"input\":\"And why?\""))
                    .contains("previous_response_id");
            assertThat(refusal(proxy, SECOND_KEY, "\"input\":[{\"type\":\"item_reference\",\"id\":"
                    + first.at("/output/0/id") + "}]"))
                    .contains("no item with this id is kept here");
            assertThat(mock.records()).hasSize(1);
        }
    }

    @Test
    void keepsNothingThatTheCallerWillNotHaveStored() throws Exception {
        try (MockServer mock = mock();
                ProxyUnderTest proxy = proxy(mock, ProviderTypes.ANTHROPIC)) {
            JsonNode first = answer(proxy, true, "\"store\":false,\"input\":\"Which colour?\"");

            assertThat(refusal(proxy, FIRST_KEY, "\"previous_response_id\":\""
                    + first.at("/id").asText() + "\",\"input\":\"And why?\"")).contains("store");
        }
    }
}
