package io.penstock.exchange.call;

import io.netty.buffer.ByteBuf;
import java.nio.charset.Charset;

/**
 * A provider's error reply, relayed untouched if it may pass: held until it is whole or fills the
 * hold.
 *
 * <p><b>Bounds:</b> {@value #MAX_BYTES} bytes are held before the reply is judged; {@code
 * maxTextBytes} of them are read as text.
 */
public class ErrorReply extends ReplyReading {
    /** Bytes of an error reply that are held at most. */
    public static final int MAX_BYTES = 64 * 1024;

    private final StringBuilder text = new StringBuilder();
    private final int maxTextBytes;
    private final Charset charset;
    private long payloadBytes;

    public ErrorReply(int maxTextBytes, Charset charset) {
        this.maxTextBytes = maxTextBytes;
        this.charset = charset;
    }

    @Override
    public boolean isError() {
        return true;
    }

    @Override
    public Judgement judge(boolean ended, int heldBytes) {
        return ended || payloadBytes >= MAX_BYTES ? Judgement.ERROR_REPLY : Judgement.WAIT;
    }

    @Override
    public void onPayload(ByteBuf buffer, int index, int length) {
        payloadBytes += length;
        int more = Math.min(length, maxTextBytes - text.length());
        if (more > 0) {
            text.append(buffer.toString(index, more, charset));
        }
    }

    @Override
    public String errorText() {
        return text.toString();
    }
}
