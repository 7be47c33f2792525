package io.penstock.exchange.chat;

import io.netty.buffer.ByteBuf;
import io.penstock.exchange.call.ReplyReading;
import io.penstock.relay.ResponseRelay;
import io.penstock.translate.ChatChunk;
import io.penstock.translate.ChatStream;

/**
 * What lets another target continue a stream that broke off: the text that the caller has, and
 * where the next answer joins it. The caller sees one stream, with the identity of the first.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Bounds:</b> {@value #MAX_CHARS} characters of text; a longer answer can't be continued.
 */
final class Continuation implements ResponseRelay.Observer {
    static final int MAX_CHARS = 256 * 1024;

    private final StringBuilder text = new StringBuilder();
    private final StringBuilder events = new StringBuilder(); // for the caller, not yet sent
    private ReplyReading reading; // of the part that comes now
    private ChatStream.Identity identity;
    private boolean onlyText = true;
    private boolean finished;
    private Splice splice; // null while the first answer goes on
    private boolean joined;
    private boolean diverged;

    // The relay's observer, whichever part of the answer comes

    /** Passes events on to that reading from here on: its reply is the next part. */
    void passTo(ReplyReading next) {
        reading = next;
    }

    @Override
    public boolean onEvent(ByteBuf buffer, int index, int length) {
        return reading.onEvent(buffer, index, length);
    }

    @Override
    public void onOversizedEvent() {
        reading.onOversizedEvent();
    }

    @Override
    public void onPayload(ByteBuf buffer, int index, int length) {
        reading.onPayload(buffer, index, length);
    }

    // What the caller has

    /** Notes a chunk that goes to the caller as it is. */
    void record(ChatChunk chunk) {
        if (identity == null) {
            identity = chunk.identity();
        }
        add(chunk.text());
        // Reasoning is over once there is text; before that the answer can't be continued.
        onlyText &= !chunk.hasOther() && !(chunk.hasReasoning() && text.length() > 0);
        finished |= chunk.finishReason() != null;
    }

    private void add(String piece) {
        if (piece != null) {
            text.append(piece);
            onlyText &= text.length() <= MAX_CHARS;
        }
    }

    /** Whether another target could go on from here. */
    boolean isPossible() {
        return onlyText && !finished && !diverged && identity != null && text.length() > 0;
    }

    /**
     * Another answer should go on from here.
     *
     * @param prefilled its model was shown what the caller has, and asked to go on
     */
    void beginSplice(boolean prefilled) {
        splice = new Splice(text.toString(), prefilled);
        joined = false;
        diverged = false;
    }

    /** Reads a chunk of the next answer; what the caller should see of it can be taken then. */
    void splice(ChatChunk chunk) {
        if (chunk.hasOther() || diverged) {
            diverged = true;
            return;
        }
        if (chunk.text() != null) {
            switch (splice.read(chunk.text())) {
                case JOINED -> pass();
                case DIVERGED -> diverged = true;
                default -> { }
            }
        }
        if (chunk.finishReason() != null && !finished && !diverged) {
            diverged = !splice.end();
            if (!diverged) {
                pass();
                finished = true;
                events.append(ChatChunk.ofFinish(identity, chunk.finishReason()));
            }
        }
    }

    private void pass() {
        joined = true;
        String fresh = splice.take();
        if (!fresh.isEmpty()) {
            add(fresh);
            events.append(ChatChunk.ofText(identity, fresh));
        }
    }

    /** Whether the next answer has met the first, so that the caller hears of it. */
    boolean isJoined() {
        return joined;
    }

    /** Whether the next answer says something else. */
    boolean isDiverged() {
        return diverged;
    }

    /** Takes the events that the caller should see next; empty if there are none. */
    String takeEvents() {
        if (events.length() == 0) {
            return "";
        }
        String out = events.toString();
        events.setLength(0);
        return out;
    }

    /** What the caller has of the answer. */
    String text() {
        return text.toString();
    }

    ChatStream.Identity identity() {
        return identity;
    }
}
