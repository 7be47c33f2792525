package io.penstock.translate;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A model's whole turn: for formats that group or repeat what others stream.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Bounds:</b> {@value #MAX_CHARS} characters, {@value #MAX_PARTS} parts.
 */
final class Turn implements TurnSink {
    static final int MAX_CHARS = 16 * 1024 * 1024;
    static final int MAX_PARTS = 8 * 1024;
    private static final int PIECE_CHARS = 256; // of a text that is told to another sink

    /** What a part is. */
    enum Kind { TEXT, REFUSAL, REASONING, REDACTED, TOOL }

    /** A run of one kind. */
    static final class Part {
        final Kind kind;
        final int tool; // the call's number; -1 for what is none
        final String id; // this and the name: of a call, else empty
        final String name;
        final StringBuilder text = new StringBuilder();
        @Nullable String signature;

        Part(Kind kind, int tool, String id, String name,
                @Nullable String signature) {
            this.kind = kind;
            this.tool = tool;
            this.id = id;
            this.name = name;
            this.signature = signature;
        }
    }

    /** One answer. */
    static final class Choice {
        final int index;
        final List<Part> parts = new ArrayList<>(2);
        @Nullable FinishReason finish;
        @Nullable String stopSequence;

        Choice(int index) {
            this.index = index;
        }

        boolean has(Kind kind) {
            for (Part part : parts) {
                if (part.kind == kind) {
                    return true;
                }
            }
            return false;
        }

        private @Nullable Part last() {
            return parts.isEmpty() ? null : parts.get(parts.size() - 1);
        }
    }

    private final List<Choice> choices = new ArrayList<>(1);
    private @Nullable String id;
    private @Nullable String model;
    private long createdSeconds;
    private @Nullable ReplyUsage usage;
    private int chars;
    private int parts;

    @Nullable String id() {
        return id;
    }

    @Nullable String model() {
        return model;
    }

    long createdSeconds() {
        return createdSeconds;
    }

    /** Null if the provider has counted nothing. */
    @Nullable ReplyUsage usage() {
        return usage;
    }

    /** The answers, in the order in which they began. */
    List<Choice> choices() {
        return choices;
    }

    /** An answer, begun if it has not. */
    Choice choice(int index) {
        for (Choice choice : choices) {
            if (choice.index == index) {
                return choice;
            }
        }
        Choice choice = new Choice(index);
        choices.add(choice);
        return choice;
    }

    /** Puts the reasoning first, out of a format that says nothing of where it was. */
    void putReasoningFirst() {
        for (Choice choice : choices) {
            choice.parts.sort(Comparator.comparingInt(part ->
                    part.kind == Kind.REASONING || part.kind == Kind.REDACTED ? 0 : 1));
        }
    }

    /** Tells a sink of the whole turn, which is complete; a text comes in pieces. */
    void tell(TurnSink sink) {
        sink.onStart(id, model, createdSeconds);
        for (Choice choice : choices) {
            for (Part part : choice.parts) {
                tell(sink, choice.index, part);
            }
        }
        if (usage != null) {
            sink.onUsage(usage);
        }
        for (Choice choice : choices) {
            if (choice.finish != null) {
                sink.onFinish(choice.index, choice.finish, choice.stopSequence);
            }
        }
        sink.onEnd();
    }

    private static void tell(TurnSink sink, int choice, Part part) {
        if (part.kind == Kind.REDACTED) {
            sink.onRedactedReasoning(choice, part.text.toString());
            return;
        }
        if (part.kind == Kind.TOOL) {
            sink.onToolStart(choice, part.tool, part.id, part.name, part.signature);
        }
        char[] chars = part.text.toString().toCharArray();
        for (int at = 0; at < chars.length; ) {
            int end = Math.min(chars.length, at + PIECE_CHARS);
            end += end < chars.length && Character.isHighSurrogate(chars[end - 1]) ? 1 : 0;
            switch (part.kind) {
                case TEXT -> sink.onText(choice, chars, at, end - at);
                case REFUSAL -> sink.onRefusal(choice, chars, at, end - at);
                case REASONING -> sink.onReasoning(choice, chars, at, end - at);
                default -> sink.onToolArguments(choice, part.tool, chars, at, end - at);
            }
            at = end;
        }
        if (part.kind == Kind.REASONING && part.signature != null) {
            sink.onSignature(choice, part.signature);
        }
    }

    @Override
    public void onStart(@Nullable String id, @Nullable String model, long createdSeconds) {
        this.id = id;
        this.model = model;
        this.createdSeconds = createdSeconds;
    }

    @Override
    public void onText(int choice, char[] from, int at, int count) {
        append(open(choice, Kind.TEXT), from, at, count);
    }

    @Override
    public void onRefusal(int choice, char[] from, int at, int count) {
        append(open(choice, Kind.REFUSAL), from, at, count);
    }

    @Override
    public void onReasoning(int choice, char[] from, int at, int count) {
        append(open(choice, Kind.REASONING), from, at, count);
    }

    @Override
    public void onSignature(int choice, String signature) {
        open(choice, Kind.REASONING).signature = signature;
        count(signature.length());
    }

    @Override
    public void onRedactedReasoning(int choice, String data) {
        Part part = add(choice(choice), new Part(Kind.REDACTED, -1, "", "", null));
        count(data.length());
        part.text.append(data);
    }

    @Override
    public void onToolStart(int choice, int tool, String callId, String name,
            @Nullable String signature) {
        add(choice(choice), new Part(Kind.TOOL, tool, callId, name, signature));
        count(callId.length() + name.length());
    }

    @Override
    public void onToolArguments(int choice, int tool, char[] from, int at, int count) {
        append(tool(choice, tool), from, at, count);
    }

    @Override
    public void onFinish(int choice, FinishReason reason, @Nullable String stopSequence) {
        Choice finished = choice(choice);
        finished.finish = reason;
        finished.stopSequence = stopSequence;
    }

    @Override
    public void onUsage(ReplyUsage counted) {
        usage = counted;
    }

    @Override
    public void onKeepAlive() {}

    @Override
    public void onError(ReplyError error) {}

    @Override
    public void onEnd() {}

    /** A call that has begun. */
    Part tool(int choice, int tool) {
        List<Part> all = choice(choice).parts;
        for (int i = all.size() - 1; i >= 0; i--) {
            if (all.get(i).tool == tool) {
                return all.get(i);
            }
        }
        throw new IllegalStateException("arguments of a call that has not begun");
    }

    /** The part to which a piece of that kind belongs: the last, or a new one. */
    private Part open(int index, Kind kind) {
        Choice choice = choice(index);
        Part last = choice.last();
        return last != null && last.kind == kind && last.signature == null ? last
                : add(choice, new Part(kind, -1, "", "", null));
    }

    private Part add(Choice choice, Part part) {
        if (++parts > MAX_PARTS) {
            throw new TurnBoundException("more than " + MAX_PARTS + " parts");
        }
        choice.parts.add(part);
        return part;
    }

    private void append(Part part, char[] from, int at, int count) {
        count(count);
        part.text.append(from, at, count);
    }

    private void count(int more) {
        chars += more;
        if (chars > MAX_CHARS) {
            throw new TurnBoundException("more than " + MAX_CHARS + " characters");
        }
    }
}
