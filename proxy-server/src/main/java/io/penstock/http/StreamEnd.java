package io.penstock.http;

/**
 * The caller's side or the provider's, as far as both are alike: bytes are queued for it, and it is
 * read from or not. A tunnel needs no more of either.
 *
 * <p><b>Thread:</b> confined to the event loop that serves it. <b>Buffers:</b> takes what it sends.
 */
public interface StreamEnd extends BodySink {
    /** Sends what is queued. */
    void flush();

    /** Whether more can be queued; the handler of this side is told when it can again. */
    boolean isWritable();

    /** Reads on or not: how the pace of one side reaches the other. */
    void setReading(boolean reading);

    /** Of a tunnel: sends what is queued, then that nothing follows. */
    void endOutput();
}
