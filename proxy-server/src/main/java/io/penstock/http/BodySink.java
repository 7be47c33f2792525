package io.penstock.http;

import io.netty.buffer.ByteBuf;

/**
 * Where the bytes of a body go.
 *
 * <p>Where the sink {@linkplain #takesChunks takes chunks}, a body whose length its head does not
 * tell is written as chunks, the last one among them (RFC 9112 section 7.1): so whole runs of
 * another connection's chunks pass untouched. Any other body is written as it is.
 *
 * <p><b>Thread:</b> confined to the event loop that serves it. <b>Buffers:</b> takes what it sends.
 */
public interface BodySink {
    /** Of a body whose length is known only when it ends. */
    long UNKNOWN_LENGTH = -1;

    /** Of a message that has no body, nor the length of one. */
    long NO_BODY = -2;

    /** Queues bytes; takes them. */
    void write(ByteBuf bytes);

    /** Whether chunks frame a body of unknown length; else its end is that of the stream. */
    boolean takesChunks();

    /** Bytes that are queued, and not sent yet. */
    long pendingBytes();
}
