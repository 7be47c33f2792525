package io.penstock.exchange.chat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.exchange.call.Ask;
import io.penstock.exchange.call.Judgement;
import io.penstock.exchange.call.ReplyReading;
import io.penstock.failure.Fault;
import io.penstock.json.JsonSyntaxException;
import io.penstock.json.Needle;
import io.penstock.json.TopLevelScanner;
import io.penstock.usage.TokenUsage;

/**
 * A unary reply that passes as it is: held until it is whole, or fills what may be held.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop. <b>Buffers:</b> borrows.
 * <br><b>Bounds:</b> {@value #CARRIED_BYTES} bytes are kept from one piece to the next.
 */
final class WholeReply extends ReplyReading {
    static final int CARRIED_BYTES = 1024;
    private static final int PEEK_BYTES = 1024;
    private static final int CHOICES_WITHIN_BYTES = 256;
    private static final int BYTES_PER_TOKEN = 4;
    private static final byte[] EMPTY = {};
    private static final Needle ERROR = new Needle("\"error\"");
    private static final Needle CHOICES = new Needle("\"choices\":[{");

    private final ChatLoop loop;
    private final Ask ask;
    private final long wholeLength;
    private final boolean json; // by its own word
    private final boolean googles; // the provider counts in Google's words
    private boolean anyPayload;
    private byte lastByte; // of the payload, blanks apart
    private boolean peeksOn = true; // for an error object where an answer should be
    private boolean errorInside;
    private TopLevelScanner errorScanner;
    private byte[] carry; // the end of the pieces so far; null while there is but one
    private TokenUsage usage;
    private long payloadBytes;

    /**
     * A reply of which nothing has come.
     *
     * @param wholeLength of its body in bytes, negative if that is not known
     */
    WholeReply(ChatLoop loop, ChatCall call, Ask ask, long wholeLength, boolean json) {
        this.loop = loop;
        googles = call.endpoint().isGoogles();
        this.ask = ask;
        this.wholeLength = wholeLength;
        this.json = json;
    }

    @Override
    public Judgement judge(boolean ended, int heldBytes) {
        if (!ended && heldBytes < ask.hold().bytes()) {
            return Judgement.WAIT;
        }
        if (errorInside) {
            return fail(Fault.ERROR_IN_REPLY, "the reply holds an error");
        }
        if (!anyPayload && ended) {
            return fail(Fault.EMPTY_REPLY, "the reply is empty");
        }
        return json && ended && !endsAsJson()
                ? fail(Fault.TRUNCATED, "the reply's JSON has no end") : Judgement.COMMIT;
    }

    /**
     * Whether a reply that should be JSON ends as an object or a list does; what is cut short in a
     * message that is whole seldom does.
     */
    private boolean endsAsJson() {
        return lastByte == '}' || lastByte == ']';
    }

    @Override
    public void onCommit() {
        peeksOn = false; // it need not be asked any more whether it is an answer
    }

    @Override
    public boolean isAnswered() {
        return usage != null || payloadBytes > 0 && !errorInside;
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
        if (peeksOn) {
            peek(buffer, index, length);
        }
        noteEnd(buffer, index, length);
        TokenUsage found = carry == null && length == wholeLength
                ? scan(buffer, index, length)
                : scanPieces(buffer, index, length);
        if (found != null) {
            usage = found;
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
        TokenUsage found = scan(joined, 0, joined.readableBytes());
        int kept = Math.min(joined.readableBytes(), CARRIED_BYTES);
        carry = new byte[kept];
        joined.getBytes(joined.readableBytes() - kept, carry);
        joined.release();
        return found;
    }

    /** Some providers answer 200 and an error object, or 200 and nothing. */
    private void peek(ByteBuf buffer, int index, int length) {
        boolean first = !anyPayload && errorScanner == null;
        for (int i = 0; i < length && !anyPayload; i++) {
            anyPayload = buffer.getByte(index + i) > ' ';
        }
        if (first && (length >= PEEK_BYTES || length == wholeLength)) {
            int peeked = Math.min(length, PEEK_BYTES);
            byte[] bytes = loop.calls().scratch().copy(buffer, index, peeked);
            if (beginsAsAnswer(bytes, peeked) || ERROR.find(bytes, 0, peeked) < 0) {
                peeksOn = false; // seen enough
                return;
            }
        }
        if (errorScanner == null) {
            errorScanner = new TopLevelScanner("error");
        }
        try {
            errorScanner.scan(buffer, index, length);
        } catch (JsonSyntaxException e) {
            peeksOn = false; // no JSON: nothing more can be said of it
        }
        errorInside = switch (errorScanner.kind(0)) {
            case OBJECT, ARRAY, STRING, TRUE, NUMBER -> true;
            default -> false;
        };
        peeksOn &= !errorInside;
    }

    /** Whether choices come early, and before any error: no need to look any further. */
    private static boolean beginsAsAnswer(byte[] bytes, int length) {
        int choices = CHOICES.find(bytes, 0, Math.min(length, CHOICES_WITHIN_BYTES));
        return choices >= 0 && ERROR.find(bytes, 0, choices) < 0;
    }
}
