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
    public boolean hasToBeAskedForUsage() {
        return false;
    }

    /**
     * A quota is called a bad request, as is a model that can only be asked by an inference
     * profile.
     */
    @Override
    public ReplyVerdict judge(int status, String body) {
        if (status == 400 && body.contains("ServiceQuotaExceededException")) {
            return ReplyVerdict.RATE_LIMITED;
        }
        return status == 400 && body.contains("on-demand throughput") ? ReplyVerdict.FAULTY
                : ReplyVerdict.of(status, body);
    }

    @Override
    public String toString() {
        return configName();
    }
}
