package io.penstock.translate;

/**
 * Tokens that a provider reported for one reply; {@code prompt} includes {@code cached} and {@code
 * cacheWrite}, {@code completion} includes {@code reasoning}, whatever the provider's own format
 * counts in.
 */
public record ReplyUsage(long prompt, long completion, long cached, long cacheWrite,
        long reasoning) {
    public long total() {
        return prompt + completion;
    }

    /** The part of the prompt that came from no cache and went into none. */
    long uncached() {
        return Math.max(0, prompt - cached - cacheWrite);
    }
}
