package io.penstock.translate;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads OpenAI responses. Items of tools that the provider runs itself are passed over. A stream is
 * complete with its terminal event, which repeats the whole output: only its end is looked at.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Bounds:</b> {@value #MAX_CALLS} calls.
 */
final class ResponsesReader extends TurnReader {
    private static final int MAX_CALLS = 512;
    private static final char[] NEXT_PART = {'\n', '\n'};

    /** A call that has begun; its number is its place in the list. */
    private static final class Call {
        final long outputIndex;
        boolean anyArguments;

        Call(long outputIndex) {
            this.outputIndex = outputIndex;
        }
    }

    private final List<Call> calls = new ArrayList<>(2);
    private boolean started;

    // What the response object says
    private @Nullable String status;
    private @Nullable String incompleteReason;

    ResponsesReader(ReplyLoop loop, TurnSink sink) {
        super(loop, sink);
    }

    @Override
    void readEvent(JsonFeed in) throws IOException {
        if (!in.isObject()) {
            readError(in);
            return;
        }
        String type = typeOf(in);
        switch (type == null ? "" : type) {
            case "response.output_text.delta" -> readDelta(in, "text");
            case "response.refusal.delta" -> readDelta(in, "refusal");
            case "response.reasoning_summary_text.delta", "response.reasoning_text.delta" ->
                    readDelta(in, "reasoning");
            case "response.function_call_arguments.delta",
                    "response.custom_tool_call_input.delta" -> readArguments(in);
            case "response.reasoning_summary_part.added" -> readSummaryPart(in);
            case "response.output_item.added" -> readItemEvent(in, false);
            case "response.output_item.done" -> readItemEvent(in, true);
            case "response.created", "response.in_progress", "response.queued" ->
                    readResponseEvent(in);
            case "response.completed", "response.incomplete" -> {
                readResponseEvent(in);
                in.end();
                end();
                return;
            }
            case "response.failed", "error" -> {
                while (in.nextMember()) {
                    in.skip();
                }
                fail(in);
                return;
            }
            default -> {
                while (in.nextMember()) {
                    in.skip();
                }
            }
        }
        in.end();
    }

    @Override
    void readBody(JsonFeed in) throws IOException {
        if (!in.isObject()) {
            readError(in);
            return;
        }
        boolean failed = readResponse(in, true);
        if (failed || status == null
                || !status.equals("completed") && !status.equals("incomplete")) {
            fail(in);
            return;
        }
        in.end();
        end();
    }

    @Override
    void onClosed() {} // without its terminal event it is cut

    private void end() {
        FinishReason reason = calls.isEmpty() ? FinishReason.STOP : FinishReason.TOOL_CALLS;
        if ("incomplete".equals(status) && incompleteReason != null) {
            reason = switch (incompleteReason) {
                case "max_output_tokens" -> FinishReason.LENGTH;
                case "content_filter" -> FinishReason.CONTENT_FILTER;
                default -> reason;
            };
        }
        sink().onFinish(0, reason, null);
        sink().onEnd();
    }

    private void readDelta(JsonFeed in, String kind) throws IOException {
        while (in.nextMember()) {
            if (!in.name().equals("delta") || !in.hasText()) {
                in.skip();
                continue;
            }
            switch (kind) {
                case "text" -> text(in, 0);
                case "refusal" -> sink().onRefusal(0, in.chars(), in.from(), in.length());
                default -> reasoning(in, 0);
            }
        }
    }

    private void readArguments(JsonFeed in) throws IOException {
        TextRun delta = loop().text();
        delta.clear();
        long outputIndex = 0;
        while (in.nextMember()) {
            switch (in.name()) {
                case "output_index" -> outputIndex = in.count();
                case "delta" -> {
                    if (in.hasText()) {
                        delta.append(in.chars(), in.from(), in.length());
                    }
                }
                default -> in.skip();
            }
        }
        int number = number(outputIndex);
        if (number >= 0 && delta.length() > 0) {
            calls.get(number).anyArguments = true;
            sink().onToolArguments(0, number, delta.chars(), 0, delta.length());
        }
    }

    private void readSummaryPart(JsonFeed in) throws IOException {
        long index = 0;
        while (in.nextMember()) {
            if (in.name().equals("summary_index")) {
                index = in.count();
            } else {
                in.skip();
            }
        }
        if (index > 0) {
            sink().onReasoning(0, NEXT_PART, 0, NEXT_PART.length);
        }
    }

    private void readItemEvent(JsonFeed in, boolean done) throws IOException {
        long outputIndex = -1;
        boolean again = false;
        while (in.nextMember()) {
            if (in.name().equals("output_index")) {
                outputIndex = in.count();
            } else if (in.name().equals("item") && outputIndex >= 0 && in.isObject()) {
                readItem(in, outputIndex, !done, done);
            } else {
                again |= in.name().equals("item") && in.isObject();
                in.skip();
            }
        }
        if (again && outputIndex >= 0) { // the item stood before its index
            in.end();
            in.restart();
            while (in.nextMember()) {
                if (in.name().equals("item") && in.isObject()) {
                    readItem(in, outputIndex, !done, done);
                } else {
                    in.skip();
                }
            }
        }
    }

    /**
     * Reads an output item.
     *
     * @param begins it is the item's first appearance, and there is more to come
     * @param ends its text, if any, has been told already
     */
    private void readItem(JsonFeed in, long outputIndex, boolean begins, boolean ends)
            throws IOException {
        boolean whole = !begins && !ends;
        String type = null;
        String callId = null;
        String name = null;
        String encrypted = null;
        TextRun arguments = loop().text();
        arguments.clear();
        while (in.nextMember()) {
            switch (in.name()) {
                case "type" -> type = in.word();
                case "call_id" -> callId = emptyToNull(in.text());
                case "name" -> name = in.text();
                case "encrypted_content" -> encrypted = emptyToNull(in.text());
                case "arguments", "input" -> {
                    if (in.hasText()) {
                        arguments.append(in.chars(), in.from(), in.length());
                    }
                }
                case "content" -> {
                    if (whole) {
                        readParts(in, "reasoning".equals(type));
                    } else {
                        in.skip();
                    }
                }
                case "summary" -> {
                    if (whole) {
                        readParts(in, true);
                    } else {
                        in.skip();
                    }
                }
                default -> in.skip();
            }
        }
        switch (type == null ? "" : type) {
            case "function_call", "custom_tool_call" ->
                    onCall(outputIndex, callId, name, arguments, !begins);
            case "reasoning" -> {
                if (encrypted != null && !begins) {
                    sink().onRedactedReasoning(0, encrypted);
                }
            }
            case "message" -> { }
            default -> sink().onUntold();
        }
    }

    private void onCall(long outputIndex, @Nullable String callId, @Nullable String name,
            TextRun arguments, boolean complete) throws IOException {
        int number = number(outputIndex);
        if (number < 0) {
            if (calls.size() >= MAX_CALLS) {
                throw new TurnBoundException("more than " + MAX_CALLS + " calls");
            }
            number = calls.size();
            calls.add(new Call(outputIndex));
            sink().onToolStart(0, number, callId == null ? loop().newId("call_") : callId,
                    name == null ? "" : name, null);
        }
        Call call = calls.get(number);
        if (complete && !call.anyArguments && arguments.length() > 0) {
            call.anyArguments = true;
            sink().onToolArguments(0, number, arguments.chars(), 0, arguments.length());
        }
    }

    private int number(long outputIndex) {
        for (int i = calls.size() - 1; i >= 0; i--) {
            if (calls.get(i).outputIndex == outputIndex) {
                return i;
            }
        }
        return -1;
    }

    /** The parts of a whole message, or of whole reasoning. */
    private void readParts(JsonFeed in, boolean reasoning) throws IOException {
        if (!in.enterArray()) {
            return;
        }
        boolean first = true;
        while (in.nextElement()) {
            if (!in.enterObject()) {
                continue;
            }
            while (in.nextMember()) {
                switch (in.name()) {
                    case "text" -> {
                        if (reasoning) {
                            if (!first) {
                                sink().onReasoning(0, NEXT_PART, 0, NEXT_PART.length);
                            }
                            reasoning(in, 0);
                        } else {
                            text(in, 0);
                        }
                        first = false;
                    }
                    case "refusal" -> {
                        if (in.hasText()) {
                            sink().onRefusal(0, in.chars(), in.from(), in.length());
                        }
                    }
                    default -> in.skip();
                }
            }
        }
    }

    private void readResponseEvent(JsonFeed in) throws IOException {
        while (in.nextMember()) {
            if (in.name().equals("response") && in.isObject()) {
                readResponse(in, false);
            } else {
                in.skip();
            }
        }
    }

    /** Reads a response object; whether it holds an error. */
    private boolean readResponse(JsonFeed in, boolean whole) throws IOException {
        String id = null;
        String model = null;
        long created = 0;
        boolean failed = false;
        while (in.nextMember()) {
            switch (in.name()) {
                case "id" -> id = emptyToNull(in.text());
                case "model" -> model = emptyToNull(in.text());
                case "created_at" -> created = Math.max(0, in.count());
                case "status" -> status = in.text();
                case "error" -> failed |= in.isTruthy();
                case "incomplete_details" -> readIncomplete(in);
                case "output" -> {
                    if (whole && in.isArray()) {
                        for (long i = 0; in.nextElement(); i++) {
                            if (in.enterObject()) {
                                readItem(in, i, false, false);
                            }
                        }
                    } else {
                        in.skip();
                    }
                }
                case "usage" -> readUsage(in);
                default -> in.skip();
            }
        }
        if (!started && !failed) {
            started = true;
            sink().onStart(id, model, created);
        }
        return failed;
    }

    private void readIncomplete(JsonFeed in) throws IOException {
        if (in.enterObject()) {
            while (in.nextMember()) {
                if (in.name().equals("reason")) {
                    incompleteReason = in.text();
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
        long[] counts = new long[5]; // input, output, cached, written, reasoning
        while (in.nextMember()) {
            switch (in.name()) {
                case "input_tokens" -> counts[0] = Math.max(0, in.count());
                case "output_tokens" -> counts[1] = Math.max(0, in.count());
                case "input_tokens_details", "output_tokens_details" -> {
                    if (in.enterObject()) {
                        while (in.nextMember()) {
                            switch (in.name()) {
                                case "cached_tokens" -> counts[2] = Math.max(0, in.count());
                                case "cache_write_tokens" -> counts[3] = Math.max(0, in.count());
                                case "reasoning_tokens" -> counts[4] = Math.max(0, in.count());
                                default -> in.skip();
                            }
                        }
                    }
                }
                default -> in.skip();
            }
        }
        sink().onUsage(new ReplyUsage(counts[0], counts[1], counts[2], counts[3], counts[4]));
    }
}
