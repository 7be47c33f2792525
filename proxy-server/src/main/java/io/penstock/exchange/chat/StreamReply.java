package io.penstock.exchange.chat;

import io.netty.buffer.ByteBuf;
import io.penstock.exchange.call.Ask;
import io.penstock.exchange.call.Judgement;
import io.penstock.exchange.call.ReplyReading;
import io.penstock.failure.Failure;
import io.penstock.failure.Fault;
import io.penstock.relay.ResponseRelay;
import io.penstock.sse.EventSplitter;
import io.penstock.translate.ChatStream;
import io.penstock.translate.ChatStream.Meaning;
import io.penstock.translate.ErrorBody;
import io.penstock.translate.OpenStream;
import io.penstock.usage.TokenUsage;

/**
 * What the streams of all formats have in common: content, how they end, and about how many tokens
 * went by.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop. <b>Buffers:</b> borrows.
 */
abstract class StreamReply extends ReplyReading {
    private static final int BYTES_PER_TOKEN = 4;
    private static final int MAX_FRAME_BYTES = 512; // of JSON around an event's text
    static final int MAX_EMPTY_BYTES = 24; // [DONE] and comments

    final ChatLoop loop;
    final ChatCall call;
    final Ask ask;
    private final Continuation continuation; // null where no other target shall continue it
    private final Continuation.Observer observer; // null likewise
    TokenUsage usage; // as the provider reported it
    ChatStream.Identity identity; // what the chunks have in common; null if none has told
    private int contentEvents;
    private long finishes;
    private boolean doneSeen;
    private boolean errorSeen;
    private int malformed;
    private long events; // with room for content
    private long eventBytes; // of these
    private int leastBytes = MAX_FRAME_BYTES; // of one of these

    /** {@code continuation} is null where no other target shall continue the stream. */
    StreamReply(ChatLoop loop, ChatCall call, Ask ask, Continuation continuation) {
        this.loop = loop;
        this.call = call;
        this.ask = ask;
        this.continuation = continuation;
        observer = continuation == null ? null : new Continuation.Observer(this);
    }

    /** The relay outlives this reply when another one continues it, and so does its observer. */
    @Override
    public ResponseRelay.Observer observer() {
        return observer == null ? this : observer;
    }

    @Override
    public boolean isEvents() {
        return true;
    }

    // What its events mean

    /** An event of so many bytes has been read. */
    void onMeaning(Meaning meaning, int length) {
        switch (meaning) {
            case CONTENT -> {
                onContent();
                count(length);
            }
            case FINISH -> onFinish();
            case DONE -> {
                onFinish();
                onDone();
            }
            case ERROR -> onError();
            default -> { }
        }
    }

    /** One more event with room for content. */
    void count(int length) {
        if (length > MAX_EMPTY_BYTES) {
            events++;
            eventBytes += length;
            leastBytes = Math.min(leastBytes, length);
        }
    }

    void onContent() {
        contentEvents++;
    }

    /** The model said why it stopped, of one answer. */
    void onFinish() {
        finishes++;
    }

    void onDone() {
        doneSeen = true;
    }

    void onError() {
        errorSeen = true;
    }

    /** An event began as JSON and is malformed; it was left out. */
    void onMalformed() {
        malformed++;
    }

    @Override
    public void onOversizedEvent() {
        contentEvents++; // nothing but content is that long
        events++;
        eventBytes += EventSplitter.MAX_SPLIT_EVENT;
    }

    boolean isDoneSeen() {
        return doneSeen;
    }

    /** Whether the model said why it stopped. */
    boolean isFinishSeen() {
        return finishes > 0;
    }

    /** Whether an error in the middle ends the stream here, and not by passing to the caller. */
    boolean keepsErrorsBack() {
        return continuation != null; // another target may go on
    }

    /** The stream as another target can continue it; null where it shall not. */
    OpenStream openStream() {
        return null;
    }

    /** The request that the stream answers in a translation; null where it is relayed. */
    TranslatedRequest translated() {
        return null;
    }

    @Override
    public void onCommit() {
        if (continuation != null) {
            continuation.begin(openStream(), observer, translated());
        }
    }

    @Override
    public boolean canBeContinuedLater() {
        return continuation != null;
    }

    @Override
    public boolean canBeContinued() {
        return continuation != null && continuation.isPossible();
    }

    @Override
    public boolean isContentSeen() {
        return contentEvents >= ask.hold().contentEvents();
    }

    // What follows

    @Override
    public Judgement judge(boolean ended, int heldBytes) {
        if (errorSeen) {
            return fail(Fault.ERROR_IN_REPLY, "the stream opens with an error");
        }
        if (isContentSeen() || isFinishSeen() || heldBytes >= ask.hold().bytes()) {
            return Judgement.COMMIT;
        }
        return ended ? fail(Fault.NO_CONTENT, "the stream ended before its first content")
                : Judgement.WAIT;
    }

    @Override
    public Judgement judgeMore(boolean ended) {
        if (errorSeen && keepsErrorsBack()) {
            return fail(Fault.ERROR_IN_REPLY, "the stream went wrong");
        }
        if (ended) {
            return Judgement.END;
        }
        return ask.cutsAtBudget() && !hasFinished() ? Judgement.METER : Judgement.WAIT;
    }

    /** Whether all answers have finished, or the stream has ended: no more tokens will come. */
    private boolean hasFinished() {
        return doneSeen || errorSeen || finishes >= call.fields().choices();
    }

    @Override
    public boolean isComplete() {
        return doneSeen || errorSeen || isFinishSeen();
    }

    @Override
    public boolean hasSaidAll() {
        return doneSeen || hasPassedError();
    }

    /** Whether the provider's error event has gone to the caller, who needs no other. */
    final boolean hasPassedError() {
        return errorSeen && !keepsErrorsBack();
    }

    @Override
    public String closing(TokenUsage inAll) {
        return !doneSeen && !errorSeen && call.endpoint().hasChunks() ? "data: [DONE]\n\n" : null;
    }

    @Override
    public String lastWord(Failure why, String attempts) {
        return ErrorBody.event(call.format(), why, attempts, 0);
    }

    @Override
    public String endAtLength(TokenUsage cameTo) {
        return ChatStream.endAtLength(identity == null ? call.identity() : identity,
                call.endpoint().isText(), call.fields().choices());
    }

    // What was learnt

    @Override
    public boolean isErrorSeen() {
        return errorSeen;
    }

    @Override
    public int contentEvents() {
        return contentEvents;
    }

    @Override
    public boolean isAnswered() {
        return usage() != null || contentEvents > 0;
    }

    /**
     * About how many tokens have gone by: one an event, or one for so many bytes of text, the
     * larger of the two. The shortest event is taken for the frame around the text of all, if it is
     * short enough to be one: some providers send a page at a time.
     */
    @Override
    public long passedTokens() {
        return events == 0 ? 0
                : Math.max(events, (eventBytes - events * leastBytes) / BYTES_PER_TOKEN);
    }

    @Override
    public TokenUsage usage() {
        return usage;
    }

    @Override
    public int malformedEvents() {
        return malformed;
    }

    /** Notes the identity of the stream, from the first chunk that tells it. */
    void noteIdentity(ByteBuf buffer, int index, int length) {
        if (identity == null) {
            identity = loop.chatStream().identity(buffer, index, length);
        }
    }

    /** Whether an event brings nothing but the usage, which the caller has not asked for. */
    boolean isUsageOnly(ByteBuf buffer, int index, int length) {
        return loop.chatStream().isWithoutChoices(buffer, index, length)
                && loop.chatStream().read(buffer, index, length) == Meaning.NOTHING;
    }
}
