package io.penstock.exchange.chat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.exchange.call.Judgement;
import io.penstock.exchange.call.ReplyReading;
import io.penstock.failure.Fault;
import io.penstock.relay.Rewriter;
import io.penstock.translate.ChatStream.Meaning;
import io.penstock.translate.ReplyTranslator;
import io.penstock.usage.TokenUsage;

/**
 * A unary reply that is translated when it is whole.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Buffers:</b> owns what it collects until {@link #release}.
 * <br><b>Bounds:</b> {@value #MAX_BYTES} bytes; a longer reply fails the attempt.
 */
final class TranslatedWholeReply extends ReplyReading implements Rewriter {
    static final int MAX_BYTES = 32 * 1024 * 1024;
    private static final int BYTES_PER_TOKEN = 4;

    private final ByteBufAllocator allocator;
    private final TranslatedRequest request;
    private final ReplyTranslator translator;
    private ByteBuf collected;
    private boolean tooLong;
    private boolean translated;
    private boolean errorInside;
    private int answerBytes;

    TranslatedWholeReply(ChatLoop loop, ByteBufAllocator allocator, TranslatedRequest request) {
        this.allocator = allocator;
        this.request = request;
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
        if (collected == null) {
            collected = allocator.directBuffer(length, MAX_BYTES);
        }
        tooLong |= length > collected.maxWritableBytes();
        if (!tooLong) {
            collected.writeBytes(buffer, index, length);
        }
    }

    @Override
    public void finish(ByteBuf out) {
        if (collected != null && !tooLong) {
            Meaning end = translator.unary(request.upstream(), request.client(),
                    request.options(), collected, out);
            translated = true;
            if (end == Meaning.DONE) {
                answerBytes = out.readableBytes();
                request.remember(translator);
            } else {
                errorInside = true;
            }
        }
        release();
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
    }
}
