package io.penstock.translate;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Makes the events of a whole reply, or the whole reply of its events, in the reply's own format:
 * for a reply that is kept in one shape and read in another. Gives nothing where the other shape
 * would say less: a reply with more in it than a {@link Turn} keeps stays as it is.
 *
 * <p><b>Thread:</b> confined to the event loop.
 * <br><b>Bounds:</b> those of a {@link Turn}; the arrays of the reply and of what is made of it.
 */
public final class ReplyReshaper {
    /** Members of a Responses object that do not repeat the request's settings. */
    private static final Set<String> OF_THE_RESPONSE = Set.of("id", "object", "created_at",
            "status", "background", "completed_at", "error", "incomplete_details", "model",
            "output", "usage", "output_text");
    private static final byte[] DONE = "[DONE]".getBytes(StandardCharsets.US_ASCII);

    private final ReplyLoop loop;

    /** What an event is read for. */
    private interface EventReader {
        /** Reads the data of an event, of which the first token has been read. */
        void read(JsonFeed in, byte[] bytes, int length) throws IOException;
    }

    public ReplyReshaper(ReplyLoop loop) {
        this.loop = loop;
    }

    /**
     * The events that a whole reply would have been as a stream; null if they would say less.
     *
     * @param tellsUsage a chat's or completion's stream ends with the usage
     * @param choices how many answers were asked for
     */
    public byte @Nullable [] toEvents(ReplyFormat format, byte[] whole, boolean tellsUsage,
            int choices) {
        try {
            if (format == ReplyFormat.GEMINI) {
                return oneEvent(whole); // a stream of Google's is made of whole replies
            }
            if (!isPlain(format, whole)) {
                return null;
            }
            String settings = format == ReplyFormat.RESPONSES ? settings(whole) : null;
            Turn turn = new Turn();
            TurnWatch watch = new TurnWatch(turn, false);
            TurnReader reader = reader(format, watch, choices);
            loop.feed().begin(whole, 0, whole.length);
            reader.readBody(loop.feed());
            return !watch.isComplete() ? null
                    : write(format, turn, options(tellsUsage, choices, settings, turn));
        } catch (IOException | TurnBoundException e) {
            return null; // it has no other shape
        }
    }

    private static ReplyOptions options(boolean tellsUsage, int choices,
            @Nullable String settings, Turn turn) {
        ReplyUsage usage = turn.usage();
        return new ReplyOptions(null, tellsUsage, choices, settings, null)
                .withPromptTokens(usage == null ? 0 : usage.prompt());
    }

    private byte[] write(ReplyFormat format, Turn turn, ReplyOptions options) {
        TurnWriter writer = switch (format) {
            case MESSAGES -> new MessagesWriter(loop, options);
            case RESPONSES -> new ResponsesWriter(loop, options);
            case COMPLETIONS -> new CompletionsWriter(loop, options);
            default -> new ChatWriter(loop, options);
        };
        loop.bytes().clear();
        turn.tell(writer);
        return takeBytes();
    }

    private byte[] takeBytes() {
        byte[] made = loop.bytes().takeFrom(0);
        loop.bytes().clear();
        return made;
    }

    private static byte[] oneEvent(byte[] whole) {
        byte[] begin = "data: ".getBytes(StandardCharsets.US_ASCII);
        byte[] event = new byte[begin.length + whole.length + 2];
        System.arraycopy(begin, 0, event, 0, begin.length);
        for (int i = 0; i < whole.length; i++) { // line ends are blanks in JSON
            event[begin.length + i] = whole[i] == '\n' || whole[i] == '\r' ? (byte) ' ' : whole[i];
        }
        event[event.length - 2] = '\n';
        event[event.length - 1] = '\n';
        return event;
    }

    private boolean isPlain(ReplyFormat format, byte[] whole) throws IOException {
        JsonFeed in = loop.feed();
        in.begin(whole, 0, whole.length);
        if (format != ReplyFormat.RESPONSES) {
            return PlainMembers.of(format).areAll(in);
        }
        if (!in.isObject()) {
            return false;
        }
        while (in.nextMember()) {
            if (!in.name().equals("output")) {
                in.skip();
            } else if (!PlainMembers.of(format).areAll(in)) {
                return false;
            }
        }
        return true;
    }

    /**
     * The members of a Responses object that repeat what was asked, as JSON without braces; null if
     * there are none.
     */
    private @Nullable String settings(byte[] whole) throws IOException {
        JsonFeed in = loop.feed();
        TextRun text = loop.text();
        text.clear();
        in.begin(whole, 0, whole.length);
        boolean any = in.enterObject();
        while (any && in.nextMember()) {
            if (OF_THE_RESPONSE.contains(in.name())) {
                in.skip();
            } else {
                if (text.length() > 0) {
                    text.append(',');
                }
                String name = in.name();
                text.appendQuoted(name.toCharArray(), 0, name.length());
                text.append(':');
                in.copyTo(text);
            }
        }
        return text.length() == 0 ? null : new String(text.chars(), 0, text.length());
    }

    /**
     * The whole reply of which these are the events; null if it would say less.
     *
     * @param counted what the reply came to, where its events do not tell it; null if unknown
     */
    public byte @Nullable [] toWhole(ReplyFormat format, byte[] events,
            @Nullable ReplyUsage counted, int choices) {
        try {
            return switch (format) {
                case RESPONSES -> lastResponse(events);
                case GEMINI -> {
                    byte[] only = onlyData(events);
                    yield only != null ? only : join(format, events, counted, choices);
                }
                default -> join(format, events, counted, choices);
            };
        } catch (IOException | TurnBoundException e) {
            return null; // it has no other shape
        }
    }

    private byte @Nullable [] join(ReplyFormat format, byte[] events,
            @Nullable ReplyUsage counted, int choices) throws IOException {
        Turn turn = new Turn();
        TurnWatch watch = new TurnWatch(turn, true);
        TurnReader reader = reader(format, watch, choices);
        boolean[] plain = {true};
        forEach(events, reader, (in, bytes, length) -> {
            plain[0] &= PlainMembers.of(format).areAll(in);
            if (plain[0]) {
                in.begin(bytes, 0, length);
                reader.readEvent(in);
            }
        });
        if (!plain[0]) {
            return null;
        }
        if (!watch.isOver()) {
            reader.onClosed();
        }
        if (turn.usage() == null && counted != null) {
            turn.onUsage(counted);
        }
        if (!watch.isComplete() || turn.usage() == null) {
            return null;
        }
        loop.bytes().clear();
        ReplyOptions options = options(false, choices, null, turn);
        switch (format) {
            case MESSAGES -> MessagesBody.write(loop.bytes(), loop, options, turn);
            case COMPLETIONS -> ChatBody.writeCompletion(loop.bytes(), loop, options, turn);
            case GEMINI -> GeminiBody.write(loop.bytes(), loop, options, turn);
            default -> ChatBody.write(loop.bytes(), loop, options, turn);
        }
        return takeBytes();
    }

    /** The event that ends a stream of responses repeats all of it. */
    private byte @Nullable [] lastResponse(byte[] events) throws IOException {
        byte[][] last = {null};
        forEach(events, null, (in, bytes, length) -> {
            boolean ends = false;
            byte[] response = null;
            boolean any = in.enterObject();
            while (any && in.nextMember()) {
                if (in.name().equals("type")) {
                    String type = in.word();
                    ends = "response.completed".equals(type) || "response.incomplete".equals(type);
                } else if (in.name().equals("response") && in.isObject()) {
                    TextRun text = loop.text();
                    text.clear();
                    in.copyTo(text);
                    response = new String(text.chars(), 0, text.length())
                            .getBytes(StandardCharsets.UTF_8);
                } else {
                    in.skip();
                }
            }
            last[0] = ends ? response : last[0];
        });
        return last[0];
    }

    /** The data of the only event; null if there are more. */
    private byte @Nullable [] onlyData(byte[] events) throws IOException {
        byte[][] only = {null};
        int[] count = {0};
        forEach(events, null, (in, bytes, length) -> {
            only[0] = Arrays.copyOf(bytes, length);
            count[0]++;
        });
        return count[0] == 1 ? only[0] : null;
    }

    /**
     * The events with the one that tells the usage, or without it, of a chat's or completion's
     * stream; null if the usage is not known.
     *
     * @param counted what the reply came to; null if unknown
     */
    public byte @Nullable [] withUsage(byte[] events, boolean tells,
            @Nullable ReplyUsage counted) {
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream(events.length + 512);
            String head = null; // of the chunks, as the last one has it
            boolean told = false;
            int from = 0;
            while (from < events.length) {
                int end = eventEnd(events, from);
                Chunk chunk = chunk(events, from, end);
                if (chunk == Chunk.DONE && tells && !told) {
                    if (head == null || counted == null) {
                        return null;
                    }
                    out.writeBytes(usageChunk(head, counted));
                    told = true;
                } else if (chunk == Chunk.USAGE) {
                    told = true;
                } else if (chunk == Chunk.OTHER) {
                    head = identity();
                }
                if (chunk != Chunk.USAGE || tells) {
                    out.write(events, from, end - from);
                }
                from = end;
            }
            return tells && !told ? null : out.toByteArray();
        } catch (IOException e) {
            return null; // some event is no JSON
        }
    }

    private enum Chunk { NOTHING, OTHER, USAGE, DONE }

    /** Reads one event; its data stays in the loop's until the next is read. */
    private Chunk chunk(byte[] events, int from, int end) throws IOException {
        loop.data().read(Unpooled.wrappedBuffer(events, from, end - from), 0, end - from);
        byte[] bytes = loop.data().bytes();
        int length = loop.data().length();
        if (length == 0) {
            return Chunk.NOTHING;
        }
        if (isDone(bytes, length)) {
            return Chunk.DONE;
        }
        JsonFeed in = loop.feed();
        in.begin(bytes, 0, length);
        boolean anyChoice = true;
        boolean usage = false;
        boolean any = in.enterObject();
        while (any && in.nextMember()) {
            if (in.name().equals("choices")) {
                anyChoice = in.isTruthy();
            } else if (in.name().equals("usage")) {
                usage = in.isTruthy();
            } else {
                in.skip();
            }
        }
        return usage && !anyChoice ? Chunk.USAGE : Chunk.OTHER;
    }

    /** What the chunk that was read last shares with all others, as members. */
    private String identity() throws IOException {
        JsonFeed in = loop.feed();
        in.begin(loop.data().bytes(), 0, loop.data().length());
        TextRun text = loop.text();
        text.clear();
        boolean any = in.enterObject();
        while (any && in.nextMember()) {
            if (Set.of("id", "object", "created", "model").contains(in.name())) {
                String name = in.name();
                text.appendQuoted(name.toCharArray(), 0, name.length());
                text.append(':');
                in.copyTo(text);
                text.append(',');
            } else {
                in.skip();
            }
        }
        return new String(text.chars(), 0, text.length());
    }

    private byte[] usageChunk(String head, ReplyUsage counted) {
        ReplyBytes out = loop.bytes();
        out.clear();
        out.put("data: {").putRaw(head).put("\"choices\":[],\"usage\":");
        OpenAiWords.usage(out, counted);
        out.put("}\n\n");
        return takeBytes();
    }

    private static boolean isDone(byte[] bytes, int length) {
        return length >= DONE.length
                && Arrays.equals(bytes, 0, DONE.length, DONE, 0, DONE.length);
    }

    /** Reads all events that have data; {@code reader} is told of {@code [DONE]}. */
    private void forEach(byte[] events, @Nullable TurnReader reader, EventReader action)
            throws IOException {
        ByteBuf buffer = Unpooled.wrappedBuffer(events);
        int from = 0;
        while (from < events.length) {
            int end = eventEnd(events, from);
            loop.data().read(buffer, from, end - from);
            byte[] bytes = loop.data().bytes();
            int length = loop.data().length();
            if (length > 0 && isDone(bytes, length)) {
                if (reader != null) {
                    reader.onDone();
                }
            } else if (length > 0) {
                loop.feed().begin(bytes, 0, length);
                action.read(loop.feed(), bytes, length);
            }
            from = end;
        }
    }

    /** Behind the blank line that ends the event which begins there; the end if there is none. */
    private static int eventEnd(byte[] events, int from) {
        boolean blank = false;
        for (int i = from; i < events.length; i++) {
            if (events[i] == '\n') {
                if (blank) {
                    return i + 1;
                }
                blank = true;
            } else if (events[i] != '\r') {
                blank = false;
            }
        }
        return events.length;
    }

    private TurnReader reader(ReplyFormat format, TurnSink sink, int choices) {
        return switch (format) {
            case MESSAGES -> new MessagesReader(loop, sink, true);
            case RESPONSES -> new ResponsesReader(loop, sink);
            case GEMINI -> new GeminiReader(loop, sink, choices);
            default -> new ChatReader(loop, sink, choices);
        };
    }
}
