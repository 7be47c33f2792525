package io.penstock.usage;

/**
 * Tokens of one reply; {@code prompt} includes {@code cached}, {@code completion} includes {@code
 * reasoning}.
 *
 * @param estimated counted here from what passed, since the provider reported nothing
 */
public record TokenUsage(long prompt, long completion, long cached, long reasoning,
        boolean estimated) {
    /** As the provider reported it. */
    public TokenUsage(long prompt, long completion, long cached, long reasoning) {
        this(prompt, completion, cached, reasoning, false);
    }

    /** Both together; estimated if one of them is. */
    public TokenUsage plus(TokenUsage other) {
        return new TokenUsage(prompt + other.prompt, completion + other.completion,
                cached + other.cached, reasoning + other.reasoning, estimated || other.estimated);
    }

    public long total() {
        return prompt + completion;
    }
}
