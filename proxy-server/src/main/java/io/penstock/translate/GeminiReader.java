package io.penstock.translate;

import java.io.IOException;
import java.util.BitSet;

/**
 * Reads Gemini's generateContent. There is no terminator: a stream is complete at its end if every
 * candidate that began has its finish reason, or if the prompt was blocked. Calls come whole, most
 * of them without ids. Code that the provider ran, and images, have no place in other formats and
 * are dropped.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Bounds:</b> {@value #MAX_CANDIDATES} candidates.
 */
final class GeminiReader extends TurnReader {
    private static final int MAX_CANDIDATES = 16;

    private final boolean several; // candidates were asked for
    private final int[] indexes = new int[MAX_CANDIDATES]; // of an event's candidates
    private final int[] calls = new int[MAX_CANDIDATES]; // begun so far, by candidate
    private final boolean[] begun = new boolean[MAX_CANDIDATES];
    private final boolean[] finished = new boolean[MAX_CANDIDATES];
    private boolean started;
    private boolean anyContent;
    private boolean failed; // the event being read is an error

    private long prompt = -1;
    private long toolPrompt = -1;
    private long answer = -1;
    private long thoughts = -1;
    private long cached = -1;

    GeminiReader(ReplyLoop loop, TurnSink sink, int askedChoices) {
        super(loop, sink);
        several = askedChoices > 1;
    }

    @Override
    void readEvent(JsonFeed in) throws IOException {
        if (!in.isObject()) {
            readError(in);
            return;
        }
        if (!started || several) {
            readHead(in);
            in.end();
            in.restart();
        }
        failed = false;
        while (in.nextMember()) {
            switch (in.name()) {
                case "candidates" -> {
                    if (in.enterArray()) {
                        int at = 0;
                        while (in.nextElement()) {
                            readCandidate(in, several ? indexes[Math.min(at, MAX_CANDIDATES - 1)]
                                    : 0);
                            at++;
                        }
                    }
                }
                case "usageMetadata" -> readUsage(in);
                case "promptFeedback" -> readFeedback(in);
                case "error" -> failed |= in.isTruthy();
                default -> in.skip();
            }
        }
        if (failed) {
            fail(in);
        } else {
            in.end();
        }
    }

    @Override
    void readBody(JsonFeed in) throws IOException {
        readEvent(in);
        for (int i = 0; i < MAX_CANDIDATES; i++) {
            if (begun[i]) {
                finish(i, FinishReason.STOP);
            }
        }
        onClosed();
    }

    @Override
    void onClosed() {
        boolean any = false;
        for (int i = 0; i < MAX_CANDIDATES; i++) {
            if (begun[i] && !finished[i]) {
                return;
            }
            any |= finished[i];
        }
        if (any) {
            sink().onEnd();
        }
    }

    /** The candidates that have no finish reason yet; the first where none has begun. */
    BitSet unfinished() {
        BitSet unfinished = new BitSet();
        boolean any = false;
        for (int i = 0; i < MAX_CANDIDATES; i++) {
            unfinished.set(i, begun[i] && !finished[i]);
            any |= begun[i];
        }
        unfinished.set(0, unfinished.get(0) || !any);
        return unfinished;
    }

    private void readHead(JsonFeed in) throws IOException {
        String id = null;
        String model = null;
        int count = 0;
        boolean answers = false;
        while (in.nextMember()) {
            switch (in.name()) {
                case "responseId" -> id = emptyToNull(in.text());
                case "modelVersion" -> model = emptyToNull(in.text());
                case "candidates" -> {
                    if (in.enterArray()) {
                        while (in.nextElement()) {
                            answers = true;
                            readIndex(in, count++);
                        }
                    }
                }
                case "promptFeedback" -> {
                    answers = true;
                    in.skip();
                }
                default -> in.skip();
            }
        }
        if (!started && answers) {
            started = true;
            sink().onStart(id, model, 0);
        }
    }

    private void readIndex(JsonFeed in, int at) throws IOException {
        int index = 0;
        if (in.enterObject()) {
            while (in.nextMember()) {
                if (in.name().equals("index")) {
                    index = index(in);
                } else {
                    in.skip();
                }
            }
        }
        if (at < indexes.length) {
            indexes[at] = index;
        }
    }

    private static int index(JsonFeed in) throws IOException {
        long index = Math.max(0, in.count());
        if (index >= MAX_CANDIDATES) {
            throw new TurnBoundException("more than " + MAX_CANDIDATES + " candidates");
        }
        return (int) index;
    }

    private void readCandidate(JsonFeed in, int expectedIndex) throws IOException {
        if (!in.enterObject()) {
            return;
        }
        int index = expectedIndex;
        String reason = null;
        while (in.nextMember()) {
            switch (in.name()) {
                case "index" -> index = index(in);
                case "content" -> {
                    if (in.enterObject()) {
                        readContent(in, index);
                    }
                }
                case "finishReason" -> reason = emptyToNull(in.word());
                default -> in.skip();
            }
        }
        begun[index] = true;
        if (reason != null) {
            onFinishReason(index, reason);
        }
    }

    private void readContent(JsonFeed in, int choice) throws IOException {
        while (in.nextMember()) {
            if (in.name().equals("parts") && in.isArray()) {
                while (in.nextElement()) {
                    if (in.enterObject()) {
                        readPart(in, choice);
                    }
                }
            } else {
                in.skip();
            }
        }
    }

    /** Whether a text is a thought stands behind it, so it waits. */
    private void readPart(JsonFeed in, int choice) throws IOException {
        TextRun text = loop().text();
        text.clear();
        boolean thought = false;
        boolean call = false;
        String id = null;
        String name = null;
        String signature = null;
        while (in.nextMember()) {
            switch (in.name()) {
                case "text" -> {
                    if (in.hasText()) {
                        text.append(in.chars(), in.from(), in.length());
                    }
                }
                case "thought" -> thought = in.isTruthy();
                case "thoughtSignature" -> signature = emptyToNull(in.text());
                case "inlineData", "fileData", "executableCode", "codeExecutionResult" -> {
                    in.skip();
                    sink().onUntold();
                }
                case "functionCall" -> {
                    if (in.enterObject()) {
                        call = true;
                        while (in.nextMember()) {
                            switch (in.name()) {
                                case "id" -> id = emptyToNull(in.text());
                                case "name" -> name = in.text();
                                case "args" -> {
                                    if (in.enterObject()) {
                                        in.copyTo(text);
                                    }
                                }
                                default -> in.skip();
                            }
                        }
                    }
                }
                default -> in.skip();
            }
        }
        if (call) {
            anyContent = true;
            int number = calls[choice]++;
            if (text.length() == 0) {
                text.append("{}");
            }
            sink().onToolStart(choice, number, id == null ? loop().newId("call_") : id,
                    name == null ? "" : name, signature);
            sink().onToolArguments(choice, number, text.chars(), 0, text.length());
        } else if (text.length() > 0) {
            anyContent = true;
            if (thought) {
                sink().onReasoning(choice, text.chars(), 0, text.length());
            } else {
                sink().onText(choice, text.chars(), 0, text.length());
            }
        }
    }

    private void onFinishReason(int choice, String reason) {
        switch (reason) {
            case "MAX_TOKENS" -> finish(choice, FinishReason.LENGTH);
            case "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE",
                    "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION" ->
                    finish(choice, FinishReason.CONTENT_FILTER);
            case "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS" -> {
                if (anyContent) {
                    finish(choice, FinishReason.STOP);
                } else { // the model's fault; another try may do better
                    sink().onError(ReplyError.of(0, null, reason,
                            "The model made a tool call that its provider cannot use.", null));
                }
            }
            default -> finish(choice, FinishReason.STOP);
        }
    }

    private void finish(int choice, FinishReason reason) {
        if (!finished[choice]) {
            finished[choice] = true;
            boolean called = reason == FinishReason.STOP && calls[choice] > 0; // no word of its own
            sink().onFinish(choice, called ? FinishReason.TOOL_CALLS : reason, null);
        }
    }

    private void readFeedback(JsonFeed in) throws IOException {
        if (in.enterObject()) {
            while (in.nextMember()) {
                if (in.name().equals("blockReason") && in.text() != null) {
                    begun[0] = true;
                    finish(0, FinishReason.CONTENT_FILTER);
                } else {
                    in.skip();
                }
            }
        }
    }

    private void readUsage(JsonFeed in) throws IOException {
        if (!in.enterObject()) {
            return;
        }
        while (in.nextMember()) {
            switch (in.name()) {
                case "promptTokenCount" -> prompt = ChatUsage.newer(prompt, in.count());
                case "toolUsePromptTokenCount" ->
                        toolPrompt = ChatUsage.newer(toolPrompt, in.count());
                case "candidatesTokenCount" -> answer = ChatUsage.newer(answer, in.count());
                case "thoughtsTokenCount" -> thoughts = ChatUsage.newer(thoughts, in.count());
                case "cachedContentTokenCount" -> cached = ChatUsage.newer(cached, in.count());
                default -> in.skip();
            }
        }
        if (prompt >= 0 || answer >= 0) {
            sink().onUsage(new ReplyUsage(Math.max(0, prompt) + Math.max(0, toolPrompt),
                    Math.max(0, answer) + Math.max(0, thoughts), Math.max(0, cached), 0,
                    Math.max(0, thoughts)));
        }
    }
}
