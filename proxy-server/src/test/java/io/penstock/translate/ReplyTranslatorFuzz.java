package io.penstock.translate;

import static io.penstock.testing.FuzzInput.check;
import static io.penstock.testing.FuzzInput.checkSame;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.StreamReadFeature;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.loop.Scratch;
import io.penstock.sse.EventSplitter;
import io.penstock.testing.EventModel;
import io.penstock.testing.FuzzInput;
import io.penstock.testing.JsonMender;
import io.penstock.translate.ChatStream.Meaning;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Replies of every provider's format for every caller's: what is written is well-formed in the
 * caller's format whatever came, the same however it came, no more than {@link #mostBytes}, and
 * ends once.
 */
public final class ReplyTranslatorFuzz {
    private static final int MAX_EVENT = 1 << 20;
    private static final ReplyFormat[] CLIENTS = {ReplyFormat.CHAT, ReplyFormat.MESSAGES,
        ReplyFormat.RESPONSES, ReplyFormat.COMPLETIONS};
    private static final ReplyOptions[] OPTIONS = {ReplyOptions.DEFAULT,
        new ReplyOptions("shown \"model\"", true, 3, "\"temperature\":1", null),
        new ReplyOptions(null, true, 1, null, "json"), new ReplyOptions("m", false, 2, null, null)};
    private static final ReplyOptions AS_ARRAY =
            new ReplyOptions("m", null, false, 2, null, null, false).forGemini(false, true);
    private static final JsonFactory JSON = new JsonFactory();
    private static final JsonFactory STRICT = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

    private ReplyTranslatorFuzz() {}

    /** The first byte chooses more: how the caller asked, and whether JSON is mended. */
    public static void fuzzerTestOneInput(byte[] data) {
        try (FuzzInput input = new FuzzInput(data)) {
            if (input.bytes().length == 0) {
                return;
            }
            ReplyFormat upstream = ReplyFormat.values()[
                    (input.choice() & 15) % ReplyFormat.values().length];
            int more = input.bytes()[0] & 0xff;
            ReplyFormat client = (more & 8) != 0 ? ReplyFormat.GEMINI
                    : CLIENTS[input.choice() >> 4 & 3];
            ReplyOptions options = (more & 24) == 24 ? AS_ARRAY : OPTIONS[more & 3];
            boolean mends = (more & 4) != 0;
            byte[] bytes = Arrays.copyOfRange(input.bytes(), 1, input.bytes().length);
            switch (input.choice() >> 6) {
                case 0 -> unary(input, upstream, client, options, mends ? mended(bytes) : bytes);
                case 1 -> error(input, client, more + 300, mends ? mended(bytes) : bytes);
                default -> {
                    byte[] stream = upstream.isEventStream() ? messages(upstream, bytes, mends)
                            : mends ? mendedEvents(bytes) : bytes;
                    Reply whole = new Reply(input, upstream, client, options, stream,
                            FuzzInput.whole(stream.length));
                    Reply pieces = new Reply(input, upstream, client, options, stream,
                            input.cuts(stream.length));
                    checkSame(pieces.meanings, whole.meanings, "what it means");
                    checkSame(pieces.text, whole.text, "in pieces");
                    whole.checkWritten(client, options, stream);
                }
            }
        }
    }

    // Whole replies

    private static void unary(FuzzInput input, ReplyFormat upstream, ReplyFormat client,
            ReplyOptions options, byte[] bytes) {
        ByteBuf body = input.buffer(bytes);
        ByteBuf out = input.allocator().directBuffer();
        ReplyTranslator translator = new ReplyTranslator(loop());
        Meaning meaning = translator.unary(upstream, client, options, body, out);
        String text = out.toString(StandardCharsets.UTF_8);
        body.release();
        out.release();
        if (meaning == Meaning.DONE) {
            // What the model makes up for a tool may name a member twice; nothing else may.
            checkJson(isJson(STRICT, bytes) ? STRICT : JSON, text);
            check(text.length() <= mostBytes(bytes.length, 1, options), "too much is written");
        } else {
            checkSame(meaning, Meaning.ERROR, "what it means");
            check(text.isEmpty(), "written, though it failed");
            checkJson(ErrorBody.of(client, translator.error()));
        }
    }

    private static void error(FuzzInput input, ReplyFormat client, int status, byte[] bytes) {
        ByteBuf body = input.buffer(bytes);
        ReplyTranslator translator = new ReplyTranslator(loop());
        ReplyError error = translator.readError(status, body);
        body.release();
        checkJson(ErrorBody.of(client, error));
    }

    private static byte[] mended(byte[] bytes) {
        return JsonMender.mend(new String(bytes, StandardCharsets.UTF_8)).getBytes(
                StandardCharsets.UTF_8);
    }

    // Streams

    private static byte[] mendedEvents(byte[] bytes) {
        StringBuilder events = new StringBuilder();
        for (String line : new String(bytes, StandardCharsets.UTF_8).split("\n")) {
            events.append(!line.startsWith("data: ") || line.startsWith("[DONE]", 6) ? line
                    : "data: " + JsonMender.mend(line.substring(6))).append('\n');
        }
        return events.toString().getBytes(StandardCharsets.UTF_8);
    }

    /** An event-stream message of each line: its type, a blank, its payload. */
    private static byte[] messages(ReplyFormat upstream, byte[] bytes, boolean mends) {
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        for (String line : new String(bytes, StandardCharsets.UTF_8).split("\n")) {
            int blank = Math.max(0, line.indexOf(' '));
            String payload = line.substring(Math.min(line.length(), blank + 1));
            payload = mends ? JsonMender.mend(payload) : payload;
            if (upstream == ReplyFormat.INVOKE) {
                payload = "{\"bytes\":\"" + Base64.getEncoder().encodeToString(
                        payload.getBytes(StandardCharsets.UTF_8)) + "\"}";
            }
            String type = line.substring(0, blank);
            boolean exception = type.startsWith("!");
            stream.writeBytes(EventStreamSplitterFuzz.message(List.of(
                    ":message-type", exception ? "exception" : "event",
                    exception ? ":exception-type" : ":event-type", exception ? type.substring(1)
                            : type.isEmpty() ? "chunk" : type),
                    payload.getBytes(StandardCharsets.UTF_8)));
        }
        return stream.toByteArray();
    }

    private static ReplyLoop loop() {
        AtomicLong ids = new AtomicLong();
        return new ReplyLoop(ids::incrementAndGet, () -> 1_755_000_000L, () -> 0L);
    }

    /**
     * The most that may be written: each event's frame, with what all chunks repeat in it, for each
     * thing that is told, and six characters for each that is escaped, five times over (a
     * {@code response} repeats its text as it ends, in four events).
     */
    private static long mostBytes(int bytes, int repeated, ReplyOptions options) {
        String model = options.model() == null ? "" : options.model();
        return 16 * 1024 + 30L * bytes + (bytes / 2L) * (600 + 6L * repeated + model.length());
    }

    private static String checkJson(String text) {
        return checkJson(STRICT, text);
    }

    private static boolean isJson(JsonFactory factory, byte[] bytes) {
        try (JsonParser parser = factory.createParser(bytes)) {
            while (parser.nextToken() != null) {
                parser.finishToken();
            }
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** Returns the value's {@code type}, if it has one. */
    private static String checkJson(JsonFactory factory, String text) {
        String type = null;
        try (JsonParser parser = factory.createParser(text.getBytes(StandardCharsets.UTF_8))) {
            int depth = 0;
            do {
                parser.nextToken();
                check(parser.currentToken() != null, "no JSON: " + text);
                if (parser.currentToken().isStructStart()) {
                    depth++;
                } else if (parser.currentToken().isStructEnd()) {
                    depth--;
                } else if (depth == 1 && "type".equals(parser.currentName())
                        && parser.currentToken().isScalarValue()) {
                    type = parser.getText();
                }
                parser.finishToken();
            } while (depth > 0);
            check(parser.nextToken() == null, "more than one value: " + text);
            return type;
        } catch (IOException e) {
            throw new AssertionError("no JSON: " + text, e);
        }
    }

    /** One stream, translated. */
    private static final class Reply implements EventSplitter.Sink {
        private final List<Meaning> meanings = new ArrayList<>();
        private final ReplyTranslator translator = new ReplyTranslator(loop());
        private final ByteBuf out = Unpooled.buffer();
        private final String text;
        private final boolean own; // Anthropic's own events, which go on as they are
        private boolean over;

        Reply(FuzzInput input, ReplyFormat upstream, ReplyFormat client, ReplyOptions options,
                byte[] stream, int[] cuts) {
            own = upstream == ReplyFormat.INVOKE && client == ReplyFormat.MESSAGES
                    || upstream == ReplyFormat.GEMINI && client == ReplyFormat.GEMINI;
            translator.begin(upstream, client, options);
            EventSplitter events = new EventSplitter(this, new Scratch(), MAX_EVENT);
            EventStreamSplitter messages = new EventStreamSplitter(this, MAX_EVENT);
            ByteBuf buffer = input.buffer(stream);
            int zero = buffer.readerIndex();
            int at = 0;
            try {
                for (int cut : cuts) {
                    if (upstream.isEventStream()) {
                        messages.split(input.allocator(), buffer, zero + at, cut - at);
                    } else {
                        events.split(input.allocator(), buffer, zero + at, cut - at);
                    }
                    at = cut;
                }
                events.finish();
            } catch (EventStreamSplitter.EventStreamException e) {
                throw new AssertionError("messages that were made here", e);
            } finally {
                events.release();
                messages.release();
                buffer.release();
            }
            Meaning end = translator.onEnd(out);
            meanings.add(end);
            check(end == Meaning.DONE || end == Meaning.ERROR, "an end that is none");
            checkSame(end == Meaning.DONE, translator.isComplete(), "complete");
            checkSame(end == Meaning.ERROR, translator.error() != null, "failed");
            if (end == Meaning.ERROR) {
                translator.fail(translator.error(), out);
            }
            text = out.toString(StandardCharsets.UTF_8);
        }

        @Override
        public boolean onEvent(ByteBuf buffer, int index, int length) {
            int before = out.readableBytes();
            Meaning meaning = translator.onEvent(buffer, index, length, out);
            meanings.add(meaning);
            if (over) {
                checkSame(meaning, Meaning.NOTHING, "behind the end");
                checkSame(out.readableBytes(), before, "bytes behind the end");
            }
            over |= meaning == Meaning.DONE || meaning == Meaning.ERROR;
            return true;
        }

        @Override
        public void onOversizedEvent() {
            throw new AssertionError("no event is that long");
        }

        void checkWritten(ReplyFormat client, ReplyOptions options, byte[] stream) {
            check(text.length() <= mostBytes(stream.length,
                    Math.min(stream.length, 2 * TurnWatch.MAX_NAME_CHARS), options),
                    "too much is written: " + text.length());
            if (client == ReplyFormat.GEMINI && options.array()) {
                checkJson(JSON, text); // one value, whatever became of the stream
                check(text.startsWith("["), "no array: " + text);
                return;
            }
            if (own) {
                for (EventModel event : EventModel.of(text.getBytes(StandardCharsets.UTF_8))) {
                    check(event.ended() && event.data().length > 0, "an event that is none");
                    checkJson(JSON, new String(event.data(), StandardCharsets.UTF_8));
                }
                return;
            }
            CallerModel caller = new CallerModel(client);
            for (EventModel event : EventModel.of(text.getBytes(StandardCharsets.UTF_8))) {
                check(event.ended(), "an event without end");
                String data = new String(event.data(), StandardCharsets.UTF_8);
                if (!data.isEmpty()) { // a model's arguments, an object there, may say all twice
                    caller.read(data, data.equals("[DONE]") ? null
                            : checkJson(client == ReplyFormat.GEMINI ? JSON : STRICT, data));
                }
            }
            caller.end(translator.isComplete());
        }
    }

    /** A caller that knows in which order events may come. */
    private static final class CallerModel {
        private static final String GEMINIS_END = "{\"candidates\":[{\"content\":{\"parts\":"
                + "[{\"text\":\"\"}],\"role\":\"model\"},\"finishReason\":\"";

        private final ReplyFormat format;
        private int events;
        private boolean open; // a block, or a response
        private int blocks;
        private boolean ended;
        private boolean failed;

        CallerModel(ReplyFormat format) {
            this.format = format;
        }

        void read(String data, String type) {
            check(!ended && !failed, "behind the end: " + data);
            switch (format) {
                case MESSAGES -> readMessages(data, type);
                case RESPONSES -> readResponses(data, type);
                case GEMINI -> {
                    ended = data.startsWith(GEMINIS_END);
                    failed = data.startsWith("{\"error\":");
                    check(ended || failed || data.startsWith("{\"candidates\":[{"), data);
                }
                default -> {
                    ended = data.equals("[DONE]");
                    failed = data.startsWith("{\"error\":");
                }
            }
            events++;
        }

        private void readMessages(String data, String type) {
            check(type != null, "no type: " + data);
            check(events == 0 == type.equals("message_start") || type.equals("error")
                    || type.equals("ping"), "not the first: " + data);
            switch (type) {
                case "content_block_start" -> {
                    check(!open, "in an open block: " + data);
                    check(data.contains("\"index\":" + blocks + ","), "its index: " + data);
                    open = true;
                    blocks++;
                }
                case "content_block_delta" -> check(open && data.contains(
                        "\"index\":" + (blocks - 1) + ","), "no block is open: " + data);
                case "content_block_stop" -> {
                    check(open && data.contains("\"index\":" + (blocks - 1)), "none: " + data);
                    open = false;
                }
                case "message_delta" -> check(!open, "in an open block: " + data);
                case "message_stop" -> ended = true;
                case "error" -> failed = true;
                default -> check(type.equals("message_start") || type.equals("ping"), data);
            }
        }

        private void readResponses(String data, String type) {
            check(type != null, "no type: " + data);
            check(events == 0 == type.equals("response.created") || type.equals("error"),
                    "not the first: " + data);
            check(type.equals("error")
                    || data.contains("\"sequence_number\":" + events + ","), "its number: " + data);
            switch (type) {
                case "response.output_item.added" -> blocks++;
                case "response.output_item.done" -> {
                    blocks--;
                    check(blocks >= 0, "done, but not added: " + data);
                }
                case "response.completed", "response.incomplete" -> ended = true;
                case "response.failed", "error" -> failed = true;
                default -> { }
            }
        }

        void end(boolean complete) {
            checkSame(ended, complete, "ended");
            checkSame(failed, !complete, "failed");
            check(!ended || !open, "a block is open");
            check(!ended || format != ReplyFormat.RESPONSES || blocks == 0, "an item is open");
        }
    }
}
