package io.penstock.translate;

import io.netty.buffer.ByteBuf;
import io.penstock.failure.Failure;
import io.penstock.sse.EventData;
import io.penstock.translate.ChatStream.Meaning;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/**
 * Turns one reply from a provider's format into the caller's: a stream event by event, a unary
 * reply as a whole. Reading and writing know nothing of each other but the events of a {@linkplain
 * TurnSink turn} (ADR-0011).
 *
 * <p>Nothing is invented: a stream gets a finish reason and its format's terminator only if the
 * provider's own rules make it complete and it said why it stopped. An error is told to whoever
 * calls, and written only when that one says so: before the commit another target can be asked
 * instead.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Buffers:</b> borrows; appends to {@code out}.
 * <br><b>Bounds:</b> keeps no text, but for Responses callers the whole turn ({@value
 * Turn#MAX_CHARS} characters) and for messages callers calls that overlap; allocates a few strings
 * for each call and each error, and nothing for a piece of text.
 */
public final class ReplyTranslator {
    private final ReplyLoop loop;
    // Each reply begins by setting these three.
    @SuppressWarnings("NullAway.Init")
    private ReplyFormat upstream;
    @SuppressWarnings("NullAway.Init")
    private TurnReader reader;
    private @Nullable TurnWriter writer; // null for a unary reply
    @SuppressWarnings("NullAway.Init")
    private TurnWatch watch;
    private @Nullable ResponseTrail trail; // null unless a relayed stream may have to be ended here
    private long events; // with data, of a relayed stream
    private int malformed; // events, of the stream
    private boolean terminated; // by [DONE], whether or not that was its place
    private boolean relayed;
    private @Nullable ResponseObject response; // of a unary reply to a Responses caller; else null
    private @Nullable OpenStream open; // null unless another provider may have to continue it
    private ReplyOptions options = ReplyOptions.DEFAULT;

    /** For one reply after another on that loop. */
    public ReplyTranslator(ReplyLoop loop) {
        this.loop = loop;
    }

    /** Prepares for a stream that is translated. */
    public void begin(ReplyFormat upstream, ReplyFormat client, ReplyOptions options) {
        begin(upstream, client, options, false);
    }

    /**
     * Prepares for a stream that is translated.
     *
     * @param mayBeContinued whether another provider may have to {@linkplain #openStream continue}
     *     it
     */
    public void begin(ReplyFormat upstream, ReplyFormat client, ReplyOptions options,
            boolean mayBeContinued) {
        this.upstream = upstream;
        this.options = options;
        malformed = 0;
        terminated = false;
        response = null;
        relayed = upstream == ReplyFormat.INVOKE && client == ReplyFormat.MESSAGES
                || upstream == ReplyFormat.GEMINI && client == ReplyFormat.GEMINI;
        trail = null;
        writer = switch (client) {
            case CHAT -> new ChatWriter(loop, options);
            case MESSAGES -> upstream == ReplyFormat.INVOKE ? new SilentWriter(loop, options)
                    : new MessagesWriter(loop, options);
            case RESPONSES -> new ResponsesWriter(loop, options);
            case COMPLETIONS -> new CompletionsWriter(loop, options);
            case GEMINI -> upstream == ReplyFormat.GEMINI ? new GeminiEcho(loop, options)
                    : new GeminiWriter(loop, options);
            default -> throw new IllegalArgumentException("no caller speaks " + client);
        };
        watch = new TurnWatch(recorded(asTheCallerKnowsTools(writer, options), mayBeContinued),
                true);
        reader = reader(upstream, watch, options);
    }

    /** Puts before a sink what keeps the text, where another provider may have to continue it. */
    private TurnSink recorded(TurnSink sink, boolean mayBeContinued) {
        open = null;
        if (!mayBeContinued) {
            return sink;
        }
        Transcript transcript = new Transcript(sink);
        open = new OpenStream(loop, this, transcript);
        return transcript;
    }

    /** Puts before a sink what undoes the disguises in which tools were offered. */
    private static TurnSink asTheCallerKnowsTools(TurnSink sink, ReplyOptions options) {
        TurnSink first = options.tools().hasCustom() ? new CustomCalls(sink, options.tools())
                : sink;
        return options.textTool() == null ? first : new ToolAsText(first, options.textTool());
    }

    /**
     * Prepares for a stream that passes as it is, and is only read: nothing is written.
     *
     * @param mayBeEnded whether it may have to be {@linkplain #endAtLength ended} before its end
     */
    public void watch(ReplyFormat format, boolean mayBeEnded) {
        watch(format, mayBeEnded, null);
    }

    /**
     * Prepares for a stream that passes as it is, and that another provider may have to {@linkplain
     * #openStream continue}.
     *
     * @param includeUsage whether a chat caller is told the usage
     */
    public void watchToContinue(ReplyFormat format, boolean includeUsage) {
        watch(format, true, new ReplyOptions(null, includeUsage, 1, null, null));
    }

    /** {@code continued} says how it would be continued; null where it never is. */
    private void watch(ReplyFormat format, boolean mayBeEnded, @Nullable ReplyOptions continued) {
        upstream = format;
        options = continued == null ? ReplyOptions.DEFAULT : continued;
        malformed = 0;
        terminated = false;
        response = null;
        events = 0;
        relayed = true;
        trail = mayBeEnded && format == ReplyFormat.RESPONSES ? new ResponseTrail(loop) : null;
        writer = new SilentWriter(loop, options);
        watch = new TurnWatch(recorded(writer, continued != null), true);
        reader = reader(format, watch, options);
    }

    /** Prepares for a stream of which only the text matters, and goes into that answer. */
    public void readText(ReplyFormat format, AnswerText answer) {
        upstream = format;
        options = ReplyOptions.DEFAULT;
        malformed = 0;
        terminated = false;
        response = null;
        relayed = false;
        trail = null;
        open = null;
        writer = null;
        watch = new TurnWatch(answer, true);
        reader = reader(format, watch, options);
    }

    /** The stream as another provider can continue it; null unless it was prepared for that. */
    public @Nullable OpenStream openStream() {
        return open;
    }

    /** Whether the stream stands where a text can be added to. */
    boolean isMidText() {
        return !watch.isFinished() && !watch.isComplete()
                && !(reader instanceof MessagesReader messages && messages.isReasonSeen())
                && (trail == null || trail.isInText());
    }

    /** What writes on, in the caller's format, where the stream broke off. */
    TurnWriter successor(Transcript told) {
        loop.bytes().clear();
        if (!relayed) {
            assert writer != null; // of a stream
            return writer;
        }
        if (trail != null) {
            return new TrailWriter(loop, trail, events);
        }
        if (reader instanceof MessagesReader messages) {
            MessagesWriter next = new MessagesWriter(loop, options);
            next.resume(messages.nextIndex(), messages.openIndex() >= 0, messages.isInText());
            return next;
        }
        if (reader instanceof GeminiReader) {
            GeminiWriter next = new GeminiWriter(loop, options);
            next.resume(told.id(), told.model());
            return next;
        }
        ChatWriter next = new ChatWriter(loop, options);
        next.resume(told.id(), told.model(), told.createdSeconds());
        return next;
    }

    private TurnReader reader(ReplyFormat format, TurnSink sink, ReplyOptions asked) {
        return switch (format) {
            case CHAT, COMPLETIONS -> new ChatReader(loop, sink, asked.choices());
            case MESSAGES -> new MessagesReader(loop, sink, !relayed);
            case RESPONSES -> new ResponsesReader(loop, sink);
            case GEMINI -> new GeminiReader(loop, sink, asked.choices());
            case CONVERSE -> new ConverseReader(loop, sink);
            case INVOKE -> new InvokeReader(loop, sink, writer instanceof SilentWriter);
        };
    }

    /**
     * Translates one whole server-sent event, or one whole event-stream message. An event whose
     * data is no JSON is skipped and counted, as it is in a chat stream that is relayed; of one
     * that is broken in its middle, what stands before the break counts.
     *
     * @return {@link Meaning#ERROR} for a failure of the provider, or an event beyond all bounds:
     *         {@link #error} has it, and what follows is passed over
     */
    public Meaning onEvent(ByteBuf buffer, int index, int length, ByteBuf out) {
        if (watch.isOver()) {
            return Meaning.NOTHING;
        }
        loop.bytes().clear();
        try {
            if (upstream.isEventStream()) {
                readMessage(buffer, index, length);
            } else {
                readEvent(buffer, index, length);
            }
        } catch (IOException e) {
            malformed++;
        } catch (TurnBoundException e) {
            watch.onError(ReplyError.of("The provider's reply cannot be translated: "
                    + e.getMessage() + "."));
        }
        loop.bytes().writeTo(out);
        return watch.takeMeaning();
    }

    /** Whether {@code [DONE]} has come, be the stream complete or not. */
    public boolean isTerminatorSeen() {
        return terminated;
    }

    /** Events of the stream whose data was no JSON; they went no further. */
    public int malformedEvents() {
        return malformed;
    }

    private void readEvent(ByteBuf buffer, int index, int length) throws IOException {
        EventData data = loop.data();
        data.read(buffer, index, length);
        byte[] bytes = data.bytes();
        int size = data.length();
        if (size == 0) {
            watch.onKeepAlive();
            return;
        }
        if (size >= 6 && bytes[0] == '[' && bytes[1] == 'D' && bytes[5] == ']') {
            terminated = true;
            reader.onDone();
            return;
        }
        events++;
        if (data.isNamedError()) {
            readNamedError(bytes, size);
            return;
        }
        if (!isClosed(bytes, size)) {
            malformed++;
            return;
        }
        loop.feed().begin(bytes, 0, size);
        reader.readEvent(loop.feed());
        if (writer instanceof GeminiEcho echo && watch.error() == null) {
            echo.write(bytes, size);
        }
        if (trail != null) {
            loop.feed().begin(bytes, 0, size);
            trail.read(loop.feed());
        }
    }

    /** An error is one whatever stands in it. */
    private void readNamedError(byte[] bytes, int size) {
        try {
            loop.feed().begin(bytes, 0, size);
            reader.readError(loop.feed());
        } catch (IOException e) {
            watch.onError(ReplyError.of("The provider sent an error that cannot be read."));
        }
    }

    /** Whether the data begins and ends as an object or an array; else none of it is read. */
    private static boolean isClosed(byte[] bytes, int size) {
        int first = 0;
        int last = size - 1;
        while (first < last && isBlank(bytes[first])) {
            first++;
        }
        while (first < last && isBlank(bytes[last])) {
            last--;
        }
        return bytes[first] == '{' && bytes[last] == '}'
                || bytes[first] == '[' && bytes[last] == ']';
    }

    private static boolean isBlank(byte value) {
        return value == ' ' || value == '\n' || value == '\r' || value == '\t';
    }

    private void readMessage(ByteBuf buffer, int index, int length) throws IOException {
        EventStreamMessage message = loop.message();
        try {
            message.read(buffer, index, length);
        } catch (IOException e) {
            watch.onError(ReplyError.of("The provider sent a message that cannot be read."));
            return;
        }
        if (message.isEvent()) {
            if (message.payloadEnd() > message.payloadStart()) {
                beginPayload(message);
                reader.readMessage(message, loop.feed());
            }
            return;
        }
        watch.onError(ReplyError.of(0, message.errorType(), null, errorText(message), null));
    }

    /** What an exception says, in its head or in its payload; null if that cannot be read. */
    private @Nullable String errorText(EventStreamMessage message) {
        if (message.errorMessage() != null || message.payloadEnd() == message.payloadStart()) {
            return message.errorMessage();
        }
        try {
            beginPayload(message);
            return ErrorReader.read(loop.feed(), 0).message();
        } catch (IOException e) {
            return null; // an error all the same
        }
    }

    private void beginPayload(EventStreamMessage message) throws IOException {
        loop.feed().begin(message.bytes(), message.payloadStart(), message.payloadEnd());
    }

    /** An event went by that was too long to be put together. */
    public Meaning onOversizedEvent() {
        events++;
        watch.onError(ReplyError.of("The provider sent an event too long to be read."));
        return watch.takeMeaning();
    }

    /**
     * The provider's stream ended cleanly, behind its last whole event.
     *
     * @return {@link Meaning#DONE} if it is complete, as it may have been before;
     *         {@link Meaning#ERROR} if it failed or was cut
     */
    public Meaning onEnd(ByteBuf out) {
        if (!watch.isOver()) {
            loop.bytes().clear();
            reader.onClosed();
            loop.bytes().writeTo(out);
            if (!watch.isOver()) {
                watch.onError(ReplyError.of("The provider's stream ended before its end."));
            }
            watch.takeMeaning();
        }
        return watch.isComplete() ? Meaning.DONE : Meaning.ERROR;
    }

    /**
     * Translates a whole unary reply; nothing is written unless it is a complete answer.
     *
     * @return {@link Meaning#DONE}, or {@link Meaning#ERROR} for an error object, or anything that
     *         is no answer: {@link #error} has it
     */
    public Meaning unary(ReplyFormat upstream, ReplyFormat client, ReplyOptions options,
            ByteBuf body, ByteBuf out) {
        this.upstream = upstream;
        writer = null;
        response = null;
        Turn turn = new Turn();
        watch = new TurnWatch(asTheCallerKnowsTools(turn, options), false);
        reader = reader(upstream, watch, options);
        byte[] bytes = new byte[body.readableBytes()];
        body.getBytes(body.readerIndex(), bytes);
        try {
            loop.feed().begin(bytes, 0, bytes.length);
            reader.readBody(loop.feed());
        } catch (IOException e) {
            watch.onError(ReplyError.of("The provider's reply is no JSON."));
        } catch (TurnBoundException e) {
            watch.onError(ReplyError.of("The provider's reply cannot be translated: "
                    + e.getMessage() + "."));
        }
        if (!watch.isComplete()) {
            watch.onError(ReplyError.of("The provider's reply holds no answer."));
            return watch.takeMeaning();
        }
        if (upstream == ReplyFormat.GEMINI && client == ReplyFormat.GEMINI) {
            out.writeBytes(bytes);
            return Meaning.DONE;
        }
        if (upstream == ReplyFormat.CHAT) {
            turn.putReasoningFirst();
        }
        loop.bytes().clear();
        switch (client) {
            case CHAT -> ChatBody.write(loop.bytes(), loop, options, turn);
            case MESSAGES -> MessagesBody.write(loop.bytes(), loop, options, turn);
            case RESPONSES ->
                    response = ResponseObject.write(loop.bytes(), loop, options, turn);
            case COMPLETIONS -> ChatBody.writeCompletion(loop.bytes(), loop, options, turn);
            case GEMINI -> GeminiBody.write(loop.bytes(), loop, options, turn);
            default -> throw new IllegalArgumentException("no caller speaks " + client);
        }
        loop.bytes().writeTo(out);
        loop.bytes().clear();
        return Meaning.DONE;
    }

    /** Reads an error reply: one with a status that says so. */
    public ReplyError readError(int status, ByteBuf body) {
        return ErrorReader.read(loop, status, body);
    }

    /** Ends the stream with a failure, in the caller's format; no terminator follows. */
    public void fail(Failure failure, @Nullable String attempts, ByteBuf out) {
        loop.bytes().clear();
        assert writer != null; // of a stream
        writer.fail(failure, attempts);
        loop.bytes().writeTo(out);
    }

    /** Ends the stream with what the provider said, in the caller's format. */
    public void fail(ReplyError error, ByteBuf out) {
        loop.bytes().clear();
        assert writer != null; // of a stream
        writer.fail(error);
        loop.bytes().writeTo(out);
    }

    /**
     * Ends the stream in order, in the caller's format, as one that has come to the length that it
     * may have.
     *
     * @param counted what it has come to
     * @return whether it could be; else nothing is written
     */
    public boolean endAtLength(ReplyUsage counted, ByteBuf out) {
        loop.bytes().clear();
        if (!relayed) {
            assert writer != null; // of a stream
            writer.onUsage(counted);
            writer.onFinish(0, FinishReason.LENGTH, null);
            writer.onEnd();
        } else if (reader instanceof MessagesReader messages) {
            MessagesWriter.endAtLength(loop.bytes(), messages.openIndex(), counted);
        } else if (reader instanceof GeminiReader gemini) {
            GeminiWriter last = writer instanceof GeminiWriter echo ? echo
                    : new GeminiWriter(loop, ReplyOptions.DEFAULT);
            last.endAtLength(gemini.unfinished(), counted);
        } else if (trail == null || !trail.isWhole()) {
            return false;
        } else {
            try {
                trail.end(loop.bytes(), events, FinishReason.LENGTH, counted);
            } catch (IOException e) {
                throw new UncheckedIOException("cannot happen: it was read before", e);
            }
        }
        loop.bytes().writeTo(out);
        return true;
    }

    /**
     * What a Responses caller was answered, for a {@link ResponseMemory}; null if the answer is not
     * complete, or the caller another's.
     */
    public @Nullable ResponseAnswer responseAnswer() {
        ResponseObject written = writer instanceof ResponsesWriter streamed ? streamed.response()
                : response;
        return written == null || !watch.isComplete() ? null : written.answer();
    }

    /** What the provider calls the reply; null if it has not said. */
    public @Nullable String id() {
        return watch.id();
    }

    /** What the provider has counted; null if nothing. */
    public @Nullable ReplyUsage usage() {
        return watch.usage();
    }

    /** What went wrong; null if nothing. */
    public @Nullable ReplyError error() {
        return watch.error();
    }

    /** Whether the model said why it stopped. */
    public boolean isFinishSeen() {
        return watch.isFinished();
    }

    /** Whether the turn is complete, and its terminator written. */
    public boolean isComplete() {
        return watch.isComplete();
    }
}
