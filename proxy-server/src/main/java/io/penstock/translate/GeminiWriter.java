package io.penstock.translate;

import io.penstock.failure.Failure;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes Gemini streams: a whole response for each piece, as events or as the elements of a JSON
 * array. Calls are told whole, in their order, as soon as something else follows them; the reasons
 * to stop come last, together with the usage. There is no sign of life: some of Google's own SDKs
 * take a comment for an error.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Bounds:</b> {@value #MAX_HELD_CHARS} characters of calls that are not yet told.
 */
class GeminiWriter extends TurnWriter {
    private static final int MAX_HELD_CHARS = 4 * 1024 * 1024;
    private static final byte[] CANDIDATE =
            OpenAiWords.ascii("{\"candidates\":[{\"content\":{\"parts\":[");
    private static final byte[] TEXT = OpenAiWords.ascii("{\"text\":\"");
    private static final byte[] END_TEXT = OpenAiWords.ascii("\"}");
    private static final byte[] END_THOUGHT = OpenAiWords.ascii("\",\"thought\":true}");
    private static final byte[] INDEX = OpenAiWords.ascii("],\"role\":\"model\"},\"index\":");
    private static final byte[] END_CANDIDATE = OpenAiWords.ascii("}]");

    /** A tool call. */
    private static final class Call {
        final String id;
        final String name;
        final @Nullable String signature;
        final StringBuilder arguments = new StringBuilder();
        final ArgumentsEnd end = new ArgumentsEnd();

        Call(String id, String name, @Nullable String signature) {
            this.id = id;
            this.name = name;
            this.signature = signature;
        }
    }

    /** One answer. */
    private static final class Answer {
        final int index;
        final List<Call> calls = new ArrayList<>(2);
        int told; // calls
        boolean refused;
        @Nullable FinishReason finish; // null while it goes on

        Answer(int index) {
            this.index = index;
        }
    }

    private final List<Answer> answers = new ArrayList<>(1);
    private byte[] tail = OpenAiWords.ascii("}"); // of every response
    private boolean anyWritten;
    private int heldChars;
    private @Nullable JsonFeed feed; // null until a call is told: the loop's is in use meanwhile
    private @Nullable TextRun json;

    GeminiWriter(ReplyLoop loop, ReplyOptions options) {
        super(loop, options);
    }

    /** Continues a stream of which the caller has the beginning, under that name. */
    final void resume(@Nullable String id, @Nullable String model) {
        anyWritten = true;
        writeTail(id, model);
    }

    @Override
    public void onStart(@Nullable String id, @Nullable String model, long createdSeconds) {
        writeTail(id, model);
    }

    private void writeTail(@Nullable String id, @Nullable String model) {
        ReplyBytes out = out();
        int from = out.length();
        out.put(",\"modelVersion\":").quoted(options().shown(model)).put(",\"responseId\":")
                .quoted(id == null ? loop().newId("") : id).put("}");
        tail = out.takeFrom(from);
    }

    /** Nothing that all of Google's SDKs pass over would say it. */
    @Override
    void writeKeepAlive() {}

    private Answer answer(int choice) {
        for (Answer answer : answers) {
            if (answer.index == choice) {
                return answer;
            }
        }
        Answer answer = new Answer(choice);
        answers.add(answer);
        return answer;
    }

    /** Begins a response. */
    final ReplyBytes begin() {
        ReplyBytes out = out();
        out.put(!options().array() ? "data: " : anyWritten ? "," : "[");
        anyWritten = true;
        return out;
    }

    /** Ends a response: the empty line ends an event, and is a blank between two elements. */
    final void end() {
        out().put("\n\n");
    }

    private ReplyBytes beginParts() {
        return begin().put(CANDIDATE);
    }

    private void endParts(int choice) {
        out().put(INDEX).index(choice).put(END_CANDIDATE).put(tail);
        end();
    }

    @Override
    public void onText(int choice, char[] chars, int from, int length) {
        tellCalls(answer(choice), false);
        beginParts().put(TEXT).escaped(chars, from, length).put(END_TEXT);
        endParts(choice);
    }

    @Override
    public void onRefusal(int choice, char[] chars, int from, int length) {
        answer(choice).refused = true;
        onText(choice, chars, from, length);
    }

    @Override
    public void onReasoning(int choice, char[] chars, int from, int length) {
        if (options().thoughts()) {
            tellCalls(answer(choice), false);
            beginParts().put(TEXT).escaped(chars, from, length).put(END_THOUGHT);
            endParts(choice);
        }
    }

    @Override
    public void onSignature(int choice, String signature) {
        sealedThought(choice, ResponseObject.SIGNATURE_MARK + signature);
    }

    @Override
    public void onRedactedReasoning(int choice, String data) {
        sealedThought(choice, ResponseObject.REDACTED_MARK + data);
    }

    private void sealedThought(int choice, String sealed) {
        if (options().thoughts()) {
            GeminiBody.writeSealedThought(beginParts(), "", sealed);
            endParts(choice);
        }
    }

    @Override
    public void onToolStart(int choice, int tool, String id, String name,
            @Nullable String signature) {
        Answer answer = answer(choice);
        tellCalls(answer, false);
        answer.calls.add(new Call(id, name, signature));
        hold(id.length() + name.length());
    }

    @Override
    public void onToolArguments(int choice, int tool, char[] chars, int from, int length) {
        Answer answer = answer(choice);
        Call call = answer.calls.get(tool);
        if (tool >= answer.told) {
            hold(length);
            call.arguments.append(chars, from, length);
            call.end.read(chars, from, length);
        } else if (!new String(chars, from, length).isBlank()) {
            throw new TurnBoundException("more arguments for a call that has ended");
        }
    }

    private void hold(int chars) {
        heldChars += chars;
        if (heldChars > MAX_HELD_CHARS) {
            throw new TurnBoundException("more than " + MAX_HELD_CHARS
                    + " characters of calls that go on at once");
        }
    }

    /** Tells the calls that are whole and have none before them that isn't, or all. */
    private void tellCalls(Answer answer, boolean all) {
        boolean cut = answer.finish == FinishReason.LENGTH;
        while (answer.told < answer.calls.size()) {
            Call call = answer.calls.get(answer.told);
            boolean whole = call.end.isWhole();
            if (!whole && !all) {
                return;
            }
            answer.told++;
            heldChars -= call.id.length() + call.name.length() + call.arguments.length();
            if (whole || !cut) { // half a call is none, and a caller would carry it out
                if (feed == null || json == null) {
                    feed = new JsonFeed();
                    json = new TextRun();
                }
                GeminiBody.writeCall(beginParts(), feed, json, call.id, call.name,
                        call.arguments, call.signature);
                endParts(answer.index);
            }
            call.arguments.setLength(0);
            call.arguments.trimToSize();
        }
    }

    @Override
    public void onFinish(int choice, FinishReason reason, @Nullable String stopSequence) {
        answer(choice).finish = reason;
    }

    @Override
    public void onEnd() {
        if (answers.isEmpty()) {
            answer(0);
        }
        BitSet finished = new BitSet();
        for (Answer answer : answers) {
            tellCalls(answer, true);
            finished.set(answer.index);
        }
        writeFinish(finished, usage());
        close();
    }

    /** Ends a stream that went to the caller as it came, at the length that it may have. */
    final void endAtLength(BitSet open, ReplyUsage counted) {
        open.stream().forEach(index -> answer(index).finish = FinishReason.LENGTH);
        writeFinish(open, counted);
        close();
    }

    /** An empty text is in the last response at Google, too: some SDKs want any part at all. */
    private void writeFinish(BitSet finished, @Nullable ReplyUsage counted) {
        ReplyBytes out = begin().put("{\"candidates\":[");
        boolean first = true;
        for (Answer answer : answers) {
            if (finished.get(answer.index)) {
                out.put(first ? "" : ",").put("{\"content\":{\"parts\":[{\"text\":\"\"}],"
                        + "\"role\":\"model\"},\"finishReason\":\"")
                        .put(GeminiBody.finishReason(answer.finish, answer.refused))
                        .put("\",\"index\":").index(answer.index).put("}");
                first = false;
            }
        }
        out.put("]");
        GeminiBody.writeUsage(out, counted);
        out.put(tail);
        end();
    }

    /** Closes the array; a stream of events has no such end. */
    final void close() {
        if (options().array()) {
            out().put(anyWritten ? "]\n\n" : "[]\n\n");
        }
    }

    @Override
    final void fail(Failure failure, @Nullable String attempts) {
        fail(ErrorBody.google(failure, attempts));
    }

    @Override
    final void fail(ReplyError error) {
        fail(ErrorBody.google(error));
    }

    private void fail(String error) {
        begin().put(error.getBytes(StandardCharsets.UTF_8));
        end();
        close();
    }
}
