package io.penstock.exchange.chat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.penstock.exchange.call.Ask;
import io.penstock.exchange.call.Judgement;
import io.penstock.exchange.call.ReplyReading;
import io.penstock.failure.Fault;
import io.penstock.translate.WholeAnswer;
import io.penstock.translate.WholeAnswer.Finding;
import io.penstock.usage.TokenUsage;

/**
 * A unary reply that passes as it is: held until it is whole and an answer, or fills what may be
 * held.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Buffers:</b> borrows; owns a copy of what comes in pieces until it is looked at, or until
 * {@link #release}.
 * <br><b>Bounds:</b> the copy ends where the reply is no longer held; {@value #CARRIED_BYTES} bytes
 * are kept from one piece to the next.
 */
final class WholeReply extends ReplyReading {
    static final int CARRIED_BYTES = 1024;
    private static final int BYTES_PER_TOKEN = 4;
    private static final byte[] EMPTY = {};

    private final ChatLoop loop;
    private final ByteBufAllocator allocator;
    private final ChatCall call;
    private final Ask ask;
    private final AnswerShape shape;
    private final long wholeLength;
    private final boolean googles; // the provider counts in Google's words
    private boolean anyPayload;
    private byte lastByte; // of the payload, blanks apart
    private boolean watches = true; // for what is no answer
    private ByteBuf collected; // what has come, to be looked at; null while there is nothing
    private Finding found; // null until it was looked at
    private String id; // of a response; null for none
    private byte[] carry; // the end of the pieces so far; null while there is but one
    private TokenUsage usage;
    private long payloadBytes;
    private long lookedAtBytes; // of these

    /**
     * A reply of which nothing has come.
     *
     * @param wholeLength of its body in bytes, negative if that is not known
     */
    WholeReply(ChatLoop loop, ByteBufAllocator allocator, ChatCall call, Ask ask,
            long wholeLength) {
        this.loop = loop;
        this.allocator = allocator;
        googles = call.endpoint().isGoogles();
        shape = AnswerShape.of(call.endpoint());
        this.call = call;
        this.ask = ask;
        this.wholeLength = wholeLength;
    }

    @Override
    public Judgement judge(boolean ended, int heldBytes) {
        if (!ended && heldBytes < ask.hold().bytes()) {
            return Judgement.WAIT;
        }
        if (!anyPayload) {
            return ended ? fail(Fault.EMPTY_REPLY, "the reply is empty") : Judgement.COMMIT;
        }
        look();
        if (found == Finding.ERROR) {
            return fail(Fault.ERROR_IN_REPLY, "the reply holds an error");
        }
        if (found == Finding.NO_OBJECT) {
            return fail(Fault.BAD_RESPONSE, "the reply is no JSON object");
        }
        if (!ended) {
            return Judgement.COMMIT;
        }
        if (!endsAsJson()) {
            return fail(Fault.TRUNCATED, "the reply's JSON has no end");
        }
        return found == Finding.OTHER && !isLookedAtInPart()
                ? fail(Fault.BAD_RESPONSE, "the reply has no '" + shape.member() + "'")
                : Judgement.COMMIT;
    }

    /**
     * Whether a reply that should be JSON ends as an object does; what is cut short in a message
     * that is whole seldom does.
     */
    private boolean endsAsJson() {
        return lastByte == '}';
    }

    @Override
    public void onCommit() {
        watches = false; // it need not be asked any more whether it is an answer
        release();
        call.onResponse(id, ask.provider());
    }

    @Override
    public boolean isAnswered() {
        return usage != null || payloadBytes > 0 && found != Finding.ERROR
                && fault() != Fault.BAD_RESPONSE; // half of an answer may be anything
    }

    /** Whether more has come since: what stands there may be what makes it an answer. */
    private boolean isLookedAtInPart() {
        return payloadBytes > lookedAtBytes;
    }

    @Override
    public long passedTokens() {
        return payloadBytes / BYTES_PER_TOKEN;
    }

    @Override
    public TokenUsage usage() {
        return usage;
    }

    @Override
    public void onPayload(ByteBuf buffer, int index, int length) {
        payloadBytes += length;
        if (watches) {
            watch(buffer, index, length);
        }
        noteEnd(buffer, index, length);
        TokenUsage counted = carry == null && length == wholeLength
                ? scan(buffer, index, length)
                : scanPieces(buffer, index, length);
        if (counted != null) {
            usage = counted;
        }
    }

    private TokenUsage scan(ByteBuf buffer, int index, int length) {
        return googles ? loop.usageScanner().scanGoogles(buffer, index, length)
                : loop.usageScanner().scan(buffer, index, length);
    }

    private void noteEnd(ByteBuf buffer, int index, int length) {
        for (int at = index + length - 1; at >= index; at--) {
            byte value = buffer.getByte(at);
            if (value > ' ' || value < 0) {
                lastByte = value;
                return;
            }
        }
    }

    /** The usage object may begin in one piece and end in the next. */
    private TokenUsage scanPieces(ByteBuf buffer, int index, int length) {
        ByteBuf joined = Unpooled.wrappedBuffer(
                Unpooled.wrappedBuffer(carry == null ? EMPTY : carry),
                buffer.retainedSlice(index, length));
        TokenUsage counted = scan(joined, 0, joined.readableBytes());
        int kept = Math.min(joined.readableBytes(), CARRIED_BYTES);
        carry = new byte[kept];
        joined.getBytes(joined.readableBytes() - kept, carry);
        joined.release();
        return counted;
    }

    /** Some providers answer 200 and an error, another kind of text, or nothing. */
    private void watch(ByteBuf buffer, int index, int length) {
        int from = index;
        int end = index + length;
        while (!anyPayload && from < end) {
            byte value = buffer.getByte(from);
            anyPayload = value > ' ' || value < 0;
            from += anyPayload ? 0 : 1;
        }
        if (from == end) {
            return; // blanks, as signs of life
        }
        if (length == wholeLength) {
            watches = false;
            lookedAtBytes = payloadBytes;
            read(loop.calls().scratch().copy(buffer, from, end - from), end - from);
            return;
        }
        if (collected == null) {
            collected = allocator.directBuffer(end - from);
        }
        collected.writeBytes(buffer, from, end - from);
        if (collected.readableBytes() >= ask.hold().bytes()) {
            look();
        }
    }

    private void read(byte[] bytes, int length) {
        found = shape.read(bytes, length);
        if (shape == AnswerShape.OUTPUT) {
            id = WholeAnswer.id(bytes, length);
        }
    }

    /** Looks at what has come, which may be all. */
    private void look() {
        watches = false;
        if (collected != null) {
            int length = collected.readableBytes();
            lookedAtBytes = payloadBytes;
            read(loop.calls().scratch().copy(collected, 0, length), length);
            collected.release();
            collected = null;
        }
    }

    @Override
    public void release() {
        look();
    }
}
