package io.penstock.exchange.chat;

import io.netty.buffer.ByteBuf;
import io.penstock.exchange.call.Ask;
import io.penstock.failure.Failure;
import io.penstock.relay.Rewriter;
import io.penstock.translate.OpenStream;
import io.penstock.usage.TokenUsage;

/** A stream that is translated event by event: the translation tells what each event means. */
final class TranslatedReply extends StreamReply {
    private final StreamTranslation translation;

    TranslatedReply(ChatLoop loop, ChatCall call, Ask ask, StreamTranslation translation) {
        super(loop, call, ask, call.continuation());
        this.translation = translation;
        translation.tellTo(this);
    }

    @Override
    public Rewriter rewriter() {
        return translation;
    }

    @Override
    public boolean isShownAsEvents() {
        return !call.fields().isArray();
    }

    /** An event as the caller gets it. */
    @Override
    public boolean onEvent(ByteBuf buffer, int index, int length) {
        if (ask.cutsAtBudget() && call.endpoint().hasChunks()) {
            noteIdentity(buffer, index, length);
        }
        return true;
    }

    @Override
    boolean keepsErrorsBack() {
        return true;
    }

    @Override
    OpenStream openStream() {
        return translation.openStream();
    }

    @Override
    TranslatedRequest translated() {
        return translation.request();
    }

    @Override
    public boolean isComplete() {
        return isDoneSeen() || isErrorSeen();
    }

    @Override
    public TokenUsage usage() {
        return Usages.ofStream(translation.usage(), isDoneSeen(), passedTokens());
    }

    @Override
    public int malformedEvents() {
        return translation.malformedEvents();
    }

    @Override
    public String lastWord(Failure why, String attempts) {
        return translation.lastWord(why, attempts);
    }

    @Override
    public String endAtLength(TokenUsage cameTo) {
        return call.endpoint().hasChunks() ? super.endAtLength(cameTo)
                : translation.endAtLength(Usages.counted(cameTo));
    }

    @Override
    public void release() {
        translation.release();
    }
}
