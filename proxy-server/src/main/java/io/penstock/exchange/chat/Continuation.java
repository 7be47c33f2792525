package io.penstock.exchange.chat;

import io.netty.buffer.ByteBuf;
import io.penstock.exchange.call.ReplyReading;
import io.penstock.failure.Failure;
import io.penstock.relay.ResponseRelay;
import io.penstock.translate.AnswerText;
import io.penstock.translate.OpenStream;
import io.penstock.translate.ReplyUsage;

/**
 * What lets another target continue a stream that broke off: the stream as the caller has it, and
 * where the next answer joins it. The caller sees one stream, with the identity of the first.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
final class Continuation {
    /**
     * The observer of a relay that outlives its reply: passes on to whatever part comes now.
     *
     * <p><b>Thread:</b> confined to the exchange's event loop.
     */
    static final class Observer implements ResponseRelay.Observer {
        private ReplyReading reading;

        Observer(ReplyReading first) {
            reading = first;
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
        public int maxSplitEvent() {
            return reading.maxSplitEvent();
        }

        @Override
        public void onPayload(ByteBuf buffer, int index, int length) {
            reading.onPayload(buffer, index, length);
        }
    }

    private Observer observer; // this and the stream: null until the caller gets a reply
    private OpenStream stream;
    private TranslatedRequest request; // of which the stream is the answer; null if it was relayed
    private Splice splice; // null while the first answer goes on
    private AnswerText answer; // that is to be joined
    private final StringBuilder events = new StringBuilder(); // for the caller, not yet sent
    private boolean joined;
    private boolean diverged;

    /**
     * The caller gets that stream from here on.
     *
     * @param observer of its relay
     * @param request that it is translated for; null if it is relayed
     */
    void begin(OpenStream stream, Observer observer, TranslatedRequest request) {
        this.stream = stream;
        this.observer = observer;
        this.request = request;
    }

    /** The relay shows that reading what comes from here on: the reply to a continued request. */
    ReplyReading passTo(ReplyReading next) {
        observer.reading = next;
        return next;
    }

    /** Whether another target could continue from here. */
    boolean isPossible() {
        return stream != null && stream.canContinue() && !diverged
                && (answer == null || !answer.isFinished());
    }

    /** What the caller has of the answer. */
    String text() {
        return stream.text();
    }

    /**
     * Another answer should continue from here.
     *
     * @param prefilled its model was shown what the caller has, and asked to continue it
     */
    void beginSplice(boolean prefilled) {
        splice = new Splice(stream.text(), prefilled);
        answer = new AnswerText();
        joined = false;
        diverged = false;
    }

    /** The answer that is to be joined, for who reads it. */
    AnswerText answer() {
        return answer;
    }

    /** Reads what has come of the next answer. */
    void read() {
        String piece = answer.take();
        diverged |= !answer.isOnlyText();
        if (diverged) {
            return;
        }
        if (!piece.isEmpty()) {
            switch (splice.read(piece)) {
                case JOINED -> pass();
                case DIVERGED -> diverged = true;
                default -> { }
            }
        }
        if (answer.isFinished() && !diverged) {
            diverged = !splice.end();
            if (!diverged) {
                pass();
            }
        }
    }

    private void pass() {
        joined = true;
        String fresh = splice.take();
        if (!fresh.isEmpty()) {
            events.append(stream.text(fresh));
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

    /** The events that end the stream as the last answer ended. */
    String end(ReplyUsage inAll) {
        String end = stream.end(answer, inAll);
        if (request != null) {
            request.remember(stream.responseAnswer());
        }
        return end;
    }

    /** The events that end the stream at the length that it may have. */
    String endAtLength(ReplyUsage inAll) {
        return stream.endAtLength(inAll);
    }

    /** The event that ends the stream with a failure. */
    String fail(Failure why, String attempts) {
        return stream.fail(why, attempts);
    }
}
