package io.penstock.translate;

import io.penstock.json.JsonText;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads OpenAI chat completions, and the older completions, as tolerantly as the many servers that
 * imitate them ask for: members in any order, content in parts, reasoning under three names, calls
 * without index or id, usage wherever it is.
 *
 * <p>A stream is complete at {@code [DONE]}, or at its end, if every answer that began had a finish
 * reason. One that ends without is broken: nothing that follows its {@code [DONE]} counts. A whole
 * body needs no reason to be whole.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Bounds:</b> {@value #MAX_CHOICES} answers of {@value #MAX_CALLS} calls, {@value
 * #MAX_NAMELESS_CHARS} characters of arguments for a call whose name has not come.
 */
final class ChatReader extends TurnReader {
    /** Begins redacted reasoning that is another provider's than Anthropic's. */
    static final String DETAIL_MARK = "penstock:detail:"; // as requests are read
    private static final int MAX_CHOICES = 128;
    private static final int MAX_CALLS = 512;
    private static final int MAX_NAMELESS_CHARS = 64 * 1024;

    /** An answer. */
    private static final class Choice {
        final int index;
        final List<Call> calls = new ArrayList<>(2);
        int startedCalls;
        boolean finished;

        Choice(int index) {
            this.index = index;
        }
    }

    /** A tool call. */
    private static final class Call {
        final int index; // the provider's; negative if it gave none
        int otherIndex = -1; // under which the provider went on with it
        int number = -1; // ours, once it has begun
        @Nullable String id;
        @Nullable String name;
        final ArgumentsEnd end = new ArgumentsEnd();
        @Nullable StringBuilder held; // arguments that came before the name

        Call(int index) {
            this.index = index;
        }

        /** Whether pieces of that index are its own. */
        boolean isAt(int at) {
            return index == at || otherIndex == at;
        }
    }

    private final List<Choice> choices = new ArrayList<>(1);
    private final ChatUsage usage = new ChatUsage();
    // of an event's answers, if several were asked for; else null
    private final int @Nullable [] indexes;
    private boolean started;
    private boolean doneSeen;
    private boolean failed; // the event being read is an error

    // The call that is being read
    private int callIndex;
    private @Nullable String callId;
    private @Nullable String callName;
    private @Nullable String callSignature;

    ChatReader(ReplyLoop loop, TurnSink sink, int askedChoices) {
        super(loop, sink);
        indexes = askedChoices > 1 ? new int[MAX_CHOICES] : null;
    }

    @Override
    void readEvent(JsonFeed in) throws IOException {
        if (doneSeen) {
            in.skip(); // behind the end of a broken stream
            in.end();
            return;
        }
        if (!in.isObject()) {
            readError(in); // Gemini wraps its error objects in an array
            return;
        }
        if (!started || indexes != null) {
            readHead(in);
            in.end();
            in.restart();
        }
        readChunk(in);
    }

    @Override
    void readBody(JsonFeed in) throws IOException {
        readEvent(in);
        if (choices.isEmpty()) {
            sink().onError(ReplyError.of("The provider's reply holds no answer."));
            return;
        }
        for (Choice choice : choices) {
            finish(choice, FinishReason.STOP, null); // some leave the reason out
        }
        sink().onEnd();
    }

    @Override
    void onDone() {
        doneSeen = true;
        onClosed();
    }

    @Override
    void onClosed() {
        for (Choice choice : choices) {
            if (!choice.finished) {
                return;
            }
        }
        if (!choices.isEmpty()) {
            sink().onEnd();
        }
    }

    /** Looks ahead for what must be known before any content: members come in any order. */
    private void readHead(JsonFeed in) throws IOException {
        String id = null;
        String model = null;
        long created = 0;
        int count = 0;
        while (in.nextMember()) {
            switch (in.name()) {
                case "id" -> id = emptyToNull(in.text());
                case "model" -> model = emptyToNull(in.text());
                case "created" -> created = Math.max(0, in.count());
                case "choices" -> {
                    if (in.enterArray()) {
                        while (in.nextElement()) {
                            readIndex(in, count++);
                        }
                    }
                }
                default -> in.skip();
            }
        }
        if (!started && (id != null || count > 0)) {
            started = true;
            sink().onStart(id, model, created);
        }
    }

    private void readIndex(JsonFeed in, int at) throws IOException {
        long index = 0;
        if (in.enterObject()) {
            while (in.nextMember()) {
                if (in.name().equals("index")) {
                    index = Math.max(0, in.count());
                } else {
                    in.skip();
                }
            }
        }
        if (indexes != null && at < indexes.length) {
            indexes[at] = (int) Math.min(index, MAX_CHOICES);
        }
    }

    private void readChunk(JsonFeed in) throws IOException {
        failed = false;
        boolean anyChoices = false;
        boolean message = false;
        while (in.nextMember()) {
            switch (in.name()) {
                case "choices" -> {
                    if (in.enterArray()) {
                        int at = 0;
                        while (in.nextElement()) {
                            anyChoices = true;
                            readChoice(in, indexes == null ? 0
                                    : indexes[Math.min(at++, indexes.length - 1)]);
                        }
                    }
                }
                case "usage" -> readUsage(in);
                case "x_groq" -> readGroq(in);
                case "error", "detail" -> failed |= in.isTruthy();
                case "object" -> failed |= "error".equals(in.word()); // vLLM's has no wrapper
                case "message" -> message |= in.isTruthy();
                default -> in.skip();
            }
        }
        if (failed || message && !anyChoices) {
            fail(in);
        } else {
            in.end();
        }
    }

    private void readGroq(JsonFeed in) throws IOException {
        if (in.enterObject()) {
            while (in.nextMember()) {
                switch (in.name()) {
                    case "usage" -> readUsage(in);
                    case "error" -> failed |= in.isTruthy();
                    default -> in.skip();
                }
            }
        }
    }

    private void readUsage(JsonFeed in) throws IOException {
        if (in.enterObject() && usage.read(in)) {
            sink().onUsage(usage.total());
        }
    }

    private void readChoice(JsonFeed in, int expectedIndex) throws IOException {
        if (!in.enterObject()) {
            return;
        }
        int index = expectedIndex;
        Choice choice = null;
        String reason = null;
        String stop = null;
        while (in.nextMember()) {
            switch (in.name()) {
                case "index" -> index = (int) Math.min(Math.max(0, in.count()), MAX_CHOICES);
                case "delta", "message" -> {
                    if (in.enterObject()) {
                        choice = choice(index);
                        readDelta(in, choice);
                    }
                }
                case "text" -> {
                    choice = choice(index);
                    text(in, choice);
                }
                case "finish_reason" -> reason = emptyToNull(in.word());
                case "stop_reason" -> {
                    if (in.isText()) {
                        stop = in.text();
                    } else {
                        in.skip(); // or a token's number
                    }
                }
                case "error" -> failed |= in.isTruthy();
                default -> in.skip();
            }
        }
        if (reason != null) {
            finish(choice == null ? choice(index) : choice, reason, stop);
        }
    }

    private Choice choice(int index) {
        for (Choice choice : choices) {
            if (choice.index == index) {
                return choice;
            }
        }
        if (index >= MAX_CHOICES) {
            throw new TurnBoundException("more than " + MAX_CHOICES + " answers");
        }
        Choice choice = new Choice(index);
        choices.add(choice);
        return choice;
    }

    private void finish(Choice choice, String word, @Nullable String stop) {
        switch (word) {
            case "error", "insufficient_system_resource" -> failed = true;
            case "length", "model_length", "max_tokens" ->
                    finish(choice, FinishReason.LENGTH, null);
            case "tool_calls", "function_call" -> finish(choice, FinishReason.TOOL_CALLS, null);
            case "content_filter" -> finish(choice, FinishReason.CONTENT_FILTER, null);
            default -> finish(choice, stop == null ? FinishReason.STOP
                    : FinishReason.STOP_SEQUENCE, stop);
        }
    }

    private void finish(Choice choice, FinishReason reason, @Nullable String stop) {
        if (choice.finished) {
            return;
        }
        choice.finished = true;
        for (Call call : choice.calls) {
            if (call.number < 0) {
                sink().onError(ReplyError.of("The provider sent a tool call without a name."));
                return;
            }
        }
        boolean calls = !choice.calls.isEmpty() && reason == FinishReason.STOP; // by some
        sink().onFinish(choice.index, calls ? FinishReason.TOOL_CALLS : reason, stop);
    }

    private void text(JsonFeed in, Choice choice) throws IOException {
        text(in, choice.index);
    }

    private void reasoning(JsonFeed in, Choice choice) throws IOException {
        reasoning(in, choice.index);
    }

    private void readDelta(JsonFeed in, Choice choice) throws IOException {
        String reasoningName = null; // some say it twice, under two names
        TextRun said = loop().said(); // until it is known that no reasoning stands behind it
        said.clear();
        while (in.nextMember()) {
            switch (in.name()) {
                case "content" -> {
                    if (in.isArray()) {
                        readParts(in, choice);
                    } else if (in.hasText()) {
                        said.append(in.chars(), in.from(), in.length());
                    }
                }
                case "refusal" -> refusal(in, choice);
                case "reasoning_content", "reasoning" -> {
                    boolean first = reasoningName == null || reasoningName.equals(in.name());
                    if (first && in.isText() && in.length() > 0) {
                        reasoningName = in.name();
                        reasoning(in, choice);
                    } else {
                        in.skip();
                    }
                }
                case "reasoning_details" -> {
                    if (readDetails(in, choice, reasoningName == null)) {
                        reasoningName = "reasoning_details";
                    }
                }
                case "tool_calls" -> {
                    if (in.enterArray()) {
                        while (in.nextElement()) {
                            tellSaid(choice);
                            readCall(in, choice);
                        }
                    }
                }
                case "function_call" -> {
                    if (in.isObject()) {
                        tellSaid(choice);
                        beginCall(MAX_CALLS); // an index of its own
                        readFunction(in);
                        emitCall(choice);
                    } else {
                        in.skip();
                    }
                }
                case "annotations", "audio", "images" -> {
                    if (in.isTruthy()) {
                        sink().onUntold();
                    }
                }
                default -> in.skip();
            }
        }
        tellSaid(choice);
    }

    private void tellSaid(Choice choice) {
        TextRun said = loop().said();
        if (said.length() > 0) {
            sink().onText(choice.index, said.chars(), 0, said.length());
            said.clear();
        }
    }

    private void refusal(JsonFeed in, Choice choice) throws IOException {
        if (in.hasText()) {
            sink().onRefusal(choice.index, in.chars(), in.from(), in.length());
        }
    }

    /** Content in parts, as Mistral has it. */
    private void readParts(JsonFeed in, Choice choice) throws IOException {
        while (in.nextElement()) {
            if (!in.enterObject()) {
                continue;
            }
            while (in.nextMember()) {
                switch (in.name()) {
                    case "text" -> text(in, choice);
                    case "refusal" -> refusal(in, choice);
                    case "thinking" -> readThinking(in, choice);
                    default -> in.skip();
                }
            }
        }
    }

    private void readThinking(JsonFeed in, Choice choice) throws IOException {
        if (!in.isArray()) {
            reasoning(in, choice);
            return;
        }
        while (in.nextElement()) {
            if (!in.enterObject()) {
                continue;
            }
            while (in.nextMember()) {
                if (in.name().equals("text")) {
                    reasoning(in, choice);
                } else {
                    in.skip();
                }
            }
        }
    }

    /** OpenRouter's; returns whether its text was taken. */
    private boolean readDetails(JsonFeed in, Choice choice, boolean takesText)
            throws IOException {
        boolean took = false;
        if (!in.enterArray()) {
            return false;
        }
        while (in.nextElement()) {
            if (!in.enterObject()) {
                continue;
            }
            String signature = null;
            String data = null;
            String id = null;
            String format = null;
            long index = 0;
            while (in.nextMember()) {
                switch (in.name()) {
                    case "id" -> id = emptyToNull(in.text());
                    case "format" -> format = emptyToNull(in.word());
                    case "index" -> index = Math.max(0, in.count());
                    case "text", "summary" -> {
                        if (takesText && in.isText() && in.length() > 0) {
                            reasoning(in, choice);
                            took = true;
                        } else {
                            in.skip();
                        }
                    }
                    case "signature" -> signature = emptyToNull(in.text());
                    case "data" -> data = emptyToNull(in.text());
                    default -> in.skip();
                }
            }
            if (data != null) {
                boolean foreign = format != null && !format.startsWith("anthropic");
                sink().onRedactedReasoning(choice.index,
                        foreign ? sealed(data, id, format, index) : data);
            }
            if (signature != null) {
                sink().onSignature(choice.index, signature);
            }
        }
        return took;
    }

    /** What its provider wants back as it was, in the place of what Anthropic would. */
    private static String sealed(String data, @Nullable String id, @Nullable String format,
            long index) {
        StringBuilder out = new StringBuilder(data.length() + 128).append(DETAIL_MARK)
                .append("{\"type\":\"reasoning.encrypted\",\"data\":");
        JsonText.quote(out, data).append(",\"id\":");
        JsonText.quote(out, id).append(",\"format\":");
        return JsonText.quote(out, format).append(",\"index\":").append(index).append('}')
                .toString();
    }

    private void beginCall(int index) {
        callIndex = index;
        callId = null;
        callName = null;
        callSignature = null;
        loop().text().clear();
    }

    private void readCall(JsonFeed in, Choice choice) throws IOException {
        if (!in.enterObject()) {
            return;
        }
        beginCall(-1);
        while (in.nextMember()) {
            switch (in.name()) {
                case "index" -> callIndex = (int) Math.min(in.count(), Integer.MAX_VALUE);
                case "id" -> callId = emptyToNull(in.text());
                case "function", "custom" -> {
                    if (in.enterObject()) {
                        readFunction(in);
                    }
                }
                case "extra_content" -> readExtra(in);
                default -> in.skip();
            }
        }
        emitCall(choice);
    }

    private void readFunction(JsonFeed in) throws IOException {
        while (in.nextMember()) {
            switch (in.name()) {
                case "name" -> callName = emptyToNull(in.text());
                case "arguments", "input" -> {
                    if (in.isObject()) {
                        in.copyTo(loop().text()); // Mistral may
                    } else if (in.hasText()) {
                        loop().text().append(in.chars(), in.from(), in.length());
                    }
                }
                default -> in.skip();
            }
        }
    }

    /** Google's place for what it wants back with a call. */
    private void readExtra(JsonFeed in) throws IOException {
        if (!in.enterObject()) {
            return;
        }
        while (in.nextMember()) {
            if (!in.name().equals("google") || !in.isObject()) {
                in.skip();
                continue;
            }
            while (in.nextMember()) {
                if (in.name().equals("thought_signature")) {
                    callSignature = emptyToNull(in.text());
                } else {
                    in.skip();
                }
            }
        }
    }

    private void emitCall(Choice choice) throws IOException {
        Call call = call(choice);
        call.id = call.id == null ? callId : call.id;
        if (call.number < 0 && callName != null) {
            call.name = callName;
            call.number = choice.startedCalls++;
            String id = call.id == null ? loop().newId("call_") : call.id;
            sink().onToolStart(choice.index, call.number, id, call.name, callSignature);
            if (call.held != null) {
                TextRun late = new TextRun();
                late.append(call.held);
                call.held = null;
                sink().onToolArguments(choice.index, call.number, late.chars(), 0, late.length());
            }
        }
        if (call.number < 0) {
            sink().onUntold(); // so far
        }
        TextRun text = loop().text();
        if (text.length() == 0) {
            return;
        }
        call.end.read(text.chars(), 0, text.length());
        if (call.number >= 0) {
            sink().onToolArguments(choice.index, call.number, text.chars(), 0, text.length());
            return;
        }
        call.held = call.held == null ? new StringBuilder() : call.held;
        if (call.held.length() + text.length() > MAX_NAMELESS_CHARS) {
            throw new TurnBoundException("a call's name does not come");
        }
        call.held.append(text.chars(), 0, text.length());
    }

    /** The call that a piece belongs to, begun if it is the first of it. */
    private Call call(Choice choice) {
        Call call = callIndex >= 0 ? callAtIndex(choice) : callWithoutIndex(choice);
        if (call != null && !beginsAnother(call)) {
            if (callIndex >= 0 && !call.isAt(callIndex)) {
                call.otherIndex = callIndex;
            }
            return call;
        }
        if (choice.calls.size() >= MAX_CALLS) {
            throw new TurnBoundException("more than " + MAX_CALLS + " calls");
        }
        if (callWithId(choice) != null) {
            callId = null; // callers tell calls apart by it
        }
        Call begun = new Call(callIndex);
        choice.calls.add(begun);
        return begun;
    }

    /**
     * The index decides; the id does among calls of one index. Under a new index a call may go on
     * that has the id and is not whole.
     */
    private @Nullable Call callAtIndex(Choice choice) {
        Call same = callWithId(choice);
        if (same != null && same.isAt(callIndex)) {
            return same;
        }
        for (int i = choice.calls.size() - 1; i >= 0; i--) {
            if (choice.calls.get(i).isAt(callIndex)) {
                return choice.calls.get(i);
            }
        }
        return same == null || callName != null && same.end.isWhole() ? null : same;
    }

    /** The call of that id; a piece without a name is one of the last call in any case. */
    private @Nullable Call callWithoutIndex(Choice choice) {
        Call same = callWithId(choice);
        boolean last = same == null && (callId == null || callName == null);
        return last && !choice.calls.isEmpty() ? choice.calls.get(choice.calls.size() - 1) : same;
    }

    private @Nullable Call callWithId(Choice choice) {
        for (int i = choice.calls.size() - 1; i >= 0 && callId != null; i--) {
            if (callId.equals(choice.calls.get(i).id)) {
                return choice.calls.get(i);
            }
        }
        return null;
    }

    /** Whether a piece that looks like one of the call is the first of another: it has a name. */
    private boolean beginsAnother(Call call) {
        if (callName == null || call.name == null || callId != null && callId.equals(call.id)) {
            return false; // some repeat the name with each piece
        }
        if (!callName.equals(call.name)) {
            return true;
        }
        boolean arguments = loop().text().length() > 0;
        boolean fresh = callIndex < 0 || callId != null && call.id != null;
        return call.end.isWhole() ? arguments || fresh
                : fresh && !arguments && !call.end.isBegun();
    }
}
