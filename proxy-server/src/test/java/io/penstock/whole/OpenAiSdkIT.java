package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.errors.InternalServerException;
import com.openai.errors.NotFoundException;
import com.openai.errors.SseException;
import com.openai.errors.UnauthorizedException;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import io.penstock.loop.Transport;
import io.penstock.mock.Fault;
import io.penstock.mock.MockServer;
import io.penstock.mock.MockSettings;
import io.penstock.testing.ProxyUnderTest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** OpenAI's own client can't tell the proxy from OpenAI. */
class OpenAiSdkIT {
    private static final MockSettings MOCK = MockSettings.DEFAULT.withEvents(8);

    private final List<OpenAIClient> clients = new ArrayList<>();

    private static ProxyUnderTest before(MockServer... mocks) throws Exception {
        ProxyUnderTest.Builder proxy = ProxyUnderTest.on(Transport.auto());
        for (MockServer mock : mocks) {
            proxy.provider(mock.settings().name(), "http://127.0.0.1:" + mock.port());
        }
        return proxy.start();
    }

    private OpenAIClient client(ProxyUnderTest proxy, String key) {
        OpenAIClient client = OpenAIOkHttpClient.builder()
                .baseUrl("http://127.0.0.1:" + proxy.port() + "/v1").apiKey(key).maxRetries(0)
                .build();
        clients.add(client);
        return client;
    }

    /** Its connections have to be gone before the proxy may be found empty. */
    private void closeClients() {
        clients.forEach(OpenAIClient::close);
    }

    private static ChatCompletionCreateParams ask(String model) {
        return ChatCompletionCreateParams.builder().model(model).addUserMessage("Hi").build();
    }

    private static String text(StreamResponse<ChatCompletionChunk> stream) {
        return stream.stream().flatMap(chunk -> chunk.choices().stream())
                .flatMap(choice -> choice.delta().content().stream())
                .collect(Collectors.joining());
    }

    @Test
    void getsAWholeReplyAndTheSameOneStreamed() throws Exception {
        try (MockServer failing = MockServer.start(
                        MOCK.withName("a").withFail(new Fault(Fault.Kind.STATUS, 503), 1), 1);
                MockServer mock = MockServer.start(MOCK.withName("b"), 1);
                ProxyUnderTest proxy = before(failing, mock)) {
            OpenAIClient client = client(proxy, CALLER_KEY);

            ChatCompletion whole = client.chat().completions().create(ask(SMART));
            String content = whole.choices().get(0).message().content().orElseThrow();
            assertThat(content).isNotBlank();
            assertThat(whole.usage().orElseThrow().completionTokens()).isEqualTo(8);
            assertThat(whole.choices().get(0).finishReason())
                    .isEqualTo(ChatCompletion.Choice.FinishReason.STOP);

            try (StreamResponse<ChatCompletionChunk> stream =
                    client.chat().completions().createStreaming(ask(SMART))) {
                assertThat(text(stream)).isEqualTo(content);
            }
            assertThat(failing.requests()).isEqualTo(2);
            closeClients();
        }
    }

    @Test
    void isToldThatItsKeyIsWrong() throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a"), 1);
                ProxyUnderTest proxy = before(mock)) {
            OpenAIClient client = client(proxy, "wrong");

            assertThatThrownBy(() -> client.chat().completions().create(ask(SMART)))
                    .isInstanceOfSatisfying(UnauthorizedException.class,
                            e -> assertThat(e.code()).contains("invalid_api_key"));
            assertThat(mock.requests()).isZero();
            closeClients();
        }
    }

    @Test
    void namesModelsToFallBackOn() throws Exception {
        try (MockServer failing = MockServer.start(
                        MOCK.withName("a").withFail(new Fault(Fault.Kind.STATUS, 503), 1), 1);
                MockServer mock = MockServer.start(MOCK.withName("b"), 1);
                ProxyUnderTest proxy = before(failing, mock)) {
            OpenAIClient client = client(proxy, CALLER_KEY);

            ChatCompletion byBody = client.chat().completions().create(
                    ask("model-a").toBuilder().putAdditionalBodyProperty("fallbacks",
                            JsonValue.from(List.of("model-b"))).build());
            ChatCompletion byHeader = client.chat().completions().create(
                    ask("model-a").toBuilder()
                            .putAdditionalHeader("x-penstock-fallbacks", "model-b").build());

            assertThat(byBody.model()).isEqualTo("model-b");
            assertThat(byHeader.model()).isEqualTo("model-b");
            closeClients();
        }
    }

    @Test
    void isToldThatNobodyServesTheModel() throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a"), 1);
                ProxyUnderTest proxy = before(mock)) {
            OpenAIClient client = client(proxy, CALLER_KEY);

            assertThatThrownBy(() -> client.chat().completions().create(ask("nobody-has-it")))
                    .isInstanceOfSatisfying(NotFoundException.class, e -> {
                        assertThat(e.code()).contains("model_not_found");
                        assertThat(e.param()).contains("model");
                    });
            assertThatThrownBy(() -> client.chat().completions()
                    .createStreaming(ask("nobody-has-it"))).isInstanceOf(NotFoundException.class);
            closeClients();
        }
    }

    @Test
    void isToldThatAllProvidersFailed() throws Exception {
        try (MockServer mock = MockServer.start(
                        MOCK.withName("a").withFail(new Fault(Fault.Kind.RESET, 0), 1), 1);
                ProxyUnderTest proxy = before(mock)) {
            OpenAIClient client = client(proxy, CALLER_KEY);

            assertThatThrownBy(() -> client.chat().completions().create(ask(SMART)))
                    .isInstanceOfSatisfying(InternalServerException.class, e -> {
                        assertThat(e.statusCode()).isEqualTo(502);
                        assertThat(e.code()).contains("upstream_error");
                    });
            closeClients();
        }
    }

    @Test
    void raisesWhenAStreamBreaksOff() throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a").withEvents(40)
                        .withInterval(Duration.ofMillis(1))
                        .withFail(new Fault(Fault.Kind.MIDSTREAM, 0), 1), 1);
                ProxyUnderTest proxy = before(mock)) {
            OpenAIClient client = client(proxy, CALLER_KEY);
            StringBuilder got = new StringBuilder();

            assertThatThrownBy(() -> {
                try (StreamResponse<ChatCompletionChunk> stream =
                        client.chat().completions().createStreaming(ask(SMART))) {
                    stream.stream().flatMap(chunk -> chunk.choices().stream())
                            .forEach(choice -> choice.delta().content().ifPresent(got::append));
                }
            }).isInstanceOf(SseException.class).hasMessageContaining("broke off");
            assertThat(got.toString()).isNotBlank();
            closeClients();
        }
    }
}
