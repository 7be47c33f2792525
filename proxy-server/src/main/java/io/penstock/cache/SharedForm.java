package io.penstock.cache;

import io.penstock.cache.CachedReply.Tokens;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A reply as bytes that another process can read. Its age goes by the clocks of both, so a clock
 * that is ahead makes replies older, and one that is behind makes them new at most.
 */
final class SharedForm {
    private static final int VERSION = 1;

    private SharedForm() {}

    /** {@code nowMillis} is since 1970, {@code nowNanos} the same moment by the cache's clock. */
    static byte[] write(CachedReply reply, long nowMillis, long nowNanos) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(reply.body().length + 256);
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(VERSION);
            out.writeByte(reply.kind().ordinal());
            out.writeLong(nowMillis
                    - TimeUnit.NANOSECONDS.toMillis(nowNanos - reply.storedNanos()));
            out.writeLong(reply.ttlNanos());
            out.writeLong(reply.tookNanos());
            Tokens tokens = reply.tokens();
            out.writeLong(tokens.prompt());
            out.writeLong(tokens.completion());
            out.writeLong(tokens.cached());
            out.writeLong(tokens.reasoning());
            out.writeBoolean(tokens.estimated());
            out.writeUTF(reply.provider());
            out.writeUTF(reply.model());
            out.write(reply.body());
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory has no such trouble
        }
        return bytes.toByteArray();
    }

    /** The reply; null if it is no longer to be given, of another version, or no reply. */
    static @Nullable CachedReply read(byte[] bytes, ReplyKind kind, long nowMillis,
            long nowNanos) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            if (in.readByte() != VERSION || in.readByte() != kind.ordinal()) {
                return null;
            }
            long ageMillis = Math.max(0, nowMillis - in.readLong());
            long ttlNanos = in.readLong();
            long tookNanos = in.readLong();
            Tokens tokens = new Tokens(in.readLong(), in.readLong(), in.readLong(),
                    in.readLong(), in.readBoolean());
            String provider = in.readUTF();
            String model = in.readUTF();
            CachedReply reply = new CachedReply(kind, in.readAllBytes(), provider, model, tokens,
                    tookNanos, nowNanos - TimeUnit.MILLISECONDS.toNanos(ageMillis), ttlNanos);
            return reply.leftNanos(nowNanos) > 0 ? reply : null;
        } catch (IOException e) {
            return null; // somebody else's bytes
        }
    }
}
