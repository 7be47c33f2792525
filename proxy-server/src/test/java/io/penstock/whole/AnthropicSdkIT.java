package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.anthropic.client.AnthropicClient;
import com.anthropic.client.okhttp.AnthropicOkHttpClient;
import com.anthropic.core.JsonValue;
import com.anthropic.core.http.StreamResponse;
import com.anthropic.errors.BadRequestException;
import com.anthropic.errors.NotFoundException;
import com.anthropic.errors.SseException;
import com.anthropic.errors.UnauthorizedException;
import com.anthropic.helpers.MessageAccumulator;
import com.anthropic.models.ErrorType;
import com.anthropic.models.messages.ContentBlockParam;
import com.anthropic.models.messages.Message;
import com.anthropic.models.messages.MessageCountTokensParams;
import com.anthropic.models.messages.MessageCreateParams;
import com.anthropic.models.messages.RawMessageStreamEvent;
import com.anthropic.models.messages.StopReason;
import com.anthropic.models.messages.Tool;
import com.anthropic.models.messages.ToolResultBlockParam;
import io.penstock.loop.Transport;
import io.penstock.mock.Fault;
import io.penstock.mock.MockServer;
import io.penstock.mock.MockSettings;
import io.penstock.provider.ProviderType;
import io.penstock.provider.ProviderTypes;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.TypeByName;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.converter.ConvertWith;
import org.junit.jupiter.params.provider.ValueSource;

/** Anthropic's own client can't tell the proxy from Anthropic, whoever answers. */
class AnthropicSdkIT {
    private static final MockSettings MOCK = MockSettings.DEFAULT.withName("a").withEvents(8);
    private static final List<String> TOOLS = List.of("get_weather", "get_time");

    private final List<AnthropicClient> clients = new ArrayList<>();

    private static ProxyUnderTest before(ProviderType type, MockServer mock) throws Exception {
        return ProxyUnderTest.on(Transport.auto())
                .provider("a", "http://127.0.0.1:" + mock.port()).type(type).start();
    }

    private AnthropicClient client(ProxyUnderTest proxy, String key) {
        AnthropicClient client = AnthropicOkHttpClient.builder()
                .baseUrl("http://127.0.0.1:" + proxy.port()).apiKey(key).maxRetries(0).build();
        clients.add(client);
        return client;
    }

    /** Its connections have to be gone before the proxy may be found empty. */
    private void closeClients() {
        clients.forEach(AnthropicClient::close);
    }

    private static MessageCreateParams ask(String model) {
        return MessageCreateParams.builder().model(model).maxTokens(1000).addUserMessage("Hi")
                .build();
    }

    private static MessageCreateParams askWithTools() {
        MessageCreateParams.Builder ask = ask(SMART).toBuilder();
        for (String name : TOOLS) {
            ask.addTool(Tool.builder().name(name).inputSchema(Tool.InputSchema.builder()
                    .properties(Tool.InputSchema.Properties.builder().putAdditionalProperty("city",
                            JsonValue.from(Map.of("type", "string"))).build()).build()).build());
        }
        return ask.putAdditionalHeader("x-mock-tools", "2")
                .putAdditionalHeader("x-mock-arguments", "{\"city\":\"Paris\"}").build();
    }

    private static Message streamed(AnthropicClient client, MessageCreateParams ask) {
        MessageAccumulator streamed = MessageAccumulator.create();
        try (StreamResponse<RawMessageStreamEvent> stream =
                client.messages().createStreaming(ask)) {
            stream.stream().forEach(streamed::accumulate);
        }
        return streamed.message();
    }

    private static String text(Message message) {
        return message.content().stream().flatMap(block -> block.text().stream())
                .map(block -> block.text()).collect(Collectors.joining());
    }

    private static List<String> calls(Message message) {
        return message.content().stream().flatMap(block -> block.toolUse().stream())
                .peek(call -> assertThat(call.id()).isNotBlank())
                .map(call -> call.name() + call._input().convert(Map.class)).toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"anthropic", "openai", "gemini"})
    void getsAWholeReplyAndTheSameOneStreamed(@ConvertWith(TypeByName.class) ProviderType type)
            throws Exception {
        try (MockServer mock = MockServer.start(MOCK, 1);
                ProxyUnderTest proxy = before(type, mock)) {
            AnthropicClient client = client(proxy, CALLER_KEY);

            Message whole = client.messages().create(ask(SMART));
            Message streamed = streamed(client, ask(SMART));

            assertThat(text(whole)).isNotBlank().isEqualTo(text(streamed));
            assertThat(whole.stopReason()).contains(StopReason.END_TURN)
                    .isEqualTo(streamed.stopReason());
            assertThat(whole.usage().outputTokens()).isPositive()
                    .isEqualTo(streamed.usage().outputTokens());
            assertThat(whole.usage().inputTokens()).isPositive();
            closeClients();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"anthropic", "openai", "gemini"})
    void callsTools(@ConvertWith(TypeByName.class) ProviderType type)
            throws Exception {
        try (MockServer mock = MockServer.start(MOCK, 1);
                ProxyUnderTest proxy = before(type, mock)) {
            AnthropicClient client = client(proxy, CALLER_KEY);

            Message whole = client.messages().create(askWithTools());
            Message streamed = streamed(client, askWithTools());

            assertThat(calls(whole)).containsExactly("get_weather{city=Paris}",
                    "get_time{city=Paris}").isEqualTo(calls(streamed));
            assertThat(whole.stopReason()).contains(StopReason.TOOL_USE)
                    .isEqualTo(streamed.stopReason());
            List<ContentBlockParam> results = whole.content().stream()
                    .flatMap(block -> block.toolUse().stream())
                    .map(call -> ContentBlockParam.ofToolResult(ToolResultBlockParam.builder()
                            .toolUseId(call.id()).content("sunny").build())).toList();
            Message next = client.messages().create(askWithTools().toBuilder()
                    .addMessage(whole).addUserMessageOfContentBlockParams(results)
                    .removeAdditionalHeaders("x-mock-tools").build());
            assertThat(text(next)).isNotBlank();
            closeClients();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"anthropic", "openai", "gemini"})
    void isToldOfItsMistakes(@ConvertWith(TypeByName.class) ProviderType type)
            throws Exception {
        try (MockServer mock = MockServer.start(
                        MOCK.withFail(new Fault(Fault.Kind.STATUS, 400), 1), 1);
                ProxyUnderTest proxy = before(type, mock)) {
            AnthropicClient client = client(proxy, CALLER_KEY);

            assertThatThrownBy(() -> client.messages().create(ask(SMART)))
                    .isInstanceOfSatisfying(BadRequestException.class, e ->
                            assertThat(e.type()).contains(ErrorType.INVALID_REQUEST_ERROR));
            closeClients();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"anthropic", "openai", "gemini"})
    void raisesWhenAStreamBreaksOff(@ConvertWith(TypeByName.class) ProviderType type)
            throws Exception {
        try (MockServer mock = MockServer.start(MOCK.withEvents(40)
                        .withFail(new Fault(Fault.Kind.MIDSTREAM, 0), 1), 1);
                ProxyUnderTest proxy = before(type, mock)) {
            AnthropicClient client = client(proxy, CALLER_KEY);

            assertThatThrownBy(() -> streamed(client, ask(SMART)))
                    .isInstanceOf(SseException.class).hasMessageContaining("broke off");
            closeClients();
        }
    }

    @Test
    void isToldOfItsKeyAndItsModel() throws Exception {
        try (MockServer mock = MockServer.start(MOCK, 1);
                ProxyUnderTest proxy = before(ProviderTypes.OPENAI, mock)) {
            assertThatThrownBy(() -> client(proxy, "wrong").messages().create(ask(SMART)))
                    .isInstanceOfSatisfying(UnauthorizedException.class, e ->
                            assertThat(e.type()).contains(ErrorType.AUTHENTICATION_ERROR));
            assertThatThrownBy(() -> client(proxy, CALLER_KEY).messages()
                    .create(ask("nobody-has-it"))).isInstanceOfSatisfying(NotFoundException.class,
                            e -> assertThat(e.type()).contains(ErrorType.NOT_FOUND_ERROR));
            assertThat(mock.requests()).isZero();
            closeClients();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"anthropic", "openai"})
    void countsTokens(@ConvertWith(TypeByName.class) ProviderType type)
            throws Exception {
        try (MockServer mock = MockServer.start(MOCK, 1);
                ProxyUnderTest proxy = before(type, mock)) {
            assertThat(client(proxy, CALLER_KEY).messages().countTokens(
                    MessageCountTokensParams.builder().model(SMART).addUserMessage("Hi").build())
                    .inputTokens()).isPositive();
            closeClients();
        }
    }
}
