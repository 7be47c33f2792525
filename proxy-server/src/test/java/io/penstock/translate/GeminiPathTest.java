package io.penstock.translate;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.translate.GeminiPath.Method;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GeminiPathTest {
    @ParameterizedTest
    @CsvSource({
        "/v1beta/models/gemini-2.5-flash, gemini-2.5-flash",
        "/v1/models/gemini-2.5-flash, gemini-2.5-flash",
        "/v1alpha/models/smart, smart",
        "/v1beta/models/openai/gpt-4o, openai/gpt-4o",
        "/v1beta/models/openai%2Fgpt-4o, openai/gpt-4o",
        "/v1beta/models%2Fsmart, smart",
        "/v1beta/models/llama3:8b, llama3:8b",
        "/v1beta/models/llama3%3A8b, llama3:8b",
        "/v1beta/models/a+b%20c%C3%A9, a+b c\u00e9",
        "/v1beta/models/100%, 100%",
        "/v1beta/tunedModels/mine-1, tunedModels/mine-1",
        "/v1beta/models/tunedModels/mine-1, tunedModels/mine-1",
        "/v1beta1/publishers/google/models/gemini-3-pro, gemini-3-pro",
        "/v1beta1/publishers/anthropic/models/claude-sonnet-4-6, anthropic/claude-sonnet-4-6",
        "/v1beta/models/publishers/google/models/gemini-3-pro, gemini-3-pro",
        "/v1beta1/projects/p-1/locations/us-east1/publishers/google/models/gemini-3-pro,"
            + " gemini-3-pro",
        "/v1beta1/projects/p-1/locations/global/endpoints/123, endpoints/123"})
    void namesTheModel(String path, String model) {
        assertThat(GeminiPath.of(path + ":generateContent", ""))
                .isEqualTo(new GeminiPath(Method.GENERATE, model, false));
        assertThat(GeminiPath.of(path + ":countTokens", ""))
                .isEqualTo(new GeminiPath(Method.COUNT_TOKENS, model, false));
        assertThat(GeminiPath.of(path + ":streamGenerateContent", "?alt=sse"))
                .isEqualTo(new GeminiPath(Method.STREAM, model, true));
    }

    @ParameterizedTest
    @CsvSource({"?alt=sse, true", "?key=a&alt=sse, true", "?$alt=sse&x=1, true",
        "?%24alt=sse, true", "'', false", "?alt=json, false", "?alt=ssed, false",
        "?salt=sse, false"})
    void saysWhetherTheStreamIsOneOfEvents(String query, boolean events) {
        assertThat(GeminiPath.of("/v1beta/models/m:streamGenerateContent", query))
                .isEqualTo(new GeminiPath(Method.STREAM, "m", events));
    }

    @Test
    void takesACodedColonForOne() {
        assertThat(GeminiPath.of("/v1beta/models/m%3AgenerateContent", ""))
                .isEqualTo(new GeminiPath(Method.GENERATE, "m", false));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/v1/chat/completions", "/v1/models/m", "/v1beta/models",
        "/v1beta/models/m", "/v1beta/models/m:embedContent", "/v1beta/models/:generateContent",
        "/v1beta/models/%20:generateContent", "/models/m:generateContent",
        "/v1beta/files/m:generateContent", "/v1beta/publishers/google/models/:generateContent",
        "/v1beta/projects/p/publishers/google/models/m:generateContent",
        "/v1beta/models/m:GenerateContent", "/v2/models/m:generateContent"})
    void isNoneForOtherPaths(String path) {
        assertThat(GeminiPath.of(path, "")).isNull();
    }

    @Test
    void knowsGooglesVersions() {
        assertThat(GeminiPath.isGoogles("/v1beta/models/m:embedContent")).isTrue();
        assertThat(GeminiPath.isGoogles("/v1beta1/x")).isTrue();
        assertThat(GeminiPath.isGoogles("/v1/models")).isFalse();
    }
}
