package io.penstock.exchange.passthrough;

import io.netty.buffer.ByteBuf;
import io.penstock.exchange.call.Judgement;
import io.penstock.exchange.call.ReplyReading;
import io.penstock.loop.Scratch;
import io.penstock.usage.TokenUsage;
import io.penstock.usage.UsageFinder;

/**
 * A reply that is relayed without being understood: good with its first byte. The usage is found
 * where there is some.
 *
 * <p><b>Thread:</b> confined to the event loop. <b>Buffers:</b> borrows.
 */
final class OpaqueReply extends ReplyReading {
    private final UsageFinder usage;
    private final boolean metered;
    private final boolean streamed;
    private final boolean impatient;
    private long payloadBytes;
    private long events;
    private boolean lineEmpty;

    /**
     * A reply of which only the head has come.
     *
     * @param metered it may tell its usage
     * @param streamed it consists of events
     * @param impatient its head goes on before anything of its body has come
     */
    OpaqueReply(Scratch scratch, boolean metered, boolean streamed, boolean impatient) {
        usage = new UsageFinder(scratch);
        this.metered = metered;
        this.streamed = streamed && metered;
        this.impatient = impatient;
    }

    @Override
    public Judgement judge(boolean ended, int heldBytes) {
        return ended || payloadBytes > 0 || impatient ? Judgement.COMMIT : Judgement.WAIT;
    }

    @Override
    public boolean isAnswered() {
        return payloadBytes > 0;
    }

    /** Events that went by: about as many tokens. */
    @Override
    public long passedTokens() {
        return events;
    }

    @Override
    public TokenUsage usage() {
        return usage.largest();
    }

    /** What the replies in a tunnel reported since it was last asked; null if none has. */
    TokenUsage takeUsage() {
        return usage.takeSum();
    }

    @Override
    public void onPayload(ByteBuf buffer, int index, int length) {
        payloadBytes += length;
        if (metered) {
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
}
