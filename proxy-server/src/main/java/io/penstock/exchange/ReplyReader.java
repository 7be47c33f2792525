package io.penstock.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.json.JsonSyntaxException;
import io.penstock.json.Needle;
import io.penstock.json.TopLevelScanner;
import io.penstock.relay.ResponseRelay;
import io.penstock.sse.EventSplitter;
import io.penstock.translate.ChatChunk;
import io.penstock.translate.ChatStream;
import io.penstock.translate.ChatStream.Meaning;
import io.penstock.translate.ReplyTranslator;
import io.penstock.translate.ReplyUsage;
import io.penstock.usage.TokenUsage;
import java.nio.charset.StandardCharsets;

/**
 * What a reply says as it goes by, as far as an attempt has to know: whether there is content in
 * it, how it ends, an error where none should be, and the usage. Reads the chunks of a stream
 * closely until it has seen enough, and then only those that end otherwise than the last; the
 * events of messages and responses always, since what ends them is not to be seen at a glance. What
 * a translated reply means is told by who translates it.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Buffers:</b> borrows.
 * <br><b>Bounds:</b> {@value #MAX_JUDGED_BYTES} bytes of an error's text, {@value #CARRIED_BYTES}
 * bytes from one piece of a unary reply to the next.
 */
final class ReplyReader implements ResponseRelay.Observer {
    static final int MAX_JUDGED_BYTES = 4 * 1024;
    static final int CARRIED_BYTES = 1024;
    private static final int PEEK_BYTES = 1024;
    private static final int CHOICES_WITHIN_BYTES = 256;
    private static final int BYTES_PER_TOKEN = 4;
    private static final int MAX_FRAME_BYTES = 512; // of JSON around an event's text
    private static final int MAX_EMPTY_BYTES = 24; // [DONE] and comments
    private static final byte[] EMPTY = {};
    private static final Needle ERROR = new Needle("\"error\"");
    private static final Needle CHOICES = new Needle("\"choices\":[{");

    private final ExchangeLoop loop;
    private int wantedEvents;
    private int contentEvents;
    private long finishes;
    private boolean doneSeen;
    private boolean errorSeen;
    private boolean anyPayload;
    private byte lastByte; // of the payload, blanks apart
    private boolean peeksOn; // for an error object where an answer should be
    private boolean errorInside;
    private TopLevelScanner errorScanner;
    private long wholeLength;
    private byte[] carry; // the end of the pieces so far; null while there is but one
    private StringBuilder errorText; // the beginning of an error reply; null for any other
    private TokenUsage usage;
    private boolean hidesUsage;
    private boolean watched; // it may have to be ended here
    private ChatStream.Identity identity;
    private ReplyTranslator watcher; // of events that are no chunks; null until there were any
    private boolean watches;
    private boolean streams;
    private long watchedEvents; // that went by
    private boolean unreadLast; // the last event was too long to be read
    private boolean translated; // what events mean is told elsewhere
    private boolean chunks; // the caller's events are OpenAI's chunks
    private boolean googles; // the provider counts in Google's words
    private Continuation continuation; // null where events need not be read whole
    private int malformed;
    private long events; // with room for content
    private long eventBytes; // of these
    private int leastBytes; // of one of these
    private long payloadBytes; // of a reply that is no stream

    ReplyReader(ExchangeLoop loop) {
        this.loop = loop;
    }

    /**
     * Begins with a reply.
     *
     * @param wantedEvents content events to be read closely
     * @param isError its text is kept, and nothing else looked for
     * @param wholeLength of its body in bytes, negative if that is not known
     * @param continuation reads every event of a stream as it goes by; null for none
     * @param watched the stream may have to be ended here, so that it has to be known whose it is
     * @param hidesUsage the caller has not asked for the event that brings nothing but the usage
     */
    void begin(int wantedEvents, boolean isError, long wholeLength,
            Continuation continuation, boolean watched, boolean hidesUsage) {
        this.continuation = continuation;
        malformed = 0;
        chunks = true;
        googles = false;
        watches = false;
        watchedEvents = 0;
        unreadLast = false;
        translated = false;
        this.wantedEvents = wantedEvents;
        this.hidesUsage = hidesUsage;
        this.watched = watched;
        identity = null;
        this.wholeLength = wholeLength;
        contentEvents = 0;
        finishes = 0;
        doneSeen = false;
        errorSeen = false;
        anyPayload = false;
        lastByte = 0;
        peeksOn = true;
        errorInside = false;
        errorScanner = null;
        carry = null;
        errorText = isError ? new StringBuilder() : null;
        usage = null;
        events = 0;
        eventBytes = 0;
        leastBytes = MAX_FRAME_BYTES;
        payloadBytes = 0;
    }

    /**
     * Says what the caller's events are, behind {@link #begin}; chunks as they come, else.
     *
     * @param endpoint in whose format they come
     * @param isStream there are events
     * @param isTranslated they come from a translation, which tells what they mean
     */
    void expect(Endpoint endpoint, boolean isStream, boolean isTranslated) {
        streams = isStream;
        unreadLast = false;
        chunks = endpoint.hasChunks();
        googles = endpoint.isGoogles() && !isTranslated;
        translated = isTranslated;
        watches = !isTranslated && !chunks;
        if (watches) {
            watcher = watcher == null ? new ReplyTranslator(loop.replyLoop()) : watcher;
            watcher.watch(endpoint.format(), watched);
        }
    }

    /** An event of so many bytes has been read by a translation. */
    void onMeaning(Meaning meaning, int length) {
        switch (meaning) {
            case CONTENT -> {
                contentEvents += continuation == null ? 1 : 0; // which reads for itself
                count(length);
            }
            case FINISH -> finishes++;
            case DONE -> {
                finishes++;
                doneSeen = true;
            }
            case ERROR -> errorSeen = true;
            default -> { }
        }
    }

    /** One more event with room for content. */
    private void count(int length) {
        if (length > MAX_EMPTY_BYTES) {
            events++;
            eventBytes += length;
            leastBytes = Math.min(leastBytes, length);
        }
    }

    /** The translation has made a whole answer of so many bytes. */
    void onAnswer(int bytes) {
        anyPayload = true;
        payloadBytes = bytes;
    }

    /** What should be an answer could not be read as one. */
    void onErrorInside() {
        errorInside = true;
    }

    /** Nothing of the reply may show any more. */
    void forget() {
        errorText = null;
        usage = null;
        watches = false;
        contentEvents = 0;
        events = 0;
        payloadBytes = 0;
    }

    /** The reply has been committed: it need not be asked any more whether it is one. */
    void onCommit() {
        peeksOn = false;
    }

    /** Whether the stream has shown as much content as was wanted. */
    boolean isContentSeen() {
        return isSplicing() ? continuation.isJoined() : contentEvents >= wantedEvents;
    }

    /** Content events so far; no more are counted than were wanted. */
    int contentEvents() {
        return contentEvents;
    }

    private boolean isSplicing() {
        return continuation != null && continuation.isSplicing();
    }

    /** Events that began as JSON and were none; they went no further. */
    int malformedEvents() {
        return malformed;
    }

    /** Whether the model said why it stopped; it may have, in an event too long to be read. */
    boolean isFinishSeen() {
        return finishes > 0 || unreadLast;
    }

    /** Whether it said so of that many answers, or all is over: nothing that costs follows. */
    boolean isFinished(long choices) {
        return doneSeen || errorSeen || finishes >= choices;
    }

    /** The events that end a relayed stream at the length that it may have; null if none can. */
    String endAtLength(ReplyUsage counted) {
        ByteBuf end = Unpooled.buffer();
        return watches && watcher.endAtLength(counted, end) ? end.toString(StandardCharsets.UTF_8)
                : null;
    }

    /** Whether {@code [DONE]} went by. */
    boolean isDoneSeen() {
        return doneSeen;
    }

    /** What the stream's chunks have in common; null if none has told. */
    ChatStream.Identity identity() {
        return identity;
    }

    /** Whether an error event went by. */
    boolean isErrorSeen() {
        return errorSeen;
    }

    /** Whether a unary reply that should be an answer is an error object. */
    boolean isErrorInside() {
        return errorInside;
    }

    /** Whether anything but blanks has come. */
    boolean isAnyPayload() {
        return anyPayload;
    }

    /** Whether any of an answer has come. */
    boolean isAnyAnswer() {
        return usage != null || contentEvents > 0 || payloadBytes > 0 && !errorInside;
    }

    /**
     * Whether a reply that should be JSON ends as an object or a list does; what is cut short in a
     * message that is whole seldom does.
     */
    boolean endsAsJson() {
        return lastByte == '}' || lastByte == ']';
    }

    /** How many events went by of a stream that is relayed and is none of chunks. */
    long watchedEvents() {
        return watchedEvents;
    }

    /** The beginning of an error reply's body. */
    String errorText() {
        return errorText == null ? "" : errorText.toString();
    }

    /** Bytes of a reply that is no stream, so far. */
    long payloadBytes() {
        return payloadBytes;
    }

    /** What the provider reported; null if it has not. */
    TokenUsage usage() {
        return watches && usage == null ? usageOf(watcher.usage()) : usage;
    }

    /** The same of a reply that is translated, or read by the translation's means. */
    TokenUsage usageOf(ReplyUsage counted) {
        if (counted == null || counted.total() == 0) {
            return null;
        }
        boolean whole = doneSeen || !streams || googles && finishes > 0; // its last figures
        // At its start a stream may tell the prompt, and of the answer no more than a beginning.
        return new TokenUsage(counted.prompt(), whole ? counted.completion()
                : Math.max(counted.completion(), passedTokens()), counted.cached(),
                counted.reasoning(), !whole);
    }

    /**
     * About how many tokens have gone by: one an event, or one for so many bytes of text, the
     * larger of the two. The shortest event is taken for the frame around the text of all, if it is
     * short enough to be one: some providers send a page at a time.
     */
    long passedTokens() {
        return events > 0
                ? Math.max(events, (eventBytes - events * leastBytes) / BYTES_PER_TOKEN)
                : payloadBytes / BYTES_PER_TOKEN;
    }

    @Override
    public boolean onEvent(ByteBuf buffer, int index, int length) {
        boolean glances = contentEvents >= wantedEvents;
        if (chunks && !translated) {
            count(length);
        }
        if (continuation != null) {
            return readWhole(buffer, index, length);
        }
        if (watches) {
            watchedEvents += length > MAX_EMPTY_BYTES ? 1 : 0;
            unreadLast = false;
            onMeaning(watcher.onEvent(buffer, index, length, Unpooled.EMPTY_BUFFER), length);
            return true;
        }
        if (translated) {
            if (watched && chunks && identity == null) {
                identity = loop.chatStream().identity(buffer, index, length);
            }
            return true;
        }
        if (glances && loop.familiarEnd().isFamiliar(buffer, index, length)) {
            return true; // one more piece of content
        }
        if (loop.chatStream().isMalformed(buffer, index, length)) {
            malformed++;
            return false;
        }
        TokenUsage found = loop.usageScanner().scan(buffer, index, length);
        if (found != null) {
            usage = found;
        }
        ChatStream.Meaning meaning = glances ? loop.chatStream().glance(buffer, index, length)
                : loop.chatStream().read(buffer, index, length);
        if (glances && meaning == ChatStream.Meaning.NOTHING && found == null
                && loop.chatStream().unfinishedAt() >= 0) {
            loop.familiarEnd().learn(buffer, loop.chatStream().unfinishedAt(), index + length);
        }
        switch (meaning) {
            case CONTENT -> {
                contentEvents++;
                if (watched && identity == null) {
                    identity = loop.chatStream().identity(buffer, index, length);
                }
            }
            case FINISH -> finishes++;
            case DONE -> doneSeen = true;
            case ERROR -> errorSeen = true;
            default -> { }
        }
        return found == null || !hidesUsage || !isUsageOnly(buffer, index, length);
    }

    private boolean isUsageOnly(ByteBuf buffer, int index, int length) {
        return loop.chatStream().isWithoutChoices(buffer, index, length)
                && loop.chatStream().read(buffer, index, length) == ChatStream.Meaning.NOTHING;
    }

    /** Reads an event of a stream that may have to be continued, or that continues another. */
    private boolean readWhole(ByteBuf buffer, int index, int length) {
        ChatChunk chunk = loop.chatChunk();
        boolean splicing = isSplicing();
        switch (chunk.read(buffer, index, length)) {
            case CHUNK -> {
                TokenUsage found = loop.usageScanner().scan(buffer, index, length);
                usage = found == null ? usage : found;
                contentEvents += chunk.text() != null || chunk.hasOther() || chunk.hasReasoning()
                        ? 1 : 0;
                finishes += chunk.finishReason() != null ? 1 : 0;
                if (splicing) {
                    continuation.splice(chunk);
                    return false;
                }
                continuation.record(chunk);
                identity = continuation.identity();
                return found == null || !hidesUsage || !isUsageOnly(buffer, index, length);
            }
            case DONE -> doneSeen = true;
            case ERROR -> {
                errorSeen = true; // not the caller's yet: another target may go on
                return false;
            }
            case MALFORMED -> {
                malformed++;
                return false;
            }
            default -> { }
        }
        return !splicing;
    }

    /** Responses repeat all of the answer in the event that ends it, and tells the usage. */
    @Override
    public int maxSplitEvent() {
        return watches ? ReplyTranslation.MAX_EVENT_BYTES : EventSplitter.MAX_SPLIT_EVENT;
    }

    @Override
    public void onOversizedEvent() {
        unreadLast = watches;
        watchedEvents += watches ? 1 : 0;
        contentEvents++; // nothing but content is that long
        events++;
        eventBytes += EventSplitter.MAX_SPLIT_EVENT;
    }

    @Override
    public void onPayload(ByteBuf buffer, int index, int length) {
        payloadBytes += length;
        if (errorText != null) {
            int more = Math.min(length, MAX_JUDGED_BYTES - errorText.length());
            if (more > 0) {
                errorText.append(buffer.toString(index, more, StandardCharsets.UTF_8));
            }
            return;
        }
        if (peeksOn) {
            peek(buffer, index, length);
        }
        noteEnd(buffer, index, length);
        TokenUsage found = carry == null && length == wholeLength
                ? scan(buffer, index, length)
                : scanPieces(buffer, index, length);
        if (found != null) {
            usage = found;
        }
    }

    private TokenUsage scan(ByteBuf buffer, int index, int length) {
        return googles ? loop.usageScanner().scanGoogles(buffer, index, length)
                : loop.usageScanner().scan(buffer, index, length);
    }

    private void noteEnd(ByteBuf buffer, int index, int length) {
        for (int at = index + length - 1; at >= index; at--) {
            byte value = buffer.getByte(at);
            if (value > ' ' || value < 0) {
                lastByte = value;
                return;
            }
        }
    }

    /** The usage object may begin in one piece and end in the next. */
    private TokenUsage scanPieces(ByteBuf buffer, int index, int length) {
        ByteBuf joined = Unpooled.wrappedBuffer(
                Unpooled.wrappedBuffer(carry == null ? EMPTY : carry),
                buffer.retainedSlice(index, length));
        TokenUsage found = scan(joined, 0, joined.readableBytes());
        int kept = Math.min(joined.readableBytes(), CARRIED_BYTES);
        carry = new byte[kept];
        joined.getBytes(joined.readableBytes() - kept, carry);
        joined.release();
        return found;
    }

    /** Some providers answer 200 and an error object, or 200 and nothing. */
    private void peek(ByteBuf buffer, int index, int length) {
        boolean first = !anyPayload && errorScanner == null;
        for (int i = 0; i < length && !anyPayload; i++) {
            anyPayload = buffer.getByte(index + i) > ' ';
        }
        if (first && (length >= PEEK_BYTES || length == wholeLength)) {
            int peeked = Math.min(length, PEEK_BYTES);
            byte[] bytes = loop.scratch().copy(buffer, index, peeked);
            if (beginsAsAnswer(bytes, peeked) || ERROR.find(bytes, 0, peeked) < 0) {
                peeksOn = false; // seen enough
                return;
            }
        }
        if (errorScanner == null) {
            errorScanner = new TopLevelScanner("error");
        }
        try {
            errorScanner.scan(buffer, index, length);
        } catch (JsonSyntaxException e) {
            peeksOn = false; // no JSON: nothing more can be said of it
        }
        errorInside = switch (errorScanner.kind(0)) {
            case OBJECT, ARRAY, STRING, TRUE, NUMBER -> true;
            default -> false;
        };
        peeksOn &= !errorInside;
    }

    /** Whether choices come early, and before any error: no need to look any further. */
    private static boolean beginsAsAnswer(byte[] bytes, int length) {
        int choices = CHOICES.find(bytes, 0, Math.min(length, CHOICES_WITHIN_BYTES));
        return choices >= 0 && ERROR.find(bytes, 0, choices) < 0;
    }
}
