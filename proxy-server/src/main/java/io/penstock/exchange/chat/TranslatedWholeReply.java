package io.penstock.exchange.chat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.exchange.call.Judgement;
import io.penstock.exchange.call.ReplyReading;
import io.penstock.exchange.call.RequestBody;
import io.penstock.failure.Fault;
import io.penstock.limit.Gauge;
import io.penstock.relay.Rewriter;
import io.penstock.translate.ChatStream.Meaning;
import io.penstock.translate.ReplyFormat;
import io.penstock.translate.ReplyOptions;
import io.penstock.translate.ReplyTranslator;
import io.penstock.translate.ResponseAnswer;
import io.penstock.usage.TokenUsage;
import java.util.function.Consumer;

/**
 * A unary reply that is translated when it is whole.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Buffers:</b> owns what it collects until {@link #release}.
 * <br><b>Bounds:</b> {@value #MAX_BYTES} bytes; a longer reply fails the attempt. All of them
 * together, and what was made of them until the callers have it, are counted among the bodies in
 * memory; one for which there is no room fails the attempt as well.
 */
final class TranslatedWholeReply extends ReplyReading implements Rewriter {
    static final int MAX_BYTES = 32 * 1024 * 1024;
    private static final int BYTES_PER_TOKEN = 4;

    private final ByteBufAllocator allocator;
    private final Gauge memory;
    private final ReplyFormat upstream;
    private final ReplyFormat client;
    private final ReplyOptions options;
    private final Consumer<ResponseAnswer> onAnswer; // hears of a whole one
    private final ReplyTranslator translator;
    private ByteBuf collected;
    private long gauged; // of what is collected, or of what was made of it
    private boolean tooLong;
    private boolean withoutRoom;
    private boolean translated;
    private boolean errorInside;
    private int answerBytes;

    TranslatedWholeReply(ChatLoop loop, ByteBufAllocator allocator, ReplyFormat upstream,
            ReplyFormat client, ReplyOptions options, Consumer<ResponseAnswer> onAnswer) {
        this.allocator = allocator;
        this.upstream = upstream;
        this.client = client;
        this.options = options;
        this.onAnswer = onAnswer;
        memory = loop.calls().bodyMemory();
        translator = new ReplyTranslator(loop.replyLoop());
    }

    @Override
    public Rewriter rewriter() {
        return this;
    }

    @Override
    public Judgement judge(boolean ended, int heldBytes) {
        if (tooLong) {
            return fail(Fault.BAD_RESPONSE, "the reply is too long to be translated");
        }
        if (withoutRoom) {
            return fail(Fault.NO_ROOM, "too much is held to be translated");
        }
        if (!ended) {
            return Judgement.WAIT;
        }
        if (errorInside) {
            return fail(Fault.ERROR_IN_REPLY, "the reply holds an error");
        }
        return answerBytes == 0 ? fail(Fault.EMPTY_REPLY, "the reply is empty")
                : Judgement.COMMIT;
    }

    @Override
    public void rewrite(ByteBuf buffer, int index, int length, ByteBuf out) {
        if (tooLong || withoutRoom) {
            return;
        }
        int needed = (collected == null ? 0 : collected.readableBytes()) + length;
        tooLong = needed > MAX_BYTES;
        withoutRoom = !tooLong && !tryReserve(needed);
        if (tooLong || withoutRoom) {
            release();
        } else {
            collected.writeBytes(buffer, index, length);
        }
    }

    /** Makes room for so many bytes in all, if there is any. */
    private boolean tryReserve(int needed) {
        if (collected != null && needed <= collected.capacity()) {
            return true;
        }
        int capacity = allocator.calculateNewCapacity(needed, MAX_BYTES);
        if (!tryGauge(capacity)) {
            return false;
        }
        if (collected == null) {
            collected = allocator.directBuffer(capacity, MAX_BYTES);
        } else {
            collected.capacity(capacity);
        }
        return true;
    }

    /** Counts so many bytes instead of those that are counted now. */
    private boolean tryGauge(int bytes) {
        long amount = bytes > RequestBody.FREE_BYTES ? bytes : 0;
        if (amount > gauged && !memory.tryTake(amount - gauged)) {
            return false;
        }
        if (amount < gauged) {
            memory.release(gauged - amount);
        }
        gauged = amount;
        return true;
    }

    @Override
    public void finish(ByteBuf out) {
        if (collected == null) {
            return;
        }
        Meaning end = translator.unary(upstream, client, options, collected, out);
        translated = true;
        collected.release();
        collected = null;
        errorInside = end != Meaning.DONE;
        withoutRoom = !errorInside && !tryGauge(out.capacity());
        if (errorInside || withoutRoom) {
            out.clear();
            release();
        } else {
            answerBytes = out.readableBytes();
            onAnswer.accept(translator.responseAnswer());
        }
    }

    @Override
    public ByteBuf wrap(ByteBuf made) {
        if (gauged == 0) {
            return made;
        }
        long amount = gauged;
        gauged = 0; // it is the body's from here on
        return new CountedBody(allocator, made, memory, amount);
    }

    @Override
    public boolean isAnswered() {
        return usage() != null || answerBytes > 0;
    }

    @Override
    public long passedTokens() {
        return answerBytes / BYTES_PER_TOKEN;
    }

    @Override
    public TokenUsage usage() {
        return translated ? Usages.ofWhole(translator.usage()) : null;
    }

    @Override
    public void release() {
        if (collected != null) {
            collected.release();
            collected = null;
        }
        memory.release(gauged);
        gauged = 0;
    }
}
