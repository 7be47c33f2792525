package io.penstock.mock;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** OpenAI's older text completions. */
final class OpenAiCompletions extends OpenAi {
    @Override
    public Ask read(RequestReader request) throws ProviderError {
        JsonBody body = JsonBody.parse(request.body());
        boolean stream = body.flag("stream");
        return new Ask(body.requiredText("model"), stream, false,
                stream && body.object("stream_options").flag("include_usage"),
                body.numberOr("max_tokens", Long.MAX_VALUE), List.of(), null, body);
    }

    @Override
    public Json unary(Ask ask, Answer answer) {
        return completion(answer, List.of(choice(answer.whole(), finish(answer))),
                usage(answer.tokens()));
    }

    @Override
    public EventStream stream(Ask ask, Answer answer) {
        EventStream events = new EventStream(EventStream.SSE);
        Object usage = ask.tellsUsage() ? null : Json.ABSENT;
        for (String piece : answer.text()) {
            events.addContent(Dialect.data(
                    completion(answer, List.of(choice(piece, null)), usage)));
        }
        events.add(Dialect.data(
                completion(answer, List.of(choice("", finish(answer))), usage)));
        if (ask.tellsUsage() && answer.tokens() != null) {
            events.add(Dialect.data(completion(answer, List.of(), usage(answer.tokens()))));
        }
        return events.end(Dialect.data("[DONE]"));
    }

    private static Json completion(Answer answer, List<Json> choices, @Nullable Object usage) {
        return Json.object("id", "cmpl-" + answer.id(), "object", "text_completion",
                "created", answer.createdSeconds(), "model", answer.model(),
                "system_fingerprint", "fp_" + answer.id(), "choices", choices, "usage", usage);
    }

    private static Json choice(String text, @Nullable String finish) {
        return Json.object("text", text, "index", 0, "logprobs", null, "finish_reason", finish);
    }

    private static String finish(Answer answer) {
        return switch (answer.finish()) {
            case LENGTH -> "length";
            case FILTER -> "content_filter";
            default -> "stop";
        };
    }
}
