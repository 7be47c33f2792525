package io.penstock.translate;

import io.penstock.failure.Failure;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A caller's stream whose provider broke off within a text: what was told so far, and how to
 * continue in the caller's format from there. The caller sees one stream, with the ids, indexes and
 * numbers of the first.
 *
 * <pre>{@code
 * OpenStream open = translator.openStream();  // of the answer that the caller has begun to get
 * if (open.canContinue()) {
 *     ask(open.text());                       // another provider
 *     send(open.text(piece));                 // for each piece of its answer
 *     send(open.end(answer, usage));
 * }
 * }</pre>
 *
 * <p><b>Thread:</b> confined to the exchange's event loop. <b>Bounds:</b> those of {@link
 * Transcript}.
 */
public final class OpenStream {
    private final ReplyLoop loop;
    private final ReplyTranslator first;
    private final Transcript transcript;
    private @Nullable TurnWriter writer; // null until something is written
    private boolean ended;

    OpenStream(ReplyLoop loop, ReplyTranslator first, Transcript transcript) {
        this.loop = loop;
        this.first = first;
        this.transcript = transcript;
    }

    /** Whether another provider could continue it from here. */
    public boolean canContinue() {
        return !ended && transcript.isOnlyText() && (writer != null || first.isMidText());
    }

    /** What the caller has of the answer. */
    public String text() {
        return transcript.text();
    }

    /** A piece of the text, as events for the caller. */
    public String text(String piece) {
        char[] chars = piece.toCharArray();
        transcript.add(chars, 0, chars.length);
        begin().onText(0, chars, 0, chars.length);
        return taken();
    }

    /** The events that end the stream, for the reason that the last answer ended for. */
    public String end(AnswerText last, ReplyUsage usage) {
        FinishReason reason = last.finish();
        return end(reason == null ? FinishReason.STOP : reason, last.stopSequence(), usage);
    }

    /** The events that end the stream at the length that it may have. */
    public String endAtLength(ReplyUsage usage) {
        return end(FinishReason.LENGTH, null, usage);
    }

    private String end(FinishReason reason, @Nullable String stopSequence, ReplyUsage usage) {
        ended = true;
        TurnWriter out = begin();
        out.onUsage(usage);
        out.onFinish(0, reason, stopSequence);
        out.onEnd();
        return taken();
    }

    /** The event that ends the stream with a failure. */
    public String fail(Failure failure, @Nullable String attempts) {
        ended = true;
        begin().fail(failure, attempts);
        return taken();
    }

    /** What a Responses caller was answered in all; null if the caller is another's. */
    public @Nullable ResponseAnswer responseAnswer() {
        return ended && writer instanceof ResponsesWriter written && written.response() != null
                ? written.response().answer() : null;
    }

    private TurnWriter begin() {
        if (writer == null) {
            writer = first.successor(transcript);
        }
        loop.bytes().clear();
        return writer;
    }

    private String taken() {
        return new String(loop.bytes().takeFrom(0), StandardCharsets.UTF_8);
    }
}
