package io.penstock.http;

import static io.penstock.testing.FuzzInput.check;
import static io.penstock.testing.FuzzInput.checkSame;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.LastHttpContent;
import io.penstock.testing.FuzzInput;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Chunked bodies: the same data and the same end however they are cut, and the data that Netty's
 * decoder reads in them, to the same end.
 */
public final class ChunkScannerFuzz {
    private static final byte[] HEAD = ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked"
            + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII);
    private static final byte[] NEXT = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(
            StandardCharsets.US_ASCII);

    private ChunkScannerFuzz() {}

    /** What is seen of a body; {@code end} is -1 where it goes on. */
    private record Seen(byte[] data, int end, String refusal, boolean trailers) {
        boolean isLike(Seen other) {
            return Arrays.equals(data, other.data) && end == other.end
                    && (refusal == null) == (other.refusal == null) && trailers == other.trailers;
        }
    }

    public static void fuzzerTestOneInput(byte[] data) {
        try (FuzzInput input = new FuzzInput(data)) {
            int length = input.bytes().length;
            ByteBuf buffer = input.buffer();
            try {
                Seen whole = scan(buffer, FuzzInput.whole(length));
                Seen pieces = scan(buffer, input.cuts(length));
                check(pieces.isLike(whole), pieces + " in pieces, but " + whole);
                if (whole.end >= 0) {
                    checkByNetty(Arrays.copyOf(input.bytes(), whole.end), whole);
                }
            } finally {
                buffer.release();
            }
        }
    }

    private static Seen scan(ByteBuf buffer, int[] cuts) {
        ChunkScanner scanner = new ChunkScanner();
        scanner.reset();
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        int zero = buffer.readerIndex();
        int at = zero;
        try {
            for (int cut : cuts) {
                ChunkScanner.Step step;
                do {
                    int from = at;
                    step = scanner.next(buffer, at, zero + cut);
                    at = scanner.position();
                    check(at > from || step == ChunkScanner.Step.END, "no progress");
                    check(at <= zero + cut, "beyond the piece");
                    int chunkEnd = scanner.chunkEnd();
                    check(chunkEnd < 0 || chunkEnd > from && chunkEnd <= at
                            && buffer.getByte(chunkEnd - 1) == '\n', "where a chunk ended");
                    check(!scanner.isBetweenChunks() || at == chunkEnd || at == zero
                            || step == ChunkScanner.Step.MORE, "between chunks");
                    if (step == ChunkScanner.Step.DATA) {
                        check(scanner.dataStart() >= from && scanner.dataLength() > 0
                                && scanner.dataStart() + scanner.dataLength() == at, "data");
                        check(!scanner.isInLastChunk() || scanner.dataLength() > 0, "last");
                        byte[] run = new byte[scanner.dataLength()];
                        buffer.getBytes(scanner.dataStart(), run);
                        data.writeBytes(run);
                    } else if (step == ChunkScanner.Step.END) {
                        return new Seen(data.toByteArray(), at - zero, null,
                                scanner.hasTrailers());
                    }
                } while (at < zero + cut);
            }
        } catch (HttpSyntaxException e) {
            return new Seen(data.toByteArray(), -1, e.getMessage(), scanner.hasTrailers());
        }
        return new Seen(data.toByteArray(), -1, null, scanner.hasTrailers());
    }

    private static void checkByNetty(byte[] body, Seen ours) {
        EmbeddedChannel channel = new EmbeddedChannel(new HttpRequestDecoder(64 * 1024, 64 * 1024,
                8192));
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        boolean ended = false;
        boolean refused = false;
        Throwable why = null;
        boolean next = false;
        try {
            channel.writeInbound(Unpooled.wrappedBuffer(HEAD, body, NEXT));
            for (Object message = channel.readInbound(); message != null;
                    message = channel.readInbound()) {
                DecoderResult result = ((HttpObject) message).decoderResult();
                refused |= result.isFailure();
                why = why == null ? result.cause() : why;
                next |= ended && message instanceof HttpRequest;
                if (message instanceof HttpContent content) {
                    if (!ended) {
                        byte[] run = new byte[content.content().readableBytes()];
                        content.content().readBytes(run);
                        data.writeBytes(run);
                    }
                    ended |= message instanceof LastHttpContent;
                    content.release();
                }
            }
        } finally {
            channel.finishAndReleaseAll();
        }
        // It reads what stands in extensions and trailers; here they end where their lines end.
        boolean extended = new String(body, StandardCharsets.ISO_8859_1).indexOf(';') >= 0;
        check(!refused || ours.trailers || extended, "Netty refuses it: " + why);
        if (!refused) {
            check(ended && next, "to Netty it ends elsewhere");
            checkSame(Unpooled.wrappedBuffer(data.toByteArray()),
                    Unpooled.wrappedBuffer(ours.data), "the data to Netty");
        }
    }
}
