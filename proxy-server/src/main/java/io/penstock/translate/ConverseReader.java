package io.penstock.translate;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Reads Bedrock Converse. What an event is stands in its message's head; text and reasoning have no
 * start of their own. A stream is complete with {@code messageStop}; its usage comes in the {@code
 * metadata} behind that.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
final class ConverseReader extends TurnReader {
    private int tools; // begun so far
    private boolean toolOpen;
    private boolean anyArguments; // of the open call
    private boolean anyContent;
    private boolean stopped;

    ConverseReader(ReplyLoop loop, TurnSink sink) {
        super(loop, sink);
    }

    @Override
    void readEvent(JsonFeed in) throws IOException {
        throw new IllegalStateException("Converse streams are event-stream messages");
    }

    @Override
    void readMessage(EventStreamMessage message, JsonFeed in) throws IOException {
        String type = message.eventType();
        if (type.equals("messageStart")) {
            sink().onStart(null, null, 0);
        }
        if (!in.isObject()) {
            throw new TurnBoundException("no object in an event");
        }
        while (in.nextMember()) {
            switch (in.name()) {
                case "start" -> readStart(in);
                case "delta" -> readDelta(in);
                case "stopReason" -> onStopReason(in.word());
                case "usage" -> readUsage(in);
                default -> in.skip();
            }
        }
        in.end();
        if (type.equals("contentBlockStop")) {
            closeBlock();
        } else if (type.equals("metadata") && stopped) {
            sink().onEnd();
        }
    }

    @Override
    void readBody(JsonFeed in) throws IOException {
        if (!in.isObject()) {
            readError(in);
            return;
        }
        boolean any = false;
        while (in.nextMember()) {
            switch (in.name()) {
                case "output" -> {
                    any = true;
                    if (in.enterObject()) {
                        readOutput(in);
                    }
                }
                case "stopReason" -> onStopReason(in.word());
                case "usage" -> readUsage(in);
                default -> in.skip();
            }
        }
        if (!any) {
            fail(in);
            return;
        }
        in.end();
        if (!stopped) {
            onStopReason("");
        }
        sink().onEnd();
    }

    @Override
    void onClosed() {
        if (stopped) {
            sink().onEnd();
        }
    }

    private void readOutput(JsonFeed in) throws IOException {
        while (in.nextMember()) {
            if (!in.name().equals("message") || !in.isObject()) {
                in.skip();
                continue;
            }
            while (in.nextMember()) {
                if (!in.name().equals("content") || !in.isArray()) {
                    in.skip();
                    continue;
                }
                while (in.nextElement()) {
                    if (in.enterObject()) {
                        readBlock(in);
                    }
                }
            }
        }
    }

    /** A content block of a whole reply. */
    private void readBlock(JsonFeed in) throws IOException {
        while (in.nextMember()) {
            switch (in.name()) {
                case "text" -> {
                    anyContent = true;
                    text(in, 0);
                }
                case "toolUse" -> {
                    if (in.enterObject()) {
                        readToolUse(in);
                        closeBlock();
                    }
                }
                case "reasoningContent" -> {
                    if (in.enterObject()) {
                        readReasoning(in);
                    }
                }
                default -> in.skip();
            }
        }
    }

    private void readStart(JsonFeed in) throws IOException {
        if (in.enterObject()) {
            while (in.nextMember()) {
                if (in.name().equals("toolUse") && in.isObject()) {
                    readToolUse(in);
                } else {
                    in.skip();
                }
            }
        }
    }

    /** A call, whole or at its start; its members may stand in any order. */
    private void readToolUse(JsonFeed in) throws IOException {
        String id = null;
        String name = null;
        TextRun input = loop().text();
        input.clear();
        while (in.nextMember()) {
            switch (in.name()) {
                case "toolUseId" -> id = emptyToNull(in.text());
                case "name" -> name = in.text();
                case "input" -> {
                    if (in.enterObject()) {
                        in.copyTo(input);
                    }
                }
                default -> in.skip();
            }
        }
        sink().onToolStart(0, tools++, id == null ? loop().newId("tooluse_") : id,
                name == null ? "" : name, null);
        toolOpen = true;
        anyContent = true;
        anyArguments = input.length() > 0;
        if (anyArguments) {
            sink().onToolArguments(0, tools - 1, input.chars(), 0, input.length());
        }
    }

    private void closeBlock() {
        if (toolOpen && !anyArguments) {
            sink().onToolArguments(0, tools - 1, new char[] {'{', '}'}, 0, 2);
        }
        toolOpen = false;
    }

    private void readDelta(JsonFeed in) throws IOException {
        if (!in.enterObject()) {
            return;
        }
        while (in.nextMember()) {
            switch (in.name()) {
                case "text" -> {
                    anyContent = true;
                    text(in, 0);
                }
                case "toolUse" -> {
                    if (in.enterObject()) {
                        while (in.nextMember()) {
                            if (in.name().equals("input") && in.hasText() && toolOpen) {
                                anyArguments = true;
                                sink().onToolArguments(0, tools - 1, in.chars(), in.from(),
                                        in.length());
                            } else {
                                in.skip();
                            }
                        }
                    }
                }
                case "reasoningContent" -> {
                    if (in.enterObject()) {
                        readReasoning(in);
                    }
                }
                default -> in.skip();
            }
        }
    }

    private void readReasoning(JsonFeed in) throws IOException {
        String signature = null;
        while (in.nextMember()) {
            switch (in.name()) {
                case "text" -> {
                    anyContent = true;
                    reasoning(in, 0);
                }
                case "signature" -> signature = emptyToNull(in.text());
                case "redactedContent" -> {
                    String data = emptyToNull(in.text());
                    if (data != null) {
                        sink().onRedactedReasoning(0, data);
                    }
                }
                case "reasoningText" -> {
                    if (in.enterObject()) {
                        readReasoning(in); // one level, in whole replies
                    }
                }
                default -> in.skip();
            }
        }
        if (signature != null) {
            sink().onSignature(0, signature); // which may stand before the text it signs
        }
    }

    private void onStopReason(@Nullable String word) {
        if (stopped || word == null) {
            return;
        }
        stopped = true;
        FinishReason reason = switch (word) {
            case "max_tokens", "model_context_window_exceeded" -> FinishReason.LENGTH;
            case "tool_use" -> FinishReason.TOOL_CALLS;
            case "guardrail_intervened", "content_filtered" -> FinishReason.CONTENT_FILTER;
            case "stop_sequence" -> FinishReason.STOP_SEQUENCE;
            case "malformed_model_output", "malformed_tool_use" ->
                    anyContent ? FinishReason.STOP : null;
            default -> tools > 0 && word.isEmpty() ? FinishReason.TOOL_CALLS : FinishReason.STOP;
        };
        if (reason == null) {
            sink().onError(ReplyError.of(0, null, word,
                    "The model's output was of no use to its provider.", null));
        } else {
            sink().onFinish(0, reason, null);
        }
    }

    private void readUsage(JsonFeed in) throws IOException {
        if (!in.enterObject()) {
            return;
        }
        long input = 0;
        long output = 0;
        long cacheRead = 0;
        long cacheWrite = 0;
        while (in.nextMember()) {
            switch (in.name()) {
                case "inputTokens" -> input = Math.max(0, in.count());
                case "outputTokens" -> output = Math.max(0, in.count());
                case "cacheReadInputTokens" -> cacheRead = Math.max(0, in.count());
                case "cacheWriteInputTokens" -> cacheWrite = Math.max(0, in.count());
                default -> in.skip();
            }
        }
        sink().onUsage(new ReplyUsage(input + cacheRead + cacheWrite, output, cacheRead,
                cacheWrite, 0));
    }
}
