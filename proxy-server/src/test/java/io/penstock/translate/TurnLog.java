package io.penstock.translate;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** What a reader tells, a line each. */
final class TurnLog implements TurnSink {
    final List<String> lines = new ArrayList<>();

    /** What a reader tells of those events' data. */
    static List<String> of(ReplyFormat format, String... events) {
        return new TurnLog().read(format, events);
    }

    private List<String> read(ReplyFormat format, String... events) {
        ReplyLoop loop = Translated.loop();
        TurnReader reader = switch (format) {
            case CHAT, COMPLETIONS -> new ChatReader(loop, this, 2);
            case MESSAGES -> new MessagesReader(loop, this, true);
            case GEMINI -> new GeminiReader(loop, this, 1);
            case RESPONSES -> new ResponsesReader(loop, this);
            default -> throw new IllegalArgumentException("no event of text: " + format);
        };
        for (String event : events) {
            byte[] bytes = event.getBytes(StandardCharsets.UTF_8);
            try {
                if (event.equals("[DONE]")) {
                    reader.onDone();
                } else {
                    loop.feed().begin(bytes, 0, bytes.length);
                    reader.readEvent(loop.feed());
                }
            } catch (IOException e) {
                lines.add("malformed");
            }
        }
        return lines;
    }

    private void add(String line) {
        lines.add(line);
    }

    private static String text(char[] chars, int from, int length) {
        return new String(chars, from, length);
    }

    @Override
    public void onStart(String id, String model, long createdSeconds) {
        add("start " + id + " " + model + " " + createdSeconds);
    }

    @Override
    public void onText(int choice, char[] chars, int from, int length) {
        add("text " + choice + " " + text(chars, from, length));
    }

    @Override
    public void onRefusal(int choice, char[] chars, int from, int length) {
        add("refusal " + choice + " " + text(chars, from, length));
    }

    @Override
    public void onReasoning(int choice, char[] chars, int from, int length) {
        add("reasoning " + choice + " " + text(chars, from, length));
    }

    @Override
    public void onSignature(int choice, String signature) {
        add("signature " + choice + " " + signature);
    }

    @Override
    public void onRedactedReasoning(int choice, String data) {
        add("redacted " + choice + " " + data);
    }

    @Override
    public void onToolStart(int choice, int tool, String id, String name, String signature) {
        add("tool " + choice + "." + tool + " " + id + " " + name
                + (signature == null ? "" : " " + signature));
    }

    @Override
    public void onToolArguments(int choice, int tool, char[] chars, int from, int length) {
        add("arguments " + choice + "." + tool + " " + text(chars, from, length));
    }

    @Override
    public void onFinish(int choice, FinishReason reason, String stopSequence) {
        add("finish " + choice + " " + reason + (stopSequence == null ? "" : " " + stopSequence));
    }

    @Override
    public void onUsage(ReplyUsage usage) {
        add("usage " + usage.prompt() + " " + usage.completion() + " " + usage.cached() + " "
                + usage.cacheWrite() + " " + usage.reasoning());
    }

    @Override
    public void onKeepAlive() {
        add("alive");
    }

    @Override
    public void onError(ReplyError error) {
        add("error " + error.kind() + " " + error.message());
    }

    @Override
    public void onEnd() {
        add("end");
    }
}
