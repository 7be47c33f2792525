package io.penstock.provider;

import java.util.Set;

/** AWS Bedrock, which speaks Converse, and imitates OpenAI below {@code /openai}. */
final class BedrockType implements ProviderType {
    @Override
    public String configName() {
        return "bedrock";
    }

    @Override
    public String defaultKeyEnv() {
        return "AWS_BEARER_TOKEN_BEDROCK";
    }

    @Override
    public Set<Api> apis(Site site) {
        return Set.of(site.path().contains("/openai") ? Api.CHAT : Api.CONVERSE);
    }

    @Override
    public boolean isLikeOpenAi() {
        return false;
    }

    @Override
    public String toString() {
        return configName();
    }
}
