package io.penstock.translate;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Reads one reply in one provider's format, event by event or as a whole body, and tells a sink
 * what happens in it. Decides by its provider's rules whether the reply is complete.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
abstract class TurnReader {
    private final ReplyLoop loop;
    private final TurnSink sink;

    TurnReader(ReplyLoop loop, TurnSink sink) {
        this.loop = loop;
        this.sink = sink;
    }

    final ReplyLoop loop() {
        return loop;
    }

    final TurnSink sink() {
        return sink;
    }

    /** Reads an event's data, of which the first token has been read. */
    abstract void readEvent(JsonFeed in) throws IOException;

    /** Reads a unary reply, of which the first token has been read. */
    abstract void readBody(JsonFeed in) throws IOException;

    /** Reads an event-stream message. */
    void readMessage(EventStreamMessage message, JsonFeed in) throws IOException {
        throw new IllegalStateException("a format without event-stream messages");
    }

    /** {@code [DONE]} came, which means nothing in most formats. */
    void onDone() {}

    /** The provider's stream ended cleanly; whether it is complete, only its format knows. */
    abstract void onClosed();

    /** Reads the value once more, as an error. */
    final void fail(JsonFeed in) throws IOException {
        in.end();
        in.restart();
        sink.onError(ErrorReader.read(in, 0));
    }

    /** Reads a value that is nothing but an error. */
    final void readError(JsonFeed in) throws IOException {
        sink.onError(ErrorReader.read(in, 0));
    }

    /** Tells of a text, if it is one. */
    final void text(JsonFeed in, int choice) throws IOException {
        if (in.hasText()) {
            sink.onText(choice, in.chars(), in.from(), in.length());
        }
    }

    /** Tells of reasoning, if it is any. */
    final void reasoning(JsonFeed in, int choice) throws IOException {
        if (in.hasText()) {
            sink.onReasoning(choice, in.chars(), in.from(), in.length());
        }
    }

    /** Tells of all of a call's arguments: an object's own, or none at all. */
    final void arguments(JsonFeed in, int choice, int tool) throws IOException {
        TextRun text = loop.text();
        text.clear();
        if (in.isObject()) {
            in.copyTo(text);
        } else {
            in.skip();
            text.append("{}");
        }
        sink.onToolArguments(choice, tool, text.chars(), 0, text.length());
    }

    static @Nullable String emptyToNull(@Nullable String text) {
        return text == null || text.isEmpty() ? null : text;
    }

    /**
     * Reads an event up to its member {@code type}, and stands before the next member then; null if
     * the event has no such member.
     */
    static @Nullable String typeOf(JsonFeed in) throws IOException {
        String type = null;
        for (boolean first = true; in.nextMember(); first = false) {
            if (!in.name().equals("type")) {
                in.skip();
            } else if (first) { // nearly always
                return in.word();
            } else {
                type = in.word();
            }
        }
        in.end();
        in.restart();
        return type;
    }
}
