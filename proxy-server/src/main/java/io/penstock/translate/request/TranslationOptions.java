package io.penstock.translate.request;

import io.penstock.provider.ChatDialect;
import io.penstock.provider.ProviderTypes;

/**
 * What a translation needs to know of the target.
 *
 * <p><b>Thread:</b> immutable.
 *
 * @param model the provider's name for the model
 * @param stream whether the reply shall be a stream
 * @param askUsage whether a stream shall tell its usage, where a provider has to be asked
 * @param defaultMaxTokens for providers that want a bound, where the caller gave none; 0 for what
 *     suits the model
 * @param imageUrls whether the provider fetches images and files that Anthropic's format names by
 *     URL (Anthropic itself does, Vertex does not)
 */
public record TranslationOptions(String model, boolean stream, boolean askUsage,
        int defaultMaxTokens, boolean imageUrls, ModelTraits traits, ChatDialect dialect) {

    /** With the traits that the table has for the model, in OpenAI's dialect. */
    public static TranslationOptions of(String model, boolean stream) {
        return new TranslationOptions(model, stream, stream, 0, true, ModelTraits.of(model),
                ProviderTypes.OPENAI.dialect());
    }

    public TranslationOptions withDialect(ChatDialect other) {
        return new TranslationOptions(model, stream, askUsage, defaultMaxTokens, imageUrls,
                traits, other);
    }

    /** The provider calls the model something else, which has the same traits. */
    public TranslationOptions withModel(String name) {
        return new TranslationOptions(name, stream, askUsage, defaultMaxTokens, imageUrls,
                traits, dialect);
    }

    public TranslationOptions withTraits(ModelTraits other) {
        return new TranslationOptions(model, stream, askUsage, defaultMaxTokens, imageUrls,
                other, dialect);
    }

    public TranslationOptions withDefaultMaxTokens(int tokens) {
        return new TranslationOptions(model, stream, askUsage, tokens, imageUrls, traits,
                dialect);
    }

    public TranslationOptions withAskUsage(boolean ask) {
        return new TranslationOptions(model, stream, ask, defaultMaxTokens, imageUrls, traits,
                dialect);
    }

    public TranslationOptions withImageUrls(boolean fetches) {
        return new TranslationOptions(model, stream, askUsage, defaultMaxTokens, fetches, traits,
                dialect);
    }
}
