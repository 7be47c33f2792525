package io.penstock.whole;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.errors.OpenAIServiceException;
import com.openai.helpers.ResponseAccumulator;
import com.openai.models.responses.EasyInputMessage;
import com.openai.models.responses.FunctionTool;
import com.openai.models.responses.Response;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.responses.ResponseFunctionToolCall;
import com.openai.models.responses.ResponseInputItem;
import com.openai.models.responses.ResponseStreamEvent;
import com.openai.models.responses.ResponseUsage;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** OpenAI's client, asking for responses. */
final class ResponsesSdkCaller implements SdkCaller {
    private final OpenAIClient client;

    ResponsesSdkCaller(String url, String key) {
        client = OpenAIOkHttpClient.builder().baseUrl(url).apiKey(key).maxRetries(0).build();
    }

    @Override
    public Said whole(Question question) {
        return said(client.responses().create(params(question)).validate());
    }

    @Override
    public Said streamed(Question question) {
        ResponseAccumulator joined = ResponseAccumulator.create();
        StringBuilder text = new StringBuilder();
        try (StreamResponse<ResponseStreamEvent> stream =
                client.responses().createStreaming(params(question))) {
            stream.stream().forEach(event -> {
                joined.accumulate(event.validate());
                event.outputTextDelta().ifPresent(delta -> text.append(delta.delta()));
                event.error().ifPresent(error -> {
                    throw new StreamFailedException(error.message());
                });
                event.failed().ifPresent(failed -> {
                    throw new StreamFailedException(
                            failed.response().error().orElseThrow().message());
                });
            });
        }
        Said said = said(joined.response());
        if (!said.text().contentEquals(text)) {
            throw new AssertionError("pieces: " + text + ", the whole: " + said.text());
        }
        return said;
    }

    private static ResponseCreateParams params(Question question) {
        ResponseCreateParams.Builder params = ResponseCreateParams.builder()
                .model(question.model()).maxOutputTokens(MAX_TOKENS);
        for (String name : question.offersTools() ? TOOLS : List.<String>of()) {
            params.addTool(FunctionTool.builder().name(name).strict(false)
                    .parameters(FunctionTool.Parameters.builder()
                            .putAdditionalProperty("type", JsonValue.from("object"))
                            .putAdditionalProperty("properties", JsonValue.from(PARAMETERS))
                            .build()).build());
        }
        List<ResponseInputItem> input = new ArrayList<>();
        input.add(ResponseInputItem.ofEasyInputMessage(EasyInputMessage.builder()
                .role(EasyInputMessage.Role.USER).content("Hi").build()));
        if (question.calls() != null) {
            Response calling = (Response) question.calls().reply();
            calling.output().forEach(item -> {
                item.message().map(ResponseInputItem::ofResponseOutputMessage)
                        .ifPresent(input::add);
                item.functionCall().map(ResponseInputItem::ofFunctionCall).ifPresent(input::add);
                item.reasoning().map(ResponseInputItem::ofReasoning).ifPresent(input::add);
            });
            for (ResponseFunctionToolCall call : calls(calling)) {
                input.add(ResponseInputItem.ofFunctionCallOutput(
                        ResponseInputItem.FunctionCallOutput.builder().callId(call.callId())
                                .output(question.results().get(call.name())).build()));
            }
        }
        question.fields().forEach(params::putAdditionalHeader);
        return params.inputOfResponse(input).build();
    }

    private static List<ResponseFunctionToolCall> calls(Response reply) {
        return reply.output().stream().flatMap(item -> item.functionCall().stream()).toList();
    }

    private static Said said(Response reply) {
        ResponseUsage usage = reply.usage().orElseThrow();
        return new Said(reply.model().isString() ? reply.model().asString() : "a known one",
                reply.output().stream().flatMap(item -> item.message().stream())
                .flatMap(message -> message.content().stream())
                .map(part -> part.asOutputText().text()).collect(Collectors.joining()),
                calls(reply).stream().map(call -> call.name() + call.arguments()).toList(),
                reply.status().orElseThrow().asString(), usage.inputTokens(),
                usage.inputTokensDetails().cachedTokens(), usage.outputTokens(), reply);
    }

    @Override
    public Refused refused(Throwable thrown) {
        if (thrown instanceof StreamFailedException) {
            return new Refused(200, "", thrown.getMessage());
        }
        return thrown instanceof OpenAIServiceException e
                ? new Refused(e.statusCode(), e.type().orElse(""), e.getMessage()) : null;
    }

    @Override
    public void close() {
        client.close();
    }

    /** The client gives a stream's failure as one of its events. */
    private static final class StreamFailedException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        StreamFailedException(String message) {
            super(message);
        }
    }
}
