package io.penstock.mock;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * Makes the bytes of a draft, and what a fault of framing makes of them.
 *
 * <p><b>Thread:</b> confined to its connection's event loop.
 * <br><b>Buffers:</b> gives replies.
 *
 * @param firstNanos when the head and the first step are due
 * @param intervalNanos from step to step
 * @param closes whether the connection ends with the reply in any case
 */
record DraftWriter(ByteBufAllocator allocator, long firstNanos, long intervalNanos,
        boolean closes) {
    private static final long TRICKLE_NANOS = TimeUnit.MICROSECONDS.toNanos(100);
    private static final int LACKING_BYTES = 16;
    private static final byte[] CRLF = Draft.utf8("\r\n");
    private static final byte[] LAST_CHUNK = Draft.utf8("0\r\n\r\n");

    Reply write(Draft draft, Fault.Kind fault) {
        return switch (fault) {
            case GZIP -> gzip(draft);
            case WRONG_LENGTH -> tooShort(draft);
            case TRICKLE -> trickle(draft);
            case MIDSTREAM -> draft.isStream() ? stream(draft) : half(draft);
            default -> draft.isStream() ? stream(draft) : whole(draft);
        };
    }

    private Reply stream(Draft draft) {
        byte[][] pieces = draft.steps().stream().map(DraftWriter::chunks).toArray(byte[][]::new);
        ByteBuf back = draft.rest() == null ? null
                : allocator.directBuffer().writeBytes(chunks(draft.rest())).writeBytes(LAST_CHUNK);
        return reply(head(draft, "transfer-encoding: chunked\r\n", back == null), pieces, back,
                intervalNanos, back == null);
    }

    private Reply whole(Draft draft) {
        byte[] body = draft.body();
        ByteBuf front = head(draft, length(body.length), false).writeBytes(body);
        return reply(front, new byte[0][], null, 0, false);
    }

    private Reply half(Draft draft) {
        byte[] body = draft.body();
        ByteBuf front = head(draft, length(body.length), true)
                .writeBytes(body, 0, body.length / 2);
        return reply(front, new byte[0][], null, 0, true);
    }

    private Reply tooShort(Draft draft) {
        byte[][] pieces = draft.steps().stream().map(DraftWriter::joined).toArray(byte[][]::new);
        List<byte[]> rest = draft.rest();
        assert rest != null; // faults come one at a time, and this one cuts nothing
        ByteBuf back = allocator.directBuffer().writeBytes(joined(rest));
        return reply(head(draft, length(draft.body().length + LACKING_BYTES), true), pieces, back,
                intervalNanos, true);
    }

    private Reply gzip(Draft draft) {
        byte[] whole = compressed(draft.body());
        byte[] body = Draft.first(whole, whole.length * 2 / 3);
        String coding = "content-encoding: gzip\r\n";
        ByteBuf front;
        if (draft.isStream()) {
            front = head(draft, coding + "transfer-encoding: chunked\r\n", false)
                    .writeBytes(chunks(List.of(body))).writeBytes(LAST_CHUNK);
        } else {
            front = head(draft, coding + length(body.length), false).writeBytes(body);
        }
        return reply(front, new byte[0][], null, 0, false);
    }

    private static byte[] compressed(byte[] body) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(body);
        } catch (IOException e) {
            throw new UncheckedIOException("memory takes what is written", e);
        }
        return out.toByteArray();
    }

    private Reply trickle(Draft draft) {
        byte[] body = draft.body();
        byte[][] pieces = new byte[body.length][];
        for (int i = 0; i < body.length; i++) {
            byte[] one = {body[i]};
            pieces[i] = draft.isStream() ? chunks(List.of(one)) : one;
        }
        String framing = draft.isStream() ? "transfer-encoding: chunked\r\n"
                : length(body.length);
        ByteBuf back = draft.isStream()
                ? allocator.directBuffer().writeBytes(LAST_CHUNK) : null;
        return reply(head(draft, framing, false), pieces, back,
                intervalNanos == 0 ? TRICKLE_NANOS : intervalNanos, false);
    }

    private Reply reply(ByteBuf front, byte[][] pieces, @Nullable ByteBuf back, long interval,
            boolean cuts) {
        Ring ring = pieces.length == 0 ? null : new Ring(pieces);
        Reply reply = new Reply(front, ring, pieces.length, back, firstNanos, interval,
                closes || cuts);
        if (ring != null) {
            ring.release(); // the reply holds it now
        }
        return reply;
    }

    private ByteBuf head(Draft draft, String framing, boolean cuts) {
        String head = "HTTP/1.1 " + draft.status() + ' '
                + HttpResponseStatus.valueOf(draft.status()).reasonPhrase() + "\r\n"
                + draft.fields() + framing
                + (closes || cuts ? "connection: close\r\n\r\n" : "\r\n");
        return allocator.directBuffer().writeBytes(head.getBytes(StandardCharsets.US_ASCII));
    }

    private static String length(int bytes) {
        return "content-length: " + bytes + "\r\n";
    }

    private static byte[] joined(List<byte[]> parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        parts.forEach(out::writeBytes);
        return out.toByteArray();
    }

    private static byte[] chunks(List<byte[]> parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(Draft.utf8(Integer.toHexString(part.length) + "\r\n"));
            out.writeBytes(part);
            out.writeBytes(CRLF);
        }
        return out.toByteArray();
    }
}
