package io.penstock.translate;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Reads Anthropic messages. One content block is open at a time, so their indexes say nothing;
 * blocks of tools that the provider runs itself, and types that are unknown, are passed over.
 *
 * <p>A stream is complete at {@code message_stop} and never otherwise: a finish reason that came
 * before is held back until then. Where the stream is translated, a {@code message_stop} without a
 * reason is a broken end.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
class MessagesReader extends TurnReader {
    private enum Block { NONE, TEXT, THINKING, TOOL, OTHER }

    private Block block = Block.NONE;
    private @Nullable String type; // of the event that is being read
    private long openIndex; // of the open block, as the provider counts
    private long nextIndex;
    private int tools; // begun so far
    private boolean anyArguments; // of the open call
    private boolean contentSeen; // the list of blocks, which may be empty
    private @Nullable FinishReason finish;
    private @Nullable String stopSequence;

    private long input = -1;
    private long cacheRead = -1;
    private long cacheWrite = -1;
    private long output = -1;
    private long thinking = -1;

    private final boolean wantsReason; // at the end of a stream

    MessagesReader(ReplyLoop loop, TurnSink sink, boolean wantsReason) {
        super(loop, sink);
        this.wantsReason = wantsReason;
    }

    @Override
    void readEvent(JsonFeed in) throws IOException {
        if (!in.isObject()) {
            readError(in);
            return;
        }
        type = typeOf(in);
        switch (type == null ? "" : type) {
            case "message_start" -> {
                while (in.nextMember()) {
                    if (in.name().equals("message") && in.isObject()) {
                        readMessage(in);
                    } else {
                        in.skip();
                    }
                }
            }
            case "content_block_start" -> {
                while (in.nextMember()) {
                    if (in.name().equals("content_block") && in.isObject()) {
                        readBlock(in);
                    } else if (in.name().equals("index")) {
                        openIndex = in.count();
                        nextIndex = openIndex + 1;
                    } else {
                        in.skip();
                    }
                }
            }
            case "content_block_delta" -> {
                while (in.nextMember()) {
                    if (in.name().equals("delta") && in.isObject()) {
                        readDelta(in);
                    } else {
                        in.skip();
                    }
                }
            }
            case "content_block_stop" -> {
                skipRest(in);
                closeBlock();
            }
            case "message_delta" -> readMessageDelta(in);
            case "message_stop" -> {
                skipRest(in);
                if (finish != null || !wantsReason) {
                    end();
                }
            }
            case "ping" -> {
                skipRest(in);
                sink().onKeepAlive();
            }
            case "error" -> {
                skipRest(in);
                fail(in);
                return;
            }
            default -> {
                boolean failed = false;
                while (in.nextMember()) {
                    if (in.name().equals("error")) {
                        failed |= in.isTruthy();
                    } else {
                        in.skip();
                    }
                }
                if (failed) {
                    fail(in);
                    return;
                }
            }
        }
        in.end();
    }

    /** The type of the event that was read last; null if it had none. */
    final @Nullable String type() {
        return type;
    }

    /** The provider's index of the block that is open; negative if none is. */
    final long openIndex() {
        return block == Block.NONE ? -1 : openIndex;
    }

    /** The index that the next block will have. */
    final long nextIndex() {
        return nextIndex;
    }

    final boolean isInText() {
        return block == Block.TEXT;
    }

    /** Whether the provider has said why the model stopped, which is told at the end only. */
    final boolean isReasonSeen() {
        return finish != null;
    }

    private static void skipRest(JsonFeed in) throws IOException {
        while (in.nextMember()) {
            in.skip();
        }
    }

    @Override
    void readBody(JsonFeed in) throws IOException {
        if (!in.isObject()) {
            readError(in);
            return;
        }
        if (!readMessage(in) || !contentSeen) {
            fail(in);
            return;
        }
        in.end();
        end();
    }

    @Override
    void onClosed() {} // without a message_stop it is cut, whatever went before

    private void end() {
        FinishReason reason = finish != null ? finish
                : tools > 0 ? FinishReason.TOOL_CALLS : FinishReason.STOP; // some leave it out
        sink().onFinish(0, reason, stopSequence);
        sink().onEnd();
    }

    /** Reads a message, whole or at its start; false if it is none, but an error. */
    private boolean readMessage(JsonFeed in) throws IOException {
        String id = null;
        String model = null;
        boolean isMessage = true;
        boolean any = false;
        while (in.nextMember()) {
            any = true;
            switch (in.name()) {
                case "id" -> id = emptyToNull(in.text());
                case "model" -> model = emptyToNull(in.text());
                case "type" -> isMessage &= !"error".equals(in.word());
                case "error" -> isMessage &= !in.isTruthy();
                case "content" -> {
                    contentSeen = in.isArray();
                    if (in.enterArray()) {
                        while (in.nextElement()) {
                            if (in.enterObject()) {
                                readBlock(in);
                                closeBlock();
                            }
                        }
                    }
                }
                case "stop_reason" -> onStopReason(in.word());
                case "stop_sequence" -> stopSequence = in.text();
                case "stop_details" -> readStopDetails(in);
                case "usage" -> readUsage(in);
                default -> in.skip();
            }
        }
        if (isMessage && any) {
            sink().onStart(id, model, 0);
        }
        return isMessage && any;
    }

    private void readBlock(JsonFeed in) throws IOException {
        String kind = null;
        String id = null;
        String name = null;
        String text = null;
        String signature = null;
        TextRun input = loop().text();
        input.clear();
        while (in.nextMember()) {
            switch (in.name()) {
                case "type" -> kind = in.word();
                case "id" -> id = emptyToNull(in.text());
                case "name" -> name = in.text();
                case "text", "thinking", "data" -> text = emptyToNull(in.text());
                case "signature" -> signature = emptyToNull(in.text());
                case "input" -> {
                    if (in.isObject()) {
                        in.copyTo(input);
                    } else {
                        in.skip();
                    }
                }
                default -> in.skip();
            }
        }
        switch (kind == null ? "" : kind) {
            case "text" -> {
                block = Block.TEXT;
                if (text != null) {
                    sink().onText(0, text.toCharArray(), 0, text.length());
                }
            }
            case "thinking" -> {
                block = Block.THINKING;
                if (text != null) {
                    sink().onReasoning(0, text.toCharArray(), 0, text.length());
                }
                if (signature != null) {
                    sink().onSignature(0, signature);
                }
            }
            case "redacted_thinking" -> {
                block = Block.OTHER;
                if (text != null) {
                    sink().onRedactedReasoning(0, text);
                }
            }
            case "tool_use" -> {
                block = Block.TOOL;
                sink().onToolStart(0, tools++, id == null ? loop().newId("toolu_") : id,
                        name == null ? "" : name, null);
                anyArguments = input.length() > 2; // more than {}
                if (anyArguments) {
                    sink().onToolArguments(0, tools - 1, input.chars(), 0, input.length());
                }
            }
            default -> {
                block = Block.OTHER;
                sink().onUntold();
            }
        }
    }

    private void closeBlock() {
        if (block == Block.TOOL && !anyArguments) {
            sink().onToolArguments(0, tools - 1, new char[] {'{', '}'}, 0, 2);
        }
        block = Block.NONE;
    }

    private void readDelta(JsonFeed in) throws IOException {
        while (in.nextMember()) {
            switch (in.name()) {
                case "text" -> {
                    if (block != Block.OTHER) {
                        text(in, 0);
                    } else {
                        in.skip();
                    }
                }
                case "thinking" -> reasoning(in, 0);
                case "signature" -> {
                    String signature = emptyToNull(in.text());
                    if (signature != null) {
                        sink().onSignature(0, signature);
                    }
                }
                case "partial_json" -> {
                    if (block == Block.TOOL && in.hasText()) {
                        anyArguments = true;
                        sink().onToolArguments(0, tools - 1, in.chars(), in.from(), in.length());
                    } else {
                        in.skip();
                    }
                }
                default -> in.skip();
            }
        }
    }

    private void readMessageDelta(JsonFeed in) throws IOException {
        while (in.nextMember()) {
            switch (in.name()) {
                case "delta" -> {
                    if (in.enterObject()) {
                        while (in.nextMember()) {
                            switch (in.name()) {
                                case "stop_reason" -> onStopReason(in.word());
                                case "stop_sequence" -> stopSequence = in.text();
                                case "stop_details" -> readStopDetails(in);
                                default -> in.skip();
                            }
                        }
                    }
                }
                case "usage" -> readUsage(in);
                default -> in.skip();
            }
        }
    }

    private void onStopReason(@Nullable String word) {
        finish = word == null ? finish : switch (word) {
            case "max_tokens", "model_context_window_exceeded" -> FinishReason.LENGTH;
            case "tool_use" -> FinishReason.TOOL_CALLS;
            case "refusal" -> FinishReason.CONTENT_FILTER;
            case "stop_sequence" -> FinishReason.STOP_SEQUENCE;
            default -> FinishReason.STOP;
        };
    }

    /** Why it refused, in words for whoever asked. */
    private void readStopDetails(JsonFeed in) throws IOException {
        if (in.enterObject()) {
            while (in.nextMember()) {
                if (in.name().equals("explanation") && in.isText() && in.length() > 0) {
                    sink().onRefusal(0, in.chars(), in.from(), in.length());
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
                case "input_tokens" -> input = ChatUsage.newer(input, in.count());
                case "cache_read_input_tokens" ->
                        cacheRead = ChatUsage.newer(cacheRead, in.count());
                case "cache_creation_input_tokens" ->
                        cacheWrite = ChatUsage.newer(cacheWrite, in.count());
                case "output_tokens" -> output = ChatUsage.newer(output, in.count());
                case "output_tokens_details" -> {
                    if (in.enterObject()) {
                        while (in.nextMember()) {
                            if (in.name().equals("thinking_tokens")) {
                                thinking = ChatUsage.newer(thinking, in.count());
                            } else {
                                in.skip();
                            }
                        }
                    }
                }
                default -> in.skip();
            }
        }
        if (input >= 0 || output >= 0) {
            long read = Math.max(0, cacheRead);
            long written = Math.max(0, cacheWrite);
            sink().onUsage(new ReplyUsage(Math.max(0, input) + read + written,
                    Math.max(0, output), read, written, Math.max(0, thinking)));
        }
    }
}
