package io.penstock.whole;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.errors.OpenAIServiceException;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.models.FunctionDefinition;
import com.openai.models.FunctionParameters;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionMessage;
import com.openai.models.chat.completions.ChatCompletionMessageFunctionToolCall;
import com.openai.models.chat.completions.ChatCompletionMessageToolCall;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.chat.completions.ChatCompletionToolMessageParam;
import com.openai.models.completions.CompletionUsage;
import java.util.List;

/** OpenAI's client, asking chats. */
final class ChatSdkCaller implements SdkCaller {
    private final OpenAIClient client;

    ChatSdkCaller(String url, String key) {
        client = OpenAIOkHttpClient.builder().baseUrl(url).apiKey(key).maxRetries(0).build();
    }

    @Override
    public Said whole(Question question) {
        return said(client.chat().completions().create(params(question).build()).validate());
    }

    @Override
    public Said streamed(Question question) {
        ChatCompletionAccumulator joined = ChatCompletionAccumulator.create();
        ChatCompletionCreateParams params = params(question).streamOptions(
                ChatCompletionStreamOptions.builder().includeUsage(true).build()).build();
        try (StreamResponse<ChatCompletionChunk> stream =
                client.chat().completions().createStreaming(params)) {
            stream.stream().forEach(chunk -> joined.accumulate(chunk.validate()));
        }
        return said(joined.chatCompletion());
    }

    private static ChatCompletionCreateParams.Builder params(Question question) {
        ChatCompletionCreateParams.Builder params = ChatCompletionCreateParams.builder()
                .model(question.model()).maxCompletionTokens(MAX_TOKENS).addUserMessage("Hi");
        for (String name : question.offersTools() ? TOOLS : List.<String>of()) {
            params.addFunctionTool(FunctionDefinition.builder().name(name)
                    .parameters(FunctionParameters.builder()
                            .putAdditionalProperty("type", JsonValue.from("object"))
                            .putAdditionalProperty("properties", JsonValue.from(PARAMETERS))
                            .build()).build());
        }
        if (question.calls() != null) {
            ChatCompletion calling = (ChatCompletion) question.calls().reply();
            params.addMessage(calling.choices().get(0).message());
            for (ChatCompletionMessageFunctionToolCall call : calls(calling)) {
                params.addMessage(ChatCompletionToolMessageParam.builder().toolCallId(call.id())
                        .content(question.results().get(call.function().name())).build());
            }
        }
        question.fields().forEach(params::putAdditionalHeader);
        return params;
    }

    private static List<ChatCompletionMessageFunctionToolCall> calls(ChatCompletion reply) {
        return reply.choices().get(0).message().toolCalls().orElse(List.of()).stream()
                .map(ChatCompletionMessageToolCall::asFunction).toList();
    }

    private static Said said(ChatCompletion reply) {
        ChatCompletionMessage message = reply.choices().get(0).message();
        CompletionUsage usage = reply.usage().orElseThrow();
        return new Said(reply.model(), message.content().orElse(""),
                calls(reply).stream().map(call -> call.function().name()
                        + call.function().arguments()).toList(),
                reply.choices().get(0).finishReason().asString(), usage.promptTokens(),
                usage.promptTokensDetails().flatMap(details -> details.cachedTokens()).orElse(0L),
                usage.completionTokens(), reply);
    }

    @Override
    public Refused refused(Throwable thrown) {
        return thrown instanceof OpenAIServiceException e
                ? new Refused(e.statusCode(), e.type().orElse(""), e.getMessage()) : null;
    }

    @Override
    public void close() {
        client.close();
    }
}
