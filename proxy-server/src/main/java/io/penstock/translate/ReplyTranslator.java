package io.penstock.translate;

import io.netty.buffer.ByteBuf;
import io.penstock.failure.Failure;
import io.penstock.sse.EventData;
import io.penstock.translate.ChatStream.Meaning;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * Turns one reply from a provider's format into the caller's: a stream event by event, a unary
 * reply as a whole. Reading and writing know nothing of each other but the events of a {@linkplain
 * TurnSink turn} (ADR-0011).
 *
 * <p>Nothing is invented: a stream gets a finish reason and its format's terminator only if the
 * provider's own rules make it complete. An error is told to whoever calls, and written only when
 * that one says so: before the commit another target can be asked instead.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Buffers:</b> borrows; appends to {@code out}.
 * <br><b>Bounds:</b> keeps no text, but for Responses callers the whole turn ({@value
 * Turn#MAX_CHARS} characters) and for messages callers calls that overlap; allocates a few strings
 * for each call and each error, and nothing for a piece of text.
 */
public final class ReplyTranslator {
    private final ReplyLoop loop;
    private ReplyFormat upstream;
    private TurnReader reader;
    private TurnWriter writer; // null for a unary reply
    private TurnWatch watch;
    private ResponseTrail trail; // null unless a relayed stream may have to be ended here
    private long events; // with data, of a relayed stream
    private boolean relayed;

    /** For one reply after another on that loop. */
    public ReplyTranslator(ReplyLoop loop) {
        this.loop = loop;
    }

    /** Begins with a stream. */
    public void begin(ReplyFormat upstream, ReplyFormat client, ReplyOptions options) {
        this.upstream = upstream;
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
        watch = new TurnWatch(options.textTool() == null ? writer
                : new ToolAsText(writer, options.textTool()), true);
        reader = reader(upstream, watch, options);
    }

    /**
     * Begins with a stream that goes to the caller as it is, and is only read: nothing is written.
     *
     * @param mayBeEnded whether it may have to be {@linkplain #endAtLength ended} before its end
     */
    public void watch(ReplyFormat format, boolean mayBeEnded) {
        upstream = format;
        events = 0;
        relayed = true;
        trail = mayBeEnded && format == ReplyFormat.RESPONSES ? new ResponseTrail(loop) : null;
        writer = new SilentWriter(loop, ReplyOptions.DEFAULT);
        watch = new TurnWatch(writer, true);
        reader = reader(format, watch, ReplyOptions.DEFAULT);
    }

    private TurnReader reader(ReplyFormat format, TurnSink sink, ReplyOptions asked) {
        return switch (format) {
            case CHAT, COMPLETIONS -> new ChatReader(loop, sink, asked.choices());
            case MESSAGES -> new MessagesReader(loop, sink);
            case RESPONSES -> new ResponsesReader(loop, sink);
            case GEMINI -> new GeminiReader(loop, sink, asked.choices());
            case CONVERSE -> new ConverseReader(loop, sink);
            case INVOKE -> new InvokeReader(loop, sink, writer instanceof SilentWriter);
        };
    }

    /**
     * Translates one whole server-sent event, or one whole event-stream message.
     *
     * @return {@link Meaning#ERROR} for a failure of the provider, or an event that is malformed or
     *         beyond all bounds: {@link #error} has it, and what follows is passed over
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
            watch.onError(ReplyError.of("The provider sent an event that cannot be read."));
        } catch (TurnBoundException e) {
            watch.onError(ReplyError.of("The provider's reply cannot be translated: "
                    + e.getMessage() + "."));
        }
        loop.bytes().writeTo(out);
        return watch.takeMeaning();
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
            reader.onDone();
            return;
        }
        events++;
        loop.feed().begin(bytes, 0, size);
        if (data.isNamedError()) {
            reader.readError(loop.feed());
            return;
        }
        reader.readEvent(loop.feed());
        if (writer instanceof GeminiEcho echo && watch.error() == null) {
            echo.write(bytes, size);
        }
        if (trail != null) {
            loop.feed().begin(bytes, 0, size);
            trail.read(loop.feed());
        }
    }

    private void readMessage(ByteBuf buffer, int index, int length) throws IOException {
        EventStreamMessage message = loop.message();
        message.read(buffer, index, length);
        if (message.payloadEnd() > message.payloadStart()) {
            loop.feed().begin(message.bytes(), message.payloadStart(), message.payloadEnd());
        } else if (message.isEvent()) {
            return;
        }
        if (message.isEvent()) {
            reader.readMessage(message, loop.feed());
            return;
        }
        String text = message.errorMessage();
        ReplyError inside = text == null && message.payloadEnd() > message.payloadStart()
                ? ErrorReader.read(loop.feed(), 0) : null;
        watch.onError(ReplyError.of(0, message.errorType(), null,
                inside == null ? text : inside.message(), null));
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
        Turn turn = new Turn();
        watch = new TurnWatch(options.textTool() == null ? turn
                : new ToolAsText(turn, options.textTool()), false);
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
        loop.bytes().clear();
        switch (client) {
            case CHAT -> ChatBody.write(loop.bytes(), loop, options, turn);
            case MESSAGES -> MessagesBody.write(loop.bytes(), loop, options, turn);
            case RESPONSES -> ResponseObject.write(loop.bytes(), loop, options, turn);
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
    public void fail(Failure failure, String attempts, ByteBuf out) {
        loop.bytes().clear();
        writer.fail(failure, attempts);
        loop.bytes().writeTo(out);
    }

    /** Ends the stream with what the provider said, in the caller's format. */
    public void fail(ReplyError error, ByteBuf out) {
        loop.bytes().clear();
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
                trail.end(loop.bytes(), events, counted);
            } catch (IOException e) {
                throw new UncheckedIOException("cannot happen: it was read before", e);
            }
        }
        loop.bytes().writeTo(out);
        return true;
    }

    /** What the provider has counted; null if nothing. */
    public ReplyUsage usage() {
        return watch.usage();
    }

    /** What went wrong; null if nothing. */
    public ReplyError error() {
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
