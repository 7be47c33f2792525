package io.penstock.provider;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Anthropic, which speaks messages. */
final class AnthropicType implements ProviderType {
    @Override
    public String configName() {
        return "anthropic";
    }

    @Override
    public String defaultBaseUrl() {
        return "https://api.anthropic.com/v1";
    }

    @Override
    public String defaultKeyEnv() {
        return "ANTHROPIC_API_KEY";
    }

    @Override
    public Set<Api> apis(Site site) {
        return Set.of(Api.MESSAGES, Api.COUNT_TOKENS);
    }

    @Override
    public @Nullable Authorization authorization(@Nullable String key, Site site) {
        return key == null ? null : Authorization.field("x-api-key", key);
    }

    @Override
    public boolean isLikeOpenAi() {
        return false;
    }

    @Override
    public boolean hasToBeAskedForUsage() {
        return false;
    }

    /** It counts by the minute for each model, though it calls that the organisation's limit. */
    @Override
    public boolean isLimitOfKey(int status, String body, String model) {
        return !body.contains("per minute") && ReplyVerdict.isLimitOfKey(body, model);
    }

    @Override
    public String toString() {
        return configName();
    }
}
