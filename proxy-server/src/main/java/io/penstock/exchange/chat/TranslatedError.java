package io.penstock.exchange.chat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.penstock.exchange.call.ErrorReply;
import io.penstock.exchange.call.Judgement;
import io.penstock.relay.Rewriter;
import io.penstock.translate.ErrorBody;
import io.penstock.translate.ReplyError;
import io.penstock.translate.ReplyTranslator;
import java.nio.charset.StandardCharsets;

/**
 * An error reply that the caller, if it gets to see it, gets in its own format.
 *
 * <p><b>Buffers:</b> owns what it collects until {@link #release}.
 * <br><b>Bounds:</b> {@value ErrorReply#MAX_BYTES} bytes of it are translated.
 */
final class TranslatedError extends ErrorReply implements Rewriter {
    private final ByteBufAllocator allocator;
    private final TranslatedRequest request;
    private final ReplyTranslator translator;
    private final int status;
    private int shownStatus;
    private ByteBuf collected;

    TranslatedError(ChatLoop loop, ByteBufAllocator allocator, TranslatedRequest request,
            int status) {
        super(Replies.MAX_JUDGED_BYTES, StandardCharsets.UTF_8);
        this.allocator = allocator;
        this.request = request;
        this.status = status;
        shownStatus = status;
        translator = new ReplyTranslator(loop.replyLoop());
    }

    @Override
    public Rewriter rewriter() {
        return this;
    }

    @Override
    public int shownStatus(int status) {
        return shownStatus;
    }

    @Override
    public Judgement judge(boolean ended, int heldBytes) {
        return ended ? Judgement.ERROR_REPLY : Judgement.WAIT; // it is translated as a whole
    }

    @Override
    public void rewrite(ByteBuf buffer, int index, int length, ByteBuf out) {
        onPayload(buffer, index, length);
        if (collected == null) {
            collected = allocator.directBuffer(length, MAX_BYTES);
        }
        collected.writeBytes(buffer, index, Math.min(length, collected.maxWritableBytes()));
    }

    @Override
    public void finish(ByteBuf out) {
        ReplyError error = translator.readError(status,
                collected == null ? Unpooled.EMPTY_BUFFER : collected);
        shownStatus = error.statusFor(request.client());
        out.writeCharSequence(ErrorBody.of(request.client(), error), StandardCharsets.UTF_8);
        release();
    }

    @Override
    public void release() {
        if (collected != null) {
            collected.release();
            collected = null;
        }
    }
}
