package io.penstock.exchange.passthrough;

import io.netty.buffer.ByteBuf;
import io.penstock.exchange.call.Judgement;
import io.penstock.exchange.call.ReplyReading;
import io.penstock.failure.Fault;
import io.penstock.loop.Scratch;
import io.penstock.translate.WholeAnswer;
import io.penstock.translate.WholeAnswer.Finding;
import io.penstock.usage.TokenUsage;
import io.penstock.usage.UsageFinder;

/**
 * A reply that is relayed without being understood: good with its first byte, unless it should be
 * JSON and another target could answer as well: then it is held until it shows that it is no error.
 * The usage is found where there is some.
 *
 * <p><b>Thread:</b> confined to the event loop. <b>Buffers:</b> borrows.
 * <br><b>Bounds:</b> {@value #JUDGED_BYTES} bytes are kept to be judged, and held as long.
 */
final class OpaqueReply extends ReplyReading {
    static final int JUDGED_BYTES = 4 * 1024;
    private static final byte[] UNJUDGED = {};
    private static final String[] ANSWERS = {"results", "data", "text", "segments"};

    /** How closely a reply is looked at before it passes. */
    enum Kind {
        /** Whatever it is, it passes. */
        ANY,
        /** A JSON object, which may be an error. */
        JSON,
        /** A page for people, where a model's answer should be. */
        PAGE
    }

    private final UsageFinder usage;
    private final Kind kind;
    private byte[] beginning; // of JSON that has yet to show what it is
    private int begun; // how much of it has come
    private Finding found = Finding.OTHER;
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
     * @param kind of its content
     */
    OpaqueReply(Scratch scratch, boolean metered, boolean streamed, boolean impatient,
            Kind kind) {
        this.kind = kind;
        beginning = kind == Kind.JSON ? new byte[JUDGED_BYTES] : UNJUDGED;
        usage = new UsageFinder(scratch);
        this.metered = metered;
        this.streamed = streamed && metered;
        this.impatient = impatient;
    }

    @Override
    public Judgement judge(boolean ended, int heldBytes) {
        if (kind == Kind.PAGE) {
            return fail(Fault.BAD_RESPONSE, "a page came instead of an answer");
        }
        if (found == Finding.ERROR) {
            return fail(Fault.ERROR_IN_REPLY, "the reply holds an error");
        }
        if (kind == Kind.JSON && ended && begun < JUDGED_BYTES && isNothing()) {
            return begun == 0 ? fail(Fault.EMPTY_REPLY, "the reply is empty")
                    : fail(Fault.BAD_RESPONSE, "the reply holds no answer");
        }
        boolean shows = kind != Kind.JSON || found != Finding.OTHER || begun == JUDGED_BYTES;
        return ended || payloadBytes > 0 && shows || impatient ? Judgement.COMMIT
                : Judgement.WAIT;
    }

    /** Whether all of a reply is neither a list nor an object with anything in it. */
    private boolean isNothing() {
        int first = pastBlanks(0);
        byte opening = first < begun ? beginning[first] : 0;
        int second = pastBlanks(first + 1);
        return opening != '[' && (opening != '{' || second < begun && beginning[second] == '}');
    }

    private int pastBlanks(int from) {
        int at = from;
        while (at < begun && beginning[at] >= 0 && beginning[at] <= ' ') {
            at++;
        }
        return at;
    }

    @Override
    public void onCommit() {
        beginning = UNJUDGED;
    }

    @Override
    public boolean isAnswered() {
        return payloadBytes > 0 && kind != Kind.PAGE && found != Finding.ERROR;
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
        if (begun < beginning.length) {
            int more = Math.min(length, beginning.length - begun);
            buffer.getBytes(index, beginning, begun, more);
            begun += more;
            found = WholeAnswer.read(beginning, begun, ANSWERS);
        }
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
