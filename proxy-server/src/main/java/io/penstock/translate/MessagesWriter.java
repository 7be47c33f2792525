package io.penstock.translate;

import io.penstock.failure.Failure;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes Anthropic message streams. Only one content block is open at a time: what comes while a
 * call is not yet a whole object, be it another call or text, is held until it is, or until the
 * turn ends. Calls that come one after another never wait. Only the first answer is written, for
 * there is but one.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Bounds:</b> {@value #MAX_HELD_CHARS} characters of what is held.
 */
class MessagesWriter extends TurnWriter {
    private static final int MAX_HELD_CHARS = 256 * 1024;
    private static final byte[] DELTA = OpenAiWords.ascii("event: content_block_delta\n"
            + "data: {\"type\":\"content_block_delta\",\"index\":");
    private static final byte[] TEXT =
            OpenAiWords.ascii(",\"delta\":{\"type\":\"text_delta\",\"text\":\"");
    private static final byte[] THINKING =
            OpenAiWords.ascii(",\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"");
    private static final byte[] INPUT =
            OpenAiWords.ascii(",\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"");
    private static final byte[] END_TEXT = OpenAiWords.ascii("\"}}\n\n");

    private enum Block { NONE, TEXT, THINKING, TOOL }

    /** A tool call. */
    private static final class Call {
        final String id;
        final String name;
        final ArgumentsEnd end = new ArgumentsEnd();
        @Nullable StringBuilder held; // arguments that wait for its block; null once that is open
        boolean closed;

        Call(String id, String name) {
            this.id = id;
            this.name = name;
        }
    }

    /** What waits for the open call to be whole. */
    private enum Waiting { TEXT, REASONING, SIGNATURE, REDACTED, CALL }

    /** {@code call} is null for what is none; its arguments are with it. */
    private record Held(Waiting kind, StringBuilder text, @Nullable Call call) {}

    private final List<Call> calls = new ArrayList<>(2);
    private final Deque<Held> held = new ArrayDeque<>(0);
    private Block open = Block.NONE;
    private @Nullable Call openCall;
    private int nextBlock;
    private int heldChars;
    private boolean refused;
    private FinishReason finish = FinishReason.STOP;
    private @Nullable String stopSequence;

    MessagesWriter(ReplyLoop loop, ReplyOptions options) {
        super(loop, options);
    }

    /**
     * Continues a stream of which the caller has the beginning.
     *
     * @param nextBlock the index that the next block will have
     * @param isOpen whether the last block is
     * @param isText whether that one is a text
     */
    void resume(long nextBlock, boolean isOpen, boolean isText) {
        this.nextBlock = (int) nextBlock;
        open = !isOpen ? Block.NONE : isText ? Block.TEXT : Block.THINKING;
    }

    @Override
    public void onStart(@Nullable String id, @Nullable String model, long createdSeconds) {
        out().put("event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":")
                .quoted(messageId(loop(), id))
                .put(",\"type\":\"message\",\"role\":\"assistant\",\"model\":")
                .quoted(options().shown(model))
                .put(",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,"
                        + "\"usage\":{\"input_tokens\":").number(options().promptTokens())
                .put(",\"output_tokens\":0}}}\n\n");
        writeKeepAlive();
    }

    /** Anthropic's ids begin with {@code msg_}. */
    static String messageId(ReplyLoop loop, @Nullable String id) {
        return id == null ? loop.newId("msg_") : id.startsWith("msg_") ? id : "msg_" + id;
    }

    @Override
    void writeKeepAlive() {
        out().put("event: ping\ndata: {\"type\":\"ping\"}\n\n");
    }

    @Override
    public void onText(int choice, char[] chars, int from, int length) {
        if (choice == 0 && !waits(Waiting.TEXT, chars, from, length)) {
            writeText(chars, from, length);
        }
    }

    @Override
    public void onRefusal(int choice, char[] chars, int from, int length) {
        refused |= choice == 0;
        onText(choice, chars, from, length);
    }

    @Override
    public void onReasoning(int choice, char[] chars, int from, int length) {
        if (choice == 0 && !waits(Waiting.REASONING, chars, from, length)) {
            writeReasoning(chars, from, length);
        }
    }

    @Override
    public void onSignature(int choice, String signature) {
        if (choice == 0 && !waits(Waiting.SIGNATURE, signature)) {
            writeSignature(signature);
        }
    }

    @Override
    public void onRedactedReasoning(int choice, String data) {
        if (choice == 0 && !waits(Waiting.REDACTED, data)) {
            writeRedacted(data);
        }
    }

    private void writeText(char[] chars, int from, int length) {
        if (open != Block.TEXT) {
            open(Block.TEXT).put("{\"type\":\"text\",\"text\":\"\"}}\n\n");
        }
        delta(TEXT).escaped(chars, from, length).put(END_TEXT);
    }

    private void writeReasoning(char[] chars, int from, int length) {
        openThinking();
        delta(THINKING).escaped(chars, from, length).put(END_TEXT);
    }

    private void writeSignature(String signature) {
        openThinking();
        delta(OpenAiWords.ascii(",\"delta\":{\"type\":\"signature_delta\",\"signature\":\""))
                .escaped(signature).put(END_TEXT);
        close();
    }

    private void writeRedacted(String data) {
        open(Block.THINKING).put("{\"type\":\"redacted_thinking\",\"data\":").quoted(data)
                .put("}}\n\n");
        close();
    }

    private void openThinking() {
        if (open != Block.THINKING) {
            open(Block.THINKING)
                    .put("{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}}\n\n");
        }
    }

    @Override
    public void onToolStart(int choice, int tool, String id, String name,
            @Nullable String signature) {
        if (choice != 0) {
            return;
        }
        Call call = new Call(id, options().tools().name(name));
        calls.add(call);
        if (mustWait()) {
            hold(id.length() + name.length());
            call.held = new StringBuilder();
            held.add(new Held(Waiting.CALL, call.held, call));
        } else {
            openTool(call);
        }
    }

    private boolean mustWait() {
        return !held.isEmpty() || openCall != null && !openCall.end.isWhole();
    }

    /** Holds a piece, behind what is held already, if the open call is not whole. */
    private boolean waits(Waiting kind, char[] chars, int from, int length) {
        if (!mustWait()) {
            return false;
        }
        hold(length);
        Held last = held.peekLast();
        if (last == null || last.kind != kind) {
            last = new Held(kind, new StringBuilder(), null);
            held.add(last);
        }
        last.text.append(chars, from, length);
        return true;
    }

    private boolean waits(Waiting kind, String whole) {
        if (!mustWait()) {
            return false;
        }
        hold(whole.length());
        held.add(new Held(kind, new StringBuilder(whole), null));
        return true;
    }

    @Override
    public void onToolArguments(int choice, int tool, char[] chars, int from, int length) {
        if (choice != 0) {
            return;
        }
        Call call = calls.get(tool);
        if (call.held != null) {
            hold(length);
            call.held.append(chars, from, length);
        } else if (!call.closed) {
            writeInput(call, chars, from, length);
            writeHeld(false);
        } else if (!new String(chars, from, length).isBlank()) {
            throw new TurnBoundException("more arguments for a call that has ended");
        }
    }

    private void hold(int chars) {
        heldChars += chars;
        if (heldChars > MAX_HELD_CHARS) {
            throw new TurnBoundException("more than " + MAX_HELD_CHARS + " characters that "
                    + "came before the call before them was whole");
        }
    }

    private void openTool(Call call) {
        open(Block.TOOL).put("{\"type\":\"tool_use\",\"id\":").quoted(call.id).put(",\"name\":")
                .quoted(call.name).put(",\"input\":{}}}\n\n");
        openCall = call;
    }

    private void writeInput(Call call, char[] chars, int from, int length) {
        call.end.read(chars, from, length);
        if (length > 0) {
            delta(INPUT).escaped(chars, from, length).put(END_TEXT);
        }
    }

    /** Writes what is held, oldest first, as long as the open call is whole, or to the last. */
    private void writeHeld(boolean all) {
        while (!held.isEmpty() && (all || openCall == null || openCall.end.isWhole())) {
            Held next = held.poll();
            char[] chars = next.text.toString().toCharArray();
            switch (next.kind) {
                case TEXT -> writeText(chars, 0, chars.length);
                case REASONING -> writeReasoning(chars, 0, chars.length);
                case SIGNATURE -> writeSignature(next.text.toString());
                case REDACTED -> writeRedacted(next.text.toString());
                case CALL -> {
                    Call call = next.call;
                    assert call != null; // of this kind alone
                    call.held = null;
                    openTool(call);
                    writeInput(call, chars, 0, chars.length);
                }
            }
        }
        heldChars = held.isEmpty() ? 0 : heldChars;
    }

    @Override
    public void onFinish(int choice, FinishReason reason, @Nullable String sequence) {
        if (choice == 0) {
            finish = reason;
            stopSequence = sequence;
        }
    }

    @Override
    public void onEnd() {
        writeHeld(true);
        close();
        writeEnd(out(), stopReason(finish, refused), stopSequence, usage());
    }

    /** Writes the last two events of a stream, all blocks being closed. */
    private static void writeEnd(ReplyBytes out, String reason, @Nullable String sequence,
            @Nullable ReplyUsage usage) {
        out.put("event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":"
                + "{\"stop_reason\":\"").put(reason)
                .put("\",\"stop_sequence\":").quoted(sequence).put("},\"usage\":");
        writeUsage(out, usage);
        out.put("}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
    }

    /**
     * Ends a stream that was relayed, at the length that it may have.
     *
     * @param openBlock the index of the block that is open; negative for none
     */
    static void endAtLength(ReplyBytes out, long openBlock, ReplyUsage usage) {
        if (openBlock >= 0) {
            writeStop(out, openBlock);
        }
        writeEnd(out, FinishReason.LENGTH.messages(), null, usage);
    }

    private static void writeStop(ReplyBytes out, long block) {
        out.put("event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":")
                .number(block).put("}\n\n");
    }

    /** A refusal is a text in other formats, a reason to stop in this one. */
    static String stopReason(FinishReason finish, boolean refused) {
        return (refused && finish == FinishReason.STOP ? FinishReason.CONTENT_FILTER : finish)
                .messages();
    }

    /** Zeros where nothing was counted: clients expect the figures. */
    static void writeUsage(ReplyBytes out, @Nullable ReplyUsage usage) {
        ReplyUsage counted = usage == null ? new ReplyUsage(0, 0, 0, 0, 0) : usage;
        out.put("{\"input_tokens\":").number(counted.uncached())
                .put(",\"cache_creation_input_tokens\":").number(counted.cacheWrite())
                .put(",\"cache_read_input_tokens\":").number(counted.cached())
                .put(",\"output_tokens\":").number(counted.completion());
        if (counted.reasoning() > 0) {
            out.put(",\"output_tokens_details\":{\"thinking_tokens\":")
                    .number(counted.reasoning()).put("}");
        }
        out.put("}");
    }

    /** Opens a block, up to the object that says which. */
    private ReplyBytes open(Block block) {
        close();
        open = block;
        return out().put("event: content_block_start\ndata: {\"type\":\"content_block_start\","
                + "\"index\":").index(nextBlock++).put(",\"content_block\":");
    }

    private void close() {
        if (open == Block.NONE) {
            return;
        }
        writeStop(out(), nextBlock - 1);
        open = Block.NONE;
        if (openCall != null) {
            openCall.closed = true;
            openCall = null;
        }
    }

    private ReplyBytes delta(byte[] kind) {
        return out().put(DELTA).index(nextBlock - 1).put(kind);
    }

    @Override
    void fail(Failure failure, @Nullable String attempts) {
        out().putRaw(ErrorBody.anthropicEvent(failure, attempts));
    }

    @Override
    void fail(ReplyError error) {
        out().putRaw(ErrorBody.anthropicEvent(error));
    }
}
