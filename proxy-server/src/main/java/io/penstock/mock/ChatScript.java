package io.penstock.mock;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * What a mock says as one model, in the bytes of OpenAI's chat completions: built once, sent
 * often. All replies of a model share their {@code id} and {@code created}.
 *
 * <p><b>Thread:</b> confined to one event loop.
 * <br><b>Buffers:</b> owns its rings until {@link #release()}; methods with an allocator give.
 */
final class ChatScript {
    private static final byte[] SSE_HEAD = utf8("HTTP/1.1 200 OK\r\n"
            + "content-type: text/event-stream; charset=utf-8\r\n"
            + "cache-control: no-cache\r\n"
            + "transfer-encoding: chunked\r\n");
    private static final byte[] UNARY_HEAD = utf8("HTTP/1.1 200 OK\r\n"
            + "content-type: application/json\r\n"
            + "content-length: ");
    private static final byte[] CRLF = utf8("\r\n");
    private static final byte[] CLOSE = utf8("connection: close\r\n");
    private static final byte[] DONE = chunk("data: [DONE]\n\n");
    private static final byte[] LAST_CHUNK = utf8("0\r\n\r\n");

    private final byte[] model; // as it stood between the quotes, escapes and all
    private final byte[] requestId;
    private final byte[][] pieces;
    private final boolean varied;
    private final String eventStart;
    private final byte[][] roles; // each of these without usage, with
    private final byte[][] stops;
    private final byte[][] lengths;
    private final byte[] unaryStart;
    private final Ring words;
    private final Ring[] events = new Ring[2]; // made when first asked for

    ChatScript(String name, byte[] model, byte[][] pieces, boolean varied, long createdSeconds) {
        this.model = model;
        this.pieces = pieces;
        this.varied = varied;
        words = new Ring(pieces);
        requestId = utf8("x-request-id: req_" + name + "\r\n");
        String common = "\",\"created\":" + createdSeconds + ",\"model\":\""
                + new String(model, StandardCharsets.UTF_8) + "\",\"service_tier\":\"default\","
                + "\"system_fingerprint\":\"fp_" + name + "\",\"choices\":[";
        String id = "{\"id\":\"chatcmpl-" + name + "\",\"object\":\"";
        eventStart = id + "chat.completion.chunk" + common;
        roles = events("{\"role\":\"assistant\",\"content\":\"\"}", "null");
        stops = events("{}", "\"stop\"");
        lengths = events("{}", "\"length\"");
        unaryStart = utf8(id + "chat.completion" + common
                + "{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"");
    }

    boolean isFor(byte[] bytes, int length) {
        return Arrays.equals(model, 0, model.length, bytes, 0, length);
    }

    /** A stream's head and its role event. */
    ByteBuf streamFront(ByteBufAllocator allocator, boolean usage, boolean closes) {
        byte[] role = roles[usage ? 1 : 0];
        ByteBuf front = allocator.directBuffer(SSE_HEAD.length + 128 + role.length);
        front.writeBytes(SSE_HEAD);
        endHead(front, closes);
        return front.writeBytes(role);
    }

    /** The content events of a stream, each in a chunk of its own. */
    Ring events(boolean usage) {
        int which = usage ? 1 : 0;
        if (events[which] == null) {
            byte[][] chunks = new byte[pieces.length][];
            SplittableRandom random = new SplittableRandom(Pieces.SEED);
            for (int i = 0; i < chunks.length; i++) {
                String text = new String(pieces[i], StandardCharsets.UTF_8);
                chunks[i] = event("{\"content\":\"" + text + "\"}", "null", usage, varied
                        ? ",\"obfuscation\":\"" + Pieces.padding(random) + "\"" : "");
            }
            events[which] = new Ring(chunks);
        }
        return events[which];
    }

    /**
     * The finish event, the usage event where it is asked for, and the end of the stream.
     *
     * @param cutShort by {@code max_tokens}
     */
    ByteBuf streamBack(ByteBufAllocator allocator, boolean usage, boolean cutShort,
            long promptTokens, int completionTokens) {
        byte[] finish = (cutShort ? lengths : stops)[usage ? 1 : 0];
        ByteBuf back = allocator.directBuffer(finish.length + 768);
        back.writeBytes(finish);
        if (usage) {
            back.writeBytes(chunk("data: " + eventStart + "],\"usage\":"
                    + usage(promptTokens, completionTokens) + "}\n\n"));
        }
        return back.writeBytes(DONE).writeBytes(LAST_CHUNK);
    }

    /** The text of a unary reply. */
    Ring words() {
        return words;
    }

    /** What stands before a unary reply's text, its head included. */
    ByteBuf unaryFront(ByteBufAllocator allocator, int words, int backLength, boolean closes) {
        long contentLength = unaryStart.length + this.words.length(words) + backLength;
        ByteBuf front = allocator.directBuffer(UNARY_HEAD.length + 192 + unaryStart.length);
        front.writeBytes(UNARY_HEAD);
        front.writeCharSequence(Long.toString(contentLength), StandardCharsets.US_ASCII);
        front.writeBytes(CRLF);
        endHead(front, closes);
        return front.writeBytes(unaryStart);
    }

    /** What stands after a unary reply's text. */
    ByteBuf unaryBack(ByteBufAllocator allocator, boolean cutShort, long promptTokens,
            int completionTokens) {
        ByteBuf back = allocator.directBuffer(512);
        back.writeCharSequence("\",\"refusal\":null,\"annotations\":[]},\"logprobs\":null,"
                + "\"finish_reason\":\"" + (cutShort ? "length" : "stop") + "\"}],\"usage\":"
                + usage(promptTokens, completionTokens) + "}", StandardCharsets.US_ASCII);
        return back;
    }

    void release() {
        words.release();
        for (Ring ring : events) {
            if (ring != null) {
                ring.release();
            }
        }
    }

    private void endHead(ByteBuf head, boolean closes) {
        head.writeBytes(requestId);
        if (closes) {
            head.writeBytes(CLOSE);
        }
        head.writeBytes(CRLF);
    }

    private byte[][] events(String delta, String finishReason) {
        return new byte[][] {
            event(delta, finishReason, false, ""), event(delta, finishReason, true, "")};
    }

    private byte[] event(String delta, String finishReason, boolean usage, String lastMember) {
        return chunk("data: " + eventStart + "{\"index\":0,\"delta\":" + delta
                + ",\"logprobs\":null,\"finish_reason\":" + finishReason + "}]"
                + (usage ? ",\"usage\":null" : "") + lastMember + "}\n\n");
    }

    private static String usage(long promptTokens, int completionTokens) {
        return "{\"prompt_tokens\":" + promptTokens + ",\"completion_tokens\":" + completionTokens
                + ",\"total_tokens\":" + (promptTokens + completionTokens)
                + ",\"prompt_tokens_details\":{\"cached_tokens\":0,\"audio_tokens\":0},"
                + "\"completion_tokens_details\":{\"reasoning_tokens\":0,\"audio_tokens\":0,"
                + "\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}";
    }

    private static byte[] chunk(String data) {
        byte[] bytes = utf8(data);
        byte[] size = utf8(Integer.toHexString(bytes.length) + "\r\n");
        byte[] chunk = Arrays.copyOf(size, size.length + bytes.length + CRLF.length);
        System.arraycopy(bytes, 0, chunk, size.length, bytes.length);
        System.arraycopy(CRLF, 0, chunk, size.length + bytes.length, CRLF.length);
        return chunk;
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
