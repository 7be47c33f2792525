package io.penstock.exchange.chat;

import io.netty.buffer.ByteBuf;
import io.penstock.exchange.call.Judgement;
import io.penstock.exchange.call.ReplyReading;
import io.penstock.failure.Fault;

/** A reply whose head already shows that it is of no use. */
final class UselessReply extends ReplyReading {
    private final Fault why;
    private final String what;

    UselessReply(Fault why, String what) {
        this.why = why;
        this.what = what;
    }

    @Override
    public Judgement judge(boolean ended, int heldBytes) {
        return fail(why, what);
    }

    @Override
    public void onPayload(ByteBuf buffer, int index, int length) {
        // What it says does not matter.
    }
}
