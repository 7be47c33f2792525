package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.InternalServerException;
import com.openai.errors.NotFoundException;
import com.openai.errors.SseException;
import com.openai.errors.UnauthorizedException;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.helpers.ResponseAccumulator;
import com.openai.models.FunctionDefinition;
import com.openai.models.FunctionParameters;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionMessageToolCall;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.chat.completions.ChatCompletionToolMessageParam;
import com.openai.models.responses.Response;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.responses.ResponseStreamEvent;
import io.penstock.loop.Transport;
import io.penstock.mock.Fault;
import io.penstock.mock.MockServer;
import io.penstock.mock.MockSettings;
import io.penstock.provider.ProviderType;
import io.penstock.provider.ProviderTypes;
import io.penstock.route.HoldSettings;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.TypeByName;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.converter.ConvertWith;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** OpenAI's own client can't tell the proxy from OpenAI. */
class OpenAiSdkIT {
    private static final MockSettings MOCK = MockSettings.DEFAULT.withEvents(8);

    private static final Map<String, String> CALLS = Map.of(
            "get_weather", "{\"city\":\"Paris\"}", "get_time", "{\"city\":\"Paris\"}");

    private final List<OpenAIClient> clients = new ArrayList<>();

    private static ProxyUnderTest before(MockServer... mocks) throws Exception {
        ProxyUnderTest.Builder proxy = ProxyUnderTest.on(Transport.auto());
        for (MockServer mock : mocks) {
            proxy.provider(mock.settings().name(), "http://127.0.0.1:" + mock.port());
        }
        return proxy.start();
    }

    private static ProxyUnderTest before(ProviderType type, MockServer mock) throws Exception {
        return ProxyUnderTest.on(Transport.auto())
                .provider(mock.settings().name(), "http://127.0.0.1:" + mock.port()).type(type)
                .start();
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

    @ParameterizedTest
    @ValueSource(strings = {"openai", "anthropic", "gemini"})
    void getsTheSameFromEveryKindOfProvider(@ConvertWith(TypeByName.class) ProviderType type)
            throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a"), 1);
                ProxyUnderTest proxy = before(type, mock)) {
            OpenAIClient client = client(proxy, CALLER_KEY);

            ChatCompletion whole = client.chat().completions().create(ask(SMART)).validate();
            String content = whole.choices().get(0).message().content().orElseThrow();
            ChatCompletionAccumulator streamed = ChatCompletionAccumulator.create();
            try (StreamResponse<ChatCompletionChunk> stream =
                    client.chat().completions().createStreaming(ask(SMART).toBuilder()
                            .streamOptions(ChatCompletionStreamOptions.builder()
                                    .includeUsage(true).build()).build())) {
                stream.stream().forEach(chunk -> streamed.accumulate(chunk.validate()));
            }

            ChatCompletion joined = streamed.chatCompletion();
            assertThat(content).isNotBlank();
            assertThat(joined.choices().get(0).message().content()).contains(content);
            assertThat(joined.choices().get(0).finishReason())
                    .isEqualTo(ChatCompletion.Choice.FinishReason.STOP);
            assertThat(joined.usage().orElseThrow().completionTokens())
                    .isEqualTo(whole.usage().orElseThrow().completionTokens()).isPositive();
            closeClients();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"openai", "anthropic", "gemini"})
    void callsToolsAtEveryKindOfProvider(@ConvertWith(TypeByName.class) ProviderType type)
            throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a"), 1);
                ProxyUnderTest proxy = before(type, mock)) {
            OpenAIClient client = client(proxy, CALLER_KEY);

            ChatCompletion whole = client.chat().completions().create(askWithTools());
            assertThat(calls(whole)).isEqualTo(CALLS);
            assertThat(calls(streamed(client, askWithTools()))).isEqualTo(CALLS);
            ChatCompletionCreateParams.Builder next = askWithTools().toBuilder()
                    .addMessage(whole.choices().get(0).message());
            whole.choices().get(0).message().toolCalls().orElseThrow().forEach(call ->
                    next.addMessage(ChatCompletionToolMessageParam.builder()
                            .toolCallId(call.asFunction().id()).content("sunny").build()));
            next.removeAdditionalHeaders("x-mock-tools");
            assertThat(client.chat().completions().create(next.build()).choices().get(0).message()
                    .content().orElseThrow()).isNotBlank();
            closeClients();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"openai", "anthropic", "gemini"})
    void isToldOfItsMistakesByEveryKindOfProvider(@ConvertWith(TypeByName.class) ProviderType type)
            throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a")
                        .withFail(new Fault(Fault.Kind.STATUS, 400), 1), 1);
                ProxyUnderTest proxy = before(type, mock)) {
            OpenAIClient client = client(proxy, CALLER_KEY);

            assertThatThrownBy(() -> client.chat().completions().create(ask(SMART)))
                    .isInstanceOfSatisfying(BadRequestException.class,
                            e -> assertThat(e.type()).contains("invalid_request_error"));
            closeClients();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"openai", "anthropic", "gemini"})
    void readsResponsesOfEveryKindOfProvider(@ConvertWith(TypeByName.class) ProviderType type)
            throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withName("a"), 1);
                ProxyUnderTest proxy = before(type, mock)) {
            OpenAIClient client = client(proxy, CALLER_KEY);
            ResponseCreateParams ask =
                    ResponseCreateParams.builder().model(SMART).input("Hi").build();

            Response whole = client.responses().create(ask);
            ResponseAccumulator streamed = ResponseAccumulator.create();
            try (StreamResponse<ResponseStreamEvent> stream =
                    client.responses().createStreaming(ask)) {
                stream.stream().forEach(streamed::accumulate);
            }

            assertThat(text(whole)).isNotBlank().isEqualTo(text(streamed.response()));
            assertThat(whole.usage().orElseThrow().outputTokens()).isPositive()
                    .isEqualTo(streamed.response().usage().orElseThrow().outputTokens());
            closeClients();
        }
    }

    private static String text(Response response) {
        return response.output().stream().flatMap(item -> item.message().stream())
                .flatMap(message -> message.content().stream())
                .map(part -> part.asOutputText().text()).collect(Collectors.joining());
    }

    @ParameterizedTest
    @CsvSource({"RESET, 1", "ERROR_FIRST, 1", "MIDSTREAM, 100", "ERROR_EVENT, 100"})
    void getsParallelCallsFromTheNextProviderWhenOneDies(Fault.Kind fault, int held)
            throws Exception {
        try (MockServer dying = MockServer.start(MOCK.withName("a")
                        .withFail(new Fault(fault, 0), 1), 1);
                MockServer mock = MockServer.start(MOCK.withName("b"), 1);
                ProxyUnderTest proxy = ProxyUnderTest.on(Transport.auto())
                        .provider("a", "http://127.0.0.1:" + dying.port())
                        .type(ProviderTypes.OPENAI)
                        .provider("b", "http://127.0.0.1:" + mock.port())
                        .type(ProviderTypes.ANTHROPIC)
                        .hold(new HoldSettings(held, 64 * 1024, null)).start()) {
            OpenAIClient client = client(proxy, CALLER_KEY);

            ChatCompletion joined = streamed(client, askWithTools());

            assertThat(calls(joined)).isEqualTo(CALLS);
            assertThat(joined.choices().get(0).finishReason())
                    .isEqualTo(ChatCompletion.Choice.FinishReason.TOOL_CALLS);
            assertThat(dying.requests()).isPositive();
            assertThat(mock.requests()).isEqualTo(1);
            closeClients();
        }
    }

    private static ChatCompletionCreateParams askWithTools() {
        ChatCompletionCreateParams.Builder ask = ChatCompletionCreateParams.builder().model(SMART)
                .addUserMessage("Hi");
        for (String name : CALLS.keySet()) {
            ask.addFunctionTool(FunctionDefinition.builder().name(name)
                    .parameters(FunctionParameters.builder()
                            .putAdditionalProperty("type", JsonValue.from("object"))
                            .putAdditionalProperty("properties", JsonValue.from(
                                    Map.of("city", Map.of("type", "string")))).build()).build());
        }
        return ask.putAdditionalHeader("x-mock-tools", "2")
                .putAdditionalHeader("x-mock-arguments", "{\"city\":\"Paris\"}").build();
    }

    private static ChatCompletion streamed(OpenAIClient client, ChatCompletionCreateParams ask) {
        ChatCompletionAccumulator streamed = ChatCompletionAccumulator.create();
        try (StreamResponse<ChatCompletionChunk> stream =
                client.chat().completions().createStreaming(ask)) {
            stream.stream().forEach(streamed::accumulate);
        }
        return streamed.chatCompletion();
    }

    private static Map<String, String> calls(ChatCompletion answer) {
        return answer.choices().get(0).message().toolCalls().orElseThrow().stream()
                .map(ChatCompletionMessageToolCall::asFunction)
                .peek(call -> assertThat(call.id()).isNotBlank())
                .collect(Collectors.toMap(call -> call.function().name(),
                        call -> call.function().arguments()));
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
