package io.penstock.translate.request;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.translate.request.ModelTraits.Thinking;
import io.penstock.translate.request.ModelTraits.Trait;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelTraitsTest {
    @ParameterizedTest
    @CsvSource({
        "claude-sonnet-4-6, ADAPTIVE, 64000", "claude-opus-4-6, ADAPTIVE, 128000",
        "claude-opus-4-8, ADAPTIVE, 128000", "claude-opus-5-5, ADAPTIVE, 0",
        "claude-haiku-4-5-20251001, BUDGET, 64000", "claude-opus-4-1, BUDGET, 32000",
        "claude-opus-4-20250514, BUDGET, 32000", "claude-sonnet-4@20250514, BUDGET, 64000",
        "claude-3-7-sonnet-latest, BUDGET, 64000", "claude-3-haiku-20240307, NONE, 4096",
        "claude-something-9, ADAPTIVE, 0",
        "us.anthropic.claude-sonnet-4-6-v1:0, ADAPTIVE, 64000",
        "anthropic/claude-sonnet-4.6, ADAPTIVE, 64000",
        "gemini-2.5-pro, BUDGET, 65536", "models/gemini-3-flash, LEVEL, 65536",
        "gemini-2.0-flash, NONE, 8192", "gpt-4o, NONE, 16384", "gpt-5-mini, EFFORT, 0",
        "openai/gpt-5.2-codex, EFFORT, 0", "gpt-5-chat-latest, NONE, 0", "o4-mini, EFFORT, 0",
        "grok-3-mini, EFFORT, 0", "grok-4-fast-non-reasoning, NONE, 0",
        "unheard-of, NONE, 0"})
    void findsAModelsRow(String model, Thinking thinking, int maxOutputTokens) {
        ModelTraits traits = ModelTraits.of(model);

        assertThat(traits.thinking()).isEqualTo(thinking);
        assertThat(traits.maxOutputTokens()).isEqualTo(maxOutputTokens);
    }

    @ParameterizedTest
    @CsvSource({
        "claude-opus-4-7, REFUSES_SAMPLING, true", "claude-sonnet-4-6, REFUSES_SAMPLING, false",
        "claude-sonnet-4-6, REFUSES_PREFILL, true", "claude-sonnet-4-5, REFUSES_PREFILL, false",
        "claude-opus-4-8, TAKES_SYSTEM_IN_MESSAGES, true",
        "claude-opus-4-7, TAKES_SYSTEM_IN_MESSAGES, false",
        "claude-fable-5-1, ALWAYS_THINKS, true", "claude-opus-5, ALWAYS_THINKS, false",
        "claude-haiku-4-5, TAKES_JSON_SCHEMA, true", "claude-opus-4-1, TAKES_JSON_SCHEMA, false",
        "gemini-3-pro, NEEDS_THOUGHT_SIGNATURES, true",
        "gemini-2.5-pro, NEEDS_THOUGHT_SIGNATURES, false",
        "grok-4, REFUSES_STOP, true", "grok-4-fast-non-reasoning, REFUSES_STOP, false",
        "gpt-5, TAKES_EFFORT_NONE, false", "gpt-5-2025-08-07, TAKES_EFFORT_NONE, false",
        "gpt-5.1, TAKES_EFFORT_NONE, true", "gpt-5.4, TAKES_EFFORT_ABOVE_HIGH, true"})
    void knowsHowModelsDiffer(String model, Trait trait, boolean has) {
        assertThat(ModelTraits.of(model).is(trait)).isEqualTo(has);
    }

    @Test
    void takesANameWithoutEndForNone() {
        assertThat(ModelTraits.of("claude-" + "-4-5".repeat(10_000)).thinking())
                .isEqualTo(Thinking.NONE);
    }
}
