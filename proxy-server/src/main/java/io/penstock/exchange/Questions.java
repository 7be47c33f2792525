package io.penstock.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.failure.Failure;
import io.penstock.provider.Prefill;
import io.penstock.route.Route.TargetName;
import io.penstock.translate.request.GeminiHistory;
import io.penstock.translate.request.ProviderFormat;
import io.penstock.translate.request.Translated;
import io.penstock.translate.request.TranslationOptions;
import io.penstock.translate.request.UntranslatableException;
import io.penstock.upstream.Provider;
import io.penstock.upstream.ProviderTypeException;

/**
 * In which words the targets of one exchange are asked. The caller's own go to whoever speaks its
 * format; for any other target the request is translated before it is chosen, so that one whose
 * format has no word for it is passed over like one that rests.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Buffers:</b> owns a question until it is {@linkplain #take taken}.
 */
final class Questions {
    private final ExchangeLoop loop;
    private final ByteBufAllocator allocator;
    private final RequestFields request;
    private final RequestControls controls;
    private final RequestBody body;

    private Endpoint endpoint;
    private TargetName preparedFor;
    private Question prepared; // null if that target is asked in the caller's own words
    private UntranslatableException refusal; // of the first target that could not be asked
    private TargetName refused;

    Questions(ExchangeLoop loop, ByteBufAllocator allocator, RequestFields request,
            RequestControls controls, RequestBody body) {
        this.loop = loop;
        this.allocator = allocator;
        this.request = request;
        this.controls = controls;
        this.body = body;
    }

    /** Begins with an exchange. */
    void begin(Endpoint endpoint) {
        this.endpoint = endpoint;
        refusal = null;
        refused = null;
    }

    /**
     * Finds words for a target; returns whether there are any.
     *
     * @param asksForUsage whether the target may be asked to tell a stream's usage
     * @param continuation what the target should go on from; null for nothing
     * @param passedTokens how many that may have come to
     */
    boolean prepare(TargetName target, Provider provider, boolean asksForUsage,
            Continuation continuation, long passedTokens) {
        release();
        preparedFor = target;
        if (provider.speaks(endpoint.api()) && !isReframed()) {
            return true;
        }
        if (endpoint.asked() == null) {
            refused = refused == null ? target : refused;
            return false;
        }
        boolean prefills = continuation != null && provider.takesPrefill(target.model());
        if (prefills) {
            BodyEdits edits = loop.edits().clear();
            request.goOn(edits, continuation.text().stripTrailing(),
                    Prefill.PLAIN, passedTokens);
            try {
                prepared = translate(target, provider, asksForUsage, edits, true);
                return true;
            } catch (UntranslatableException e) {
                prepared = null; // it may yet begin anew
            }
        }
        try {
            prepared = translate(target, provider, asksForUsage, loop.edits().clear(), false);
            if (prefills) {
                provider.onPrefillRefused(target.model()); // it was that, and nothing else
            }
            return true;
        } catch (UntranslatableException e) {
            refusal = refusal == null ? e : refusal;
            refused = refused == null ? target : refused;
            return false;
        }
    }

    /**
     * Whether a Gemini request can't go to Google as it is, or its reply not to the caller: a
     * stream is always asked for as events, and signatures that others made are no good there.
     */
    private boolean isReframed() {
        if (endpoint != Endpoint.GEMINI || request.isArray()) {
            return endpoint == Endpoint.GEMINI;
        }
        ByteBuf whole = body.whole(allocator, loop.edits().clear());
        boolean mixed = GeminiHistory.isMixed(whole);
        whole.release();
        return mixed;
    }

    private Question translate(TargetName target, Provider provider, boolean asksForUsage,
            BodyEdits edits, boolean prefilled) throws UntranslatableException {
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
        TranslationOptions options = TranslationOptions.of(target.model(), request.isStream())
                .withModel(modelName).withAskUsage(asksForUsage).withDialect(provider.dialect());
        if (endpoint.takesModels()) {
            request.fit(edits, target.model(), false); // its list of models is no word of the format
        }
        controls.strip(edits);
        ByteBuf whole = body.whole(allocator, edits);
        try {
            Translated translated = loop.requestTranslator().translate(endpoint.asked(), to, whole,
                    options, allocator);
            return new Question(provider, modelName, request.isStream(), translated,
                    endpoint.format(), request.choices(), request.isArray(), prefilled, impediment,
                    loop.bodyMemory());
        } finally {
            whole.release();
        }
    }

    /** Whether words have been found for that target, and not yet taken. */
    boolean isPreparedFor(TargetName target) {
        return target.equals(preparedFor);
    }

    /** The words for the target prepared for; null for the caller's own. Gives it. */
    Question take() {
        Question taken = prepared;
        prepared = null;
        preparedFor = null;
        return taken;
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
            return new Failure(kind, refusal.getMessage(), refusal.param(), null);
        }
        return refused == null ? null : new Failure(Failure.Kind.UNSUPPORTED_PARAMETER,
                "No provider of this model has the endpoint " + endpoint.path() + ".", null, null);
    }

    /** Lets go of what was prepared; harmless if nothing was. */
    void release() {
        if (prepared != null) {
            prepared.release();
            prepared = null;
        }
        preparedFor = null;
    }
}
