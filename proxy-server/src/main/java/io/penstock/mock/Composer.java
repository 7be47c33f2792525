package io.penstock.mock;

import io.netty.buffer.ByteBufAllocator;
import io.penstock.mock.Answer.Finish;
import io.penstock.mock.Answer.Tokens;
import io.penstock.mock.Answer.ToolCall;
import io.penstock.mock.Controls.TokenCounts;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Answers every call but the plain chats that {@link ChatScript} holds ready: decides what is said,
 * has it worded by the format that the call came in, and lets faults have their way with it.
 *
 * <p><b>Thread:</b> confined to its event loop.
 * <br><b>Bounds:</b> {@value #MAX_EVENTS} content events a reply; more are refused.
 */
final class Composer {
    static final int MAX_EVENTS = 100_000;
    static final long MAX_WRITING_NANOS = TimeUnit.DAYS.toNanos(1);

    private static final String DECLINED = "I'm sorry, but I can't help with that.";
    private static final String ARGUMENTS = "{\"city\":\"Zürich \\\"Nord\\\"\",\"days\":%d}";

    private final MockServer server;
    private final MockSettings settings;
    private final byte[][] words;
    private final @Nullable SignatureCheck signatures; // null where any caller will do

    Composer(MockServer server, byte[][] words) {
        this.server = server;
        this.settings = server.settings();
        this.words = words;
        signatures = settings.signingKey() == null ? null
                : new SignatureCheck(settings.signingKey(), InstantSource.system());
    }

    /** Answers a chat of which only the fields are known. */
    Reply answerPlain(RequestReader request, Fault fault, ByteBufAllocator allocator,
            long nowNanos) {
        ChatFields fields = request.fields();
        try {
            refuseBy(fault);
            if (!fields.isObject()) {
                throw ProviderError.badRequest("The body is no JSON object.");
            }
            if (fields.modelLength() == 0) {
                throw ProviderError.badRequest("You must provide a model parameter.");
            }
            String model = JsonBody.parse(Draft.utf8("{\"model\":\"" + new String(fields.model(), 0,
                    fields.modelLength(), StandardCharsets.UTF_8) + "\"}")).text("model");
            return say(request, new Ask(model, fields.isStream(), false, fields.includesUsage(),
                    fields.maxTokens(), List.of(), null, JsonBody.EMPTY), fault.kind(),
                    allocator, nowNanos);
        } catch (ProviderError e) {
            return refuse(request, e, allocator, nowNanos);
        }
    }

    /** Answers a call whose body the reader has kept. */
    Reply answer(RequestReader request, Fault fault, ByteBufAllocator allocator, long nowNanos) {
        try {
            if (signatures != null) {
                signatures.check(request);
            }
            refuseBy(fault);
            Dialect dialect = request.endpoint().dialect();
            if (request.endpoint().isConversation()) {
                return say(request, dialect.read(request), fault.kind(), allocator, nowNanos);
            }
            return writer(request, allocator, nowNanos, 0).write(
                    Extras.answer(request, settings, words)
                            .spoiled(fault.kind(), () -> dialect.error(trouble())), fault.kind());
        } catch (ProviderError e) {
            return refuse(request, e, allocator, nowNanos);
        }
    }

    private Reply say(RequestReader request, Ask ask, Fault.Kind fault,
            ByteBufAllocator allocator, long nowNanos) throws ProviderError {
        Dialect dialect = request.endpoint().dialect();
        Answer answer = compose(ask, request.controls(), fault, request.bodyBytes());
        if (ask.stream()) {
            Draft draft = Draft.events(dialect.stream(ask, answer), fault,
                    before -> dialect.errorEvents(ask, answer, trouble(), before));
            return writer(request, allocator, nowNanos, 0).write(draft, fault);
        }
        Draft draft = Draft.json(200, "x-request-id: req_" + answer.id() + "\r\n",
                dialect.unary(ask, answer))
                .spoiled(fault, () -> dialect.failed(ask, answer, trouble()));
        return writer(request, allocator, nowNanos,
                (long) answer.reasoning().size() + answer.text().size()).write(draft, fault);
    }

    /**
     * Writes at the pace that the request asks for.
     *
     * @param events that a model has to think of before a unary reply can begin
     */
    private DraftWriter writer(RequestReader request, ByteBufAllocator allocator, long nowNanos,
            long events) {
        Controls controls = request.controls();
        long interval = controls.intervalNanosOr(settings.interval().toNanos());
        long writing = (long) Math.min(MAX_WRITING_NANOS, Math.max(0, events - 1.0) * interval);
        return new DraftWriter(allocator,
                nowNanos + controls.ttftNanosOr(settings.ttft().toNanos()) + writing, interval,
                request.closes());
    }

    /** Answers with an error, in the format of the call. */
    Reply refuse(RequestReader request, ProviderError error, ByteBufAllocator allocator,
            long nowNanos) {
        if (error.reason() == ProviderError.Reason.EDGE) {
            return new DraftWriter(allocator, nowNanos, 0, request.closes())
                    .write(page(error.status()), Fault.Kind.NONE);
        }
        Dialect dialect = request.endpoint().dialect();
        return new DraftWriter(allocator, nowNanos, 0, request.closes()).write(
                Draft.json(dialect.status(error), dialect.errorFields(error),
                        dialect.error(error)), Fault.Kind.NONE);
    }

    /** Answers what is no request, and closes. */
    Reply refuse(BadRequestException error, ByteBufAllocator allocator, long nowNanos) {
        return new DraftWriter(allocator, nowNanos, 0, true).write(Draft.json(error.status(), "",
                Endpoint.OTHER.dialect().error(ProviderError.badRequest(
                        String.valueOf(error.getMessage())))),
                Fault.Kind.NONE);
    }

    /** Lists the one model that it tells of, though it takes any. */
    Reply models(RequestReader request, ByteBufAllocator allocator, long nowNanos) {
        String name = settings.name();
        Json list;
        if (request.header("x-goog-api-key") != null) {
            list = Json.object("models", Json.array(Json.object("name", "models/" + name,
                    "displayName", name, "supportedGenerationMethods",
                    Json.array("generateContent", "countTokens"))));
        } else if (request.header("anthropic-version") != null) {
            list = Json.object("data", Json.array(Json.object("type", "model", "id", name,
                    "display_name", name, "created_at", "2025-08-12T11:20:00Z")),
                    "has_more", false, "first_id", name, "last_id", name);
        } else {
            list = Json.object("object", "list", "data", Json.array(Json.object("id", name,
                    "object", "model", "created", 1755000000, "owned_by", "penstock")));
        }
        return new DraftWriter(allocator, nowNanos, 0, request.closes())
                .write(Draft.json(200, "", list), Fault.Kind.NONE);
    }

    private void refuseBy(Fault fault) throws ProviderError {
        switch (fault.kind()) {
            case STATUS -> throw ProviderError.ofStatus(fault.status(), settings.name());
            case CONTEXT_LENGTH -> throw ProviderError.contextLength();
            case QUOTA -> throw ProviderError.quota();
            case INVALID_KEY -> throw ProviderError.invalidKey();
            case HTML -> throw ProviderError.edge();
            default -> { }
        }
    }

    /** What an error event, or an error by 200, tells. */
    private ProviderError trouble() {
        return ProviderError.ofStatus(500, settings.name());
    }

    private Draft page(int status) {
        return Draft.whole(status, "content-type: text/html\r\n", Draft.utf8(
                "<html><head><title>Bad Gateway</title></head>\n<body><center><h1>Bad Gateway"
                + "</h1></center><hr><center>" + settings.name() + "</center></body></html>\n"));
    }

    private Answer compose(Ask ask, Controls controls, Fault.Kind fault, long bodyBytes)
            throws ProviderError {
        String id = settings.name().replace('.', '_') + '-' + server.nextAnswer();
        List<ToolCall> calls = calls(ask, controls, id);
        List<String> text = text(ask, controls, calls.isEmpty());
        Finish finish = calls.isEmpty() ? Finish.STOP : Finish.TOOLS;
        if (fault == Fault.Kind.REFUSAL) {
            text = Pieces.words(DECLINED);
            calls = List.of();
            finish = Finish.REFUSAL;
        } else if (fault == Fault.Kind.CONTENT_FILTER) {
            text = text.subList(0, (text.size() + 1) / 2);
            calls = List.of();
            finish = Finish.FILTER;
        } else if (text.size() > Math.max(1, ask.maxTokens())) {
            text = text.subList(0, (int) Math.max(1, ask.maxTokens()));
            calls = List.of();
            finish = Finish.LENGTH;
        }
        List<String> reasoning = Pieces.words(controls.reasoning());
        return new Answer(id, server.startSeconds(), ask.model(), reasoning, text, calls,
                controls.interleavesTools(), finish,
                tokens(controls.usage(), bodyBytes / 4, reasoning.size(),
                        text.size() + calls.stream().mapToInt(c -> c.pieces().size()).sum()));
    }

    private List<String> text(Ask ask, Controls controls, boolean speaks) throws ProviderError {
        String wanted = controls.text() != null ? controls.text()
                : speaks ? settings.text() : "";
        List<String> text;
        if (wanted == null) {
            int events = controls.eventsOr(settings.events());
            if (events > MAX_EVENTS) {
                throw ProviderError.badRequest("This mock has no more than " + MAX_EVENTS
                        + " events for such a call.");
            }
            text = Pieces.texts(words, events);
        } else {
            text = Pieces.words(wanted);
        }
        if (ask.begun() == null) {
            return text;
        }
        return switch (controls.prefillOr(settings.prefill())) {
            case ANEW -> text;
            case CONTINUE -> {
                String whole = String.join("", text);
                yield whole.startsWith(ask.begun())
                        ? Pieces.words(whole.substring(ask.begun().length())) : text;
            }
            case REJECT -> throw ProviderError.badRequest("This model does not support assistant "
                    + "message prefill. The conversation must end with a user message.");
        };
    }

    private static List<ToolCall> calls(Ask ask, Controls controls, String id) {
        List<ToolCall> calls = new ArrayList<>();
        for (int i = 0; i < controls.tools() && !ask.tools().isEmpty(); i++) {
            calls.add(new ToolCall(id + '-' + (i + 1), ask.tools().get(i % ask.tools().size()),
                    controls.arguments() == null ? ARGUMENTS.formatted(i + 1)
                            : controls.arguments()));
        }
        return calls;
    }

    private static @Nullable Tokens tokens(@Nullable TokenCounts wanted, long prompt,
            long reasoning, long said) {
        if (wanted == null) {
            return new Tokens(prompt, 0, 0, reasoning + said, reasoning);
        }
        if (wanted.none()) {
            return null;
        }
        long thought = wanted.reasoning() < 0 ? reasoning : wanted.reasoning();
        return new Tokens(wanted.prompt() < 0 ? prompt : wanted.prompt(),
                Math.max(0, wanted.cached()), Math.max(0, wanted.written()),
                wanted.completion() < 0 ? thought + said : wanted.completion(), thought);
    }
}
