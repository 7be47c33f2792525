package io.penstock.mock;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a mock says to one call, before any format has worded it.
 *
 * @param id a part of every id in the reply: letters, digits, hyphens and underscores
 * @param reasoning pieces of what the model thinks first; empty for none
 * @param text pieces of what it says
 * @param interleaved the pieces of several calls come in turn, where the format has room for that
 * @param tokens null where the provider tells nothing of them
 */
record Answer(String id, long createdSeconds, @Nullable String model, List<String> reasoning,
        List<String> text, List<ToolCall> calls, boolean interleaved, Finish finish,
        @Nullable Tokens tokens) {

    /** Why it ends. */
    enum Finish { STOP, LENGTH, TOOLS, FILTER, REFUSAL }

    /**
     * One call of a tool.
     *
     * @param id as {@link Answer#id}
     * @param arguments a JSON object as text
     */
    record ToolCall(String id, String name, String arguments) {
        private static final int PIECE_CHARS = 6; // so that escapes and words are cut in two

        /** The arguments as they are streamed, cut at any character but inside none. */
        List<String> pieces() {
            return Pieces.cut(arguments, PIECE_CHARS);
        }
    }

    /**
     * What the call costs.
     *
     * @param prompt all of it, {@code cached} and {@code written} among it
     * @param completion all of it, {@code reasoning} among it
     */
    record Tokens(long prompt, long cached, long written, long completion, long reasoning) {}

    String whole() {
        return String.join("", text);
    }

    String wholeReasoning() {
        return String.join("", reasoning);
    }

    boolean isRefusal() {
        return finish == Finish.REFUSAL;
    }
}
