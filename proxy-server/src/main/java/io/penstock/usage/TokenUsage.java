package io.penstock.usage;

/**
 * Tokens of one reply as the provider reported them; {@code prompt} includes {@code cached}, {@code
 * completion} includes {@code reasoning}.
 */
public record TokenUsage(long prompt, long completion, long cached, long reasoning) {}
