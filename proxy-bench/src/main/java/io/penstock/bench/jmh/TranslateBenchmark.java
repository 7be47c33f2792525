package io.penstock.bench.jmh;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.penstock.translate.ChatStream.Meaning;
import io.penstock.translate.ReplyFormat;
import io.penstock.translate.ReplyLoop;
import io.penstock.translate.ReplyOptions;
import io.penstock.translate.ReplyTranslator;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** What one event of text costs on its way from each provider's format to each caller's. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class TranslateBenchmark {
    private static final String MESSAGES_EVENT = "event: content_block_delta\n"
            + "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
            + "\"text_delta\",\"text\":\"@TEXT@\"}}\n\n";
    private static final String GEMINI_EVENT = "data: {\"candidates\":[{\"content\":{\"parts\":"
            + "[{\"text\":\"@TEXT@\"}],\"role\":\"model\"},\"index\":0}],\"usageMetadata\":"
            + "{\"promptTokenCount\":88,\"candidatesTokenCount\":24,\"totalTokenCount\":112},"
            + "\"modelVersion\":\"gemini-2.5-flash\",\"responseId\":\"r1\"}\r\n\r\n";
    private static final String RESPONSES_EVENT = "event: response.output_text.delta\n"
            + "data: {\"type\":\"response.output_text.delta\",\"item_id\":\"msg_1\","
            + "\"output_index\":0,\"content_index\":0,\"delta\":\"@TEXT@\",\"logprobs\":[],"
            + "\"obfuscation\":\"@PADDING@\",\"sequence_number\":4}\n\n";
    private static final String CONVERSE_PAYLOAD =
            "{\"contentBlockIndex\":1,\"delta\":{\"text\":\"@TEXT@\"},\"p\":\"@PADDING@\"}";
    private static final int MAX_OUT = 64 * 1024;
    /** So that a turn which is kept does not grow without end. */
    private static final int EVENTS_PER_STREAM = 1000;

    /** From whose format to whose. */
    @Param({"MESSAGES-CHAT", "GEMINI-CHAT", "CONVERSE-CHAT", "RESPONSES-CHAT", "CHAT-MESSAGES",
        "CHAT-RESPONSES", "MESSAGES-RESPONSES", "CHAT-COMPLETIONS", "CHAT-CHAT"})
    public String direction;

    private final ByteBuf out = PooledByteBufAllocator.DEFAULT.directBuffer(MAX_OUT);
    private ReplyTranslator translator;
    private ReplyFormat upstream;
    private ReplyFormat client;
    private final ByteBuf[] events = new ByteBuf[Samples.VARIETY];
    private int turn;

    @Setup
    public void begin() {
        String[] formats = direction.split("-");
        upstream = ReplyFormat.valueOf(formats[0]);
        client = ReplyFormat.valueOf(formats[1]);
        translator = new ReplyTranslator(new ReplyLoop(new SplittableRandom(1)::nextLong,
                () -> 1_755_000_000, System::nanoTime));
        String[] texts = Samples.texts();
        String[] paddings = Samples.paddings();
        String[] chats = Samples.events();
        for (int i = 0; i < events.length; i++) {
            events[i] = switch (upstream) {
                case MESSAGES -> Samples.buffer(fill(MESSAGES_EVENT, texts[i], paddings[i]));
                case GEMINI -> Samples.buffer(fill(GEMINI_EVENT, texts[i], paddings[i]));
                case RESPONSES -> Samples.buffer(fill(RESPONSES_EVENT, texts[i], paddings[i]));
                case CONVERSE -> message("contentBlockDelta",
                        fill(CONVERSE_PAYLOAD, texts[i], paddings[i]));
                default -> Samples.buffer(chats[i]);
            };
        }
        translator.begin(upstream, client, ReplyOptions.DEFAULT);
    }

    @TearDown
    public void end() {
        for (ByteBuf event : events) {
            event.release();
        }
        out.release();
    }

    private static String fill(String template, String text, String padding) {
        return template.replace("@TEXT@", text).replace("@PADDING@", padding);
    }

    /** One event of text. */
    @Benchmark
    public Meaning event() {
        if (++turn == EVENTS_PER_STREAM) {
            turn = 0;
            translator.begin(upstream, client, ReplyOptions.DEFAULT);
        }
        ByteBuf event = events[turn % events.length];
        out.clear();
        return translator.onEvent(event, 0, event.readableBytes(), out);
    }

    private static ByteBuf message(String type, String payload) {
        byte[] body = payload.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(256 + body.length);
        bytes.position(12);
        header(bytes, ":event-type", type);
        header(bytes, ":content-type", "application/json");
        header(bytes, ":message-type", "event");
        int headers = bytes.position() - 12;
        bytes.put(body).putInt(0, bytes.position() + 4).putInt(4, headers);
        bytes.putInt(8, crc(bytes, 8));
        bytes.putInt(crc(bytes, bytes.position()));
        return PooledByteBufAllocator.DEFAULT.directBuffer(bytes.position())
                .writeBytes(bytes.array(), 0, bytes.position());
    }

    private static void header(ByteBuffer to, String name, String value) {
        to.put((byte) name.length()).put(name.getBytes(StandardCharsets.UTF_8)).put((byte) 7)
                .putShort((short) value.length()).put(value.getBytes(StandardCharsets.UTF_8));
    }

    private static int crc(ByteBuffer bytes, int length) {
        CRC32 crc = new CRC32();
        crc.update(bytes.array(), 0, length);
        return (int) crc.getValue();
    }
}
