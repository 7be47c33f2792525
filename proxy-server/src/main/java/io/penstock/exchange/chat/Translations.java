package io.penstock.exchange.chat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.exchange.call.BodyEdits;
import io.penstock.failure.Failure;
import io.penstock.provider.Prefill;
import io.penstock.route.Route.TargetName;
import io.penstock.translate.request.ClientFormat;
import io.penstock.translate.request.ProviderFormat;
import io.penstock.translate.request.Recalled;
import io.penstock.translate.request.Translated;
import io.penstock.translate.request.TranslationOptions;
import io.penstock.translate.request.UntranslatableException;
import io.penstock.upstream.Provider;
import io.penstock.upstream.ProviderTypeException;

/**
 * The request of one exchange in the formats of those targets that don't speak the caller's own. A
 * request is translated before its target is chosen for good, so that a target whose format has no
 * word for it is passed over like one that rests.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Buffers:</b> gives what it makes.
 */
final class Translations {
    private final ChatLoop loop;
    private final ByteBufAllocator allocator;
    private final ChatCall call;
    private UntranslatableException refusal; // of the first target that could not be asked
    private TargetName refused;

    Translations(ChatLoop loop, ByteBufAllocator allocator, ChatCall call) {
        this.loop = loop;
        this.allocator = allocator;
        this.call = call;
    }

    /**
     * The request for a target that does not speak the caller's format; null if there is no wording
     * for it. Gives it.
     *
     * @param asksForUsage whether the target may be asked to tell a stream's usage
     * @param text what the target should go on from; null for nothing
     * @param passedTokens how many that may have come to
     * @param promptTokens what the prompt is thought to come to
     */
    TranslatedRequest prepare(TargetName target, Provider provider, boolean asksForUsage,
            String text, long passedTokens, long promptTokens) {
        if (call.endpoint().asked() == null) {
            refused = refused == null ? target : refused;
            return null;
        }
        boolean prefills = text != null && provider.takesPrefill(target.model());
        if (prefills) {
            BodyEdits edits = loop.calls().edits().clear();
            call.fields().goOn(edits, call.format(), text, Prefill.PLAIN, passedTokens);
            try {
                return translate(target, provider, asksForUsage, edits, promptTokens, true);
            } catch (UntranslatableException e) {
                // It may yet begin anew.
            }
        }
        try {
            TranslatedRequest request = translate(target, provider, asksForUsage,
                    loop.calls().edits().clear(), promptTokens, false);
            if (prefills) {
                provider.onPrefillRefused(target.model()); // it was that, and nothing else
            }
            return request;
        } catch (UntranslatableException e) {
            refusal = refusal == null ? e : refusal;
            refused = refused == null ? target : refused;
            return null;
        }
    }

    private TranslatedRequest translate(TargetName target, Provider provider,
            boolean asksForUsage, BodyEdits edits, long promptTokens, boolean prefilled)
            throws UntranslatableException {
        ProviderFormat to = switch (provider.mainApi()) {
            case MESSAGES -> ProviderFormat.MESSAGES;
            case GEMINI -> ProviderFormat.GEMINI;
            case CONVERSE -> ProviderFormat.CONVERSE;
            default -> ProviderFormat.CHAT;
        };
        String modelName = target.model();
        ProviderTypeException impediment = null;
        try {
            modelName = provider.modelName(target.model());
        } catch (ProviderTypeException e) {
            impediment = e; // the attempt will fail by it
        }
        boolean stream = call.isStream();
        TranslationOptions options = TranslationOptions.of(target.model(), stream)
                .withModel(modelName).withAskUsage(asksForUsage).withDialect(provider.dialect());
        ByteBuf whole = call.bodyToTranslate(edits, target.model());
        Recalled recalled = null;
        try {
            recalled = recall(whole);
            Translated translated = loop.requestTranslator().translate(call.endpoint().asked(), to,
                    recalled == null ? whole : recalled.body(), options, allocator);
            return new TranslatedRequest(call, provider, modelName, translated, recalled,
                    promptTokens, prefilled, impediment, loop.calls().bodyMemory());
        } finally {
            if (recalled != null) {
                recalled.body().release();
            }
            whole.release();
        }
    }

    /** The body with what it refers to in place; null where the format has no references. */
    private Recalled recall(ByteBuf whole) {
        return call.endpoint().asked() != ClientFormat.RESPONSES ? null
                : loop.requestTranslator().recall(loop.responseMemory(), call.callersAccount(),
                        whole, allocator);
    }

    /** Why no target could be asked; null if none was refused. */
    Failure refusal() {
        if (refusal != null) {
            Failure.Kind kind = switch (refusal.code()) {
                case UntranslatableException.UNSUPPORTED_PARAMETER ->
                        Failure.Kind.UNSUPPORTED_PARAMETER;
                case UntranslatableException.INVALID_JSON -> Failure.Kind.INVALID_JSON;
                default -> Failure.Kind.BAD_REQUEST;
            };
            return new Failure(kind, refusal.getMessage(), refusal.param(), null,
                    refusal.subcode());
        }
        return refused == null ? null : new Failure(Failure.Kind.UNSUPPORTED_PARAMETER,
                "No provider of this model has the endpoint " + call.endpoint().path() + ".",
                null, null);
    }
}
