package io.penstock.exchange;

import io.netty.buffer.ByteBuf;
import io.penstock.loop.Scratch;
import io.penstock.relay.ResponseRelay;
import io.penstock.usage.TokenUsage;
import io.penstock.usage.UsageFinder;
import java.nio.charset.StandardCharsets;

/**
 * What is learnt of a reply that is relayed without being understood: an error's text, and the
 * usage where there is some.
 *
 * <p><b>Thread:</b> confined to the event loop. <b>Buffers:</b> borrows.
 * <br><b>Bounds:</b> {@value #MAX_ERROR_BYTES} bytes of an error's text.
 */
final class RawReply implements ResponseRelay.Observer {
    static final int MAX_ERROR_BYTES = 64 * 1024;

    private final UsageFinder usage;
    private StringBuilder errorText; // null for a reply that is none
    private boolean metered;
    private boolean streamed;
    private long payloadBytes;
    private long events;
    private boolean lineEmpty;

    RawReply(Scratch scratch) {
        usage = new UsageFinder(scratch);
    }

    /**
     * Begins with a reply.
     *
     * @param metered it may tell its usage
     * @param streamed it consists of events
     */
    void begin(boolean isError, boolean metered, boolean streamed) {
        forget();
        errorText = isError ? new StringBuilder() : null;
        this.metered = metered && !isError;
        this.streamed = streamed && this.metered;
    }

    void forget() {
        usage.reset();
        errorText = null;
        metered = false;
        streamed = false;
        payloadBytes = 0;
        events = 0;
        lineEmpty = false;
    }

    String errorText() {
        return errorText == null ? "" : errorText.toString();
    }

    long payloadBytes() {
        return payloadBytes;
    }

    /** Events that went by: about as many tokens. */
    long events() {
        return events;
    }

    /** What one reply reported; null if it has not. */
    TokenUsage usage() {
        return usage.largest();
    }

    /** What the replies in a tunnel reported since it was last asked; null if none has. */
    TokenUsage takeUsage() {
        return usage.takeSum();
    }

    @Override
    public void onPayload(ByteBuf buffer, int index, int length) {
        payloadBytes += length;
        if (errorText != null) {
            int more = Math.min(length, MAX_ERROR_BYTES - errorText.length());
            errorText.append(buffer.toString(index, Math.max(0, more),
                    StandardCharsets.ISO_8859_1)); // byte for byte, wherever it is cut
        } else if (metered) {
            usage.read(buffer, index, length);
            if (streamed) {
                countEvents(buffer, index, index + length);
            }
        }
    }

    private void countEvents(ByteBuf buffer, int from, int to) {
        for (int at = from; at < to; at++) {
            byte b = buffer.getByte(at);
            if (b == '\n') {
                events += lineEmpty ? 1 : 0;
                lineEmpty = !lineEmpty;
            } else if (b != '\r') {
                lineEmpty = false;
            }
        }
    }

    @Override
    public boolean onEvent(ByteBuf buffer, int index, int length) {
        throw new AssertionError("nobody splits events here");
    }

    @Override
    public void onOversizedEvent() {
        throw new AssertionError("nobody splits events here");
    }
}
