package io.penstock.whole;

import com.anthropic.client.AnthropicClient;
import com.anthropic.client.okhttp.AnthropicOkHttpClient;
import com.anthropic.core.JsonValue;
import com.anthropic.core.ObjectMappers;
import com.anthropic.core.http.StreamResponse;
import com.anthropic.errors.AnthropicServiceException;
import com.anthropic.helpers.MessageAccumulator;
import com.anthropic.models.messages.ContentBlockParam;
import com.anthropic.models.messages.Message;
import com.anthropic.models.messages.MessageCreateParams;
import com.anthropic.models.messages.RawMessageStreamEvent;
import com.anthropic.models.messages.Tool;
import com.anthropic.models.messages.ToolResultBlockParam;
import com.anthropic.models.messages.ToolUseBlock;
import com.anthropic.models.messages.Usage;
import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.List;
import java.util.stream.Collectors;

/** Anthropic's client. */
final class MessagesSdkCaller implements SdkCaller {
    private final AnthropicClient client;

    MessagesSdkCaller(String url, String key) {
        client = AnthropicOkHttpClient.builder().baseUrl(url).apiKey(key).maxRetries(0).build();
    }

    @Override
    public Said whole(Question question) {
        return said(client.messages().create(params(question)).validate());
    }

    @Override
    public Said streamed(Question question) {
        MessageAccumulator joined = MessageAccumulator.create();
        try (StreamResponse<RawMessageStreamEvent> stream =
                client.messages().createStreaming(params(question))) {
            stream.stream().forEach(event -> joined.accumulate(event.validate()));
        }
        return said(joined.message());
    }

    private static MessageCreateParams params(Question question) {
        MessageCreateParams.Builder params = MessageCreateParams.builder()
                .model(question.model()).maxTokens(MAX_TOKENS).addUserMessage("Hi");
        for (String name : question.offersTools() ? TOOLS : List.<String>of()) {
            Tool.InputSchema.Properties.Builder properties =
                    Tool.InputSchema.Properties.builder();
            PARAMETERS.forEach((parameter, schema) ->
                    properties.putAdditionalProperty(parameter, JsonValue.from(schema)));
            params.addTool(Tool.builder().name(name).inputSchema(
                    Tool.InputSchema.builder().properties(properties.build()).build()).build());
        }
        if (question.calls() != null) {
            Message calling = (Message) question.calls().reply();
            params.addMessage(calling);
            params.addUserMessageOfContentBlockParams(calls(calling).stream()
                    .map(call -> ContentBlockParam.ofToolResult(ToolResultBlockParam.builder()
                            .toolUseId(call.id()).content(question.results().get(call.name()))
                            .build())).toList());
        }
        question.fields().forEach(params::putAdditionalHeader);
        return params.build();
    }

    private static List<ToolUseBlock> calls(Message reply) {
        return reply.content().stream().flatMap(block -> block.toolUse().stream()).toList();
    }

    private static Said said(Message reply) {
        Usage usage = reply.usage();
        return new Said(reply.model().asString(),
                reply.content().stream().flatMap(block -> block.text().stream())
                .map(block -> block.text()).collect(Collectors.joining()),
                calls(reply).stream().map(call -> call.name() + json(call._input())).toList(),
                reply.stopReason().orElseThrow().asString(),
                usage.inputTokens() + usage.cacheReadInputTokens().orElse(0L)
                        + usage.cacheCreationInputTokens().orElse(0L),
                usage.cacheReadInputTokens().orElse(0L), usage.outputTokens(), reply);
    }

    private static String json(JsonValue value) {
        try {
            return ObjectMappers.jsonMapper().writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new AssertionError("what was JSON is none", e);
        }
    }

    @Override
    public Refused refused(Throwable thrown) {
        return thrown instanceof AnthropicServiceException e ? new Refused(e.statusCode(),
                e.type().map(type -> type.asString()).orElse(""), e.getMessage()) : null;
    }

    @Override
    public void close() {
        client.close();
    }
}
