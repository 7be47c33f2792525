package io.penstock.provider;

import static io.penstock.provider.ChatDialect.Can.*;

import java.util.Set;

/**
 * Google's Gemini, which imitates OpenAI below {@code /openai} and speaks generateContent beside
 * it, and wants its key in another field there.
 */
final class GeminiType implements ProviderType {
    private static final ChatDialect DIALECT = ChatDialect.of(STREAM_OPTIONS, JSON_SCHEMA,
            TEXT_PARTS, PENALTIES, MANY_ANSWERS, NAMED_EFFORT, SIGNATURES_BACK);
    private static final String RESOURCE = "models/";

    @Override
    public String configName() {
        return "gemini";
    }

    @Override
    public String defaultBaseUrl() {
        return "https://generativelanguage.googleapis.com/v1beta/openai";
    }

    @Override
    public String defaultKeyEnv() {
        return "GEMINI_API_KEY";
    }

    private static boolean isImitation(Site site) {
        return site.path().contains("/openai");
    }

    @Override
    public Set<Api> apis(Site site) {
        return isImitation(site) ? Set.of(Api.CHAT, Api.EMBEDDINGS) : Set.of(Api.GEMINI);
    }

    /** The path has the name's last part only. */
    @Override
    public String modelName(String model, Site site) {
        return model.startsWith(RESOURCE) && !isImitation(site)
                ? model.substring(RESOURCE.length()) : model;
    }

    @Override
    public Authorization authorization(String key, Site site) {
        return authorization(key, isImitation(site));
    }

    @Override
    public Authorization authorization(String key, Site site, String path) {
        return authorization(key, path.contains("/openai/"));
    }

    private static Authorization authorization(String key, boolean imitation) {
        return key == null ? null : imitation ? Authorization.bearer(key)
                : Authorization.field("x-goog-api-key", key);
    }

    @Override
    public boolean isLikeOpenAi() {
        return false;
    }

    @Override
    public ChatDialect dialect() {
        return DIALECT;
    }

    @Override
    public Prefill prefill() {
        return null;
    }

    @Override
    public String toString() {
        return configName();
    }
}
