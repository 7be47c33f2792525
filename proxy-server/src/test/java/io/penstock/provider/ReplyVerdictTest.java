package io.penstock.provider;

import static io.penstock.provider.ReplyVerdict.BAD_KEY;
import static io.penstock.provider.ReplyVerdict.CALLERS_FAULT;
import static io.penstock.provider.ReplyVerdict.CONTEXT_LENGTH;
import static io.penstock.provider.ReplyVerdict.FAULTY;
import static io.penstock.provider.ReplyVerdict.GOOD;
import static io.penstock.provider.ReplyVerdict.RATE_LIMITED;
import static io.penstock.provider.ReplyVerdict.TRANSIENT;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.Bytes;
import io.penstock.testing.TypeByName;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.converter.ConvertWith;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReplyVerdictTest {
    private static ReplyVerdict of(int status, String body) {
        return ReplyVerdict.of(status, body);
    }

    @Test
    void judgesEveryStatus() {
        Set<Integer> faulty = Set.of(404, 408, 409, 424, 498);
        for (int status = 200; status < 600; status++) {
            ReplyVerdict expected = status < 300 ? GOOD
                    : status == 401 || status == 402 || status == 403 ? BAD_KEY
                    : status == 429 ? RATE_LIMITED
                    : status == 500 || status == 502 ? TRANSIENT
                    : faulty.contains(status) || status < 400 || status >= 500 ? FAULTY
                    : CALLERS_FAULT;
            assertThat(of(status, "{}")).as("status " + status).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "openai, 400, openai-error-400-context.json, CONTEXT_LENGTH",
        "openai, 401, openai-error-401.json, BAD_KEY",
        "openai, 429, openai-error-429-rate.json, RATE_LIMITED",
        "openai, 429, openai-error-429-quota.json, RATE_LIMITED",
        "openai, 500, openai-error-500.json, TRANSIENT",
        "anthropic, 400, anthropic-error-400.json, CALLERS_FAULT",
        "anthropic, 401, anthropic-error-401.json, BAD_KEY",
        "anthropic, 429, anthropic-error-429.json, RATE_LIMITED",
        "anthropic, 529, anthropic-error-529.json, FAULTY",
        "azure, 400, azure-error-400-content-filter.json, CALLERS_FAULT",
        "bedrock, 429, bedrock-error-429.json, RATE_LIMITED",
        "gemini, 429, gemini-error-429.json, RATE_LIMITED",
        "xai, 400, xai-error-400-key.json, BAD_KEY",
    })
    void judgesEveryProvidersError(@ConvertWith(TypeByName.class) ProviderType type, int status,
            String fixture, ReplyVerdict expected) {
        String body = new String(Bytes.fixture(fixture), StandardCharsets.UTF_8);

        assertThat(type.judge(status, body)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"code\":\"context_length_exceeded\"}",
        "This model's Maximum Context length is 8192 tokens", "prompt is too long: 210000 tokens",
        "Input is too long for requested model.", "exceeds the maximum number of tokens allowed",
        "Please reduce the length of the messages", "exceeds the context window"})
    void knowsAPromptThatIsTooLong(String body) {
        assertThat(of(400, body)).isEqualTo(CONTEXT_LENGTH);
        assertThat(of(422, body)).isEqualTo(CONTEXT_LENGTH);
        assertThat(of(413, body)).isEqualTo(CONTEXT_LENGTH);
        assertThat(ProviderTypes.TOGETHER.judge(403, body)).isEqualTo(CONTEXT_LENGTH);
        assertThat(of(403, body)).isEqualTo(BAD_KEY);
        assertThat(of(404, body)).isEqualTo(FAULTY);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Incorrect API key provided", "invalid api key", "API_KEY_INVALID",
        "API key not valid. Please pass a valid API key.", "Your credit balance is too low"})
    void knowsABadKeyThatIsCalledABadRequest(String body) {
        assertThat(of(400, body)).isEqualTo(BAD_KEY);
        assertThat(of(422, body)).isEqualTo(CALLERS_FAULT);
    }

    @Test
    void knowsGroqsLimitThatIsCalledTooLarge() {
        String body = "{\"error\":{\"code\":\"rate_limit_exceeded\"}}";
        assertThat(ProviderTypes.GROQ.judge(413, body)).isEqualTo(RATE_LIMITED);
        assertThat(of(413, body)).isEqualTo(CALLERS_FAULT);
    }

    @Test
    void knowsALimitThatNoWaitingMends() {
        assertThat(ReplyVerdict.isQuotaSpent("{\"code\":\"insufficient_quota\"}")).isTrue();
        assertThat(ReplyVerdict.isQuotaSpent("{\"code\":\"rate_limit_exceeded\"}")).isFalse();
        assertThat(ReplyVerdict.isQuotaSpent("Request too large for model")).isFalse();
    }

    @Test
    void knowsARequestThatNeverFits() {
        assertThat(ReplyVerdict.isTooLarge("Request too large for model")).isTrue();
        assertThat(ReplyVerdict.isTooLarge("{\"code\":\"rate_limit_exceeded\"}")).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "groq, 400, '{\"error\":{\"code\":\"tool_use_failed\"}}', TRANSIENT",
        "openai, 400, '{\"error\":{\"code\":\"tool_use_failed\"}}', CALLERS_FAULT",
        "openrouter, 403, '{\"error\":{\"message\":\"Your input was flagged\"}}', CALLERS_FAULT",
        "openrouter, 403, '{\"error\":{\"message\":\"Key limit exceeded\"}}', BAD_KEY",
        "gemini, 400, '{\"error\":{\"status\":\"FAILED_PRECONDITION\"}}', BAD_KEY",
        "gemini, 400, '{\"error\":{\"status\":\"INVALID_ARGUMENT\"}}', CALLERS_FAULT",
        "gemini, 400, '{\"error\":{\"message\":\"API key not valid.\"}}', BAD_KEY",
        "bedrock, 400, '{\"__type\":\"ServiceQuotaExceededException\"}', RATE_LIMITED",
        "bedrock, 400, 'Invocation of model ID m with on-demand throughput isn’t supported', "
            + "FAULTY",
        "bedrock, 424, '{\"message\":\"model error\"}', FAULTY",
        "bedrock, 400, 'Input is too long for requested model.', CONTEXT_LENGTH",
        "deepseek, 402, '{\"error\":{\"message\":\"Insufficient Balance\"}}', BAD_KEY",
        "mistral, 422, '{\"detail\":[{\"type\":\"extra_forbidden\"}]}', UNKNOWN_FIELD",
        "openai, 400, 'Unrecognized request argument supplied: top_k', UNKNOWN_FIELD",
        "openai, 400, '{\"error\":{\"code\":\"unsupported_value\"}}', UNKNOWN_FIELD",
        "openai, 400, 'Unsupported value: the image is unsupported', CALLERS_FAULT",
        "groq, 400, 'property ''store'' is unsupported', UNKNOWN_FIELD",
        "fireworks, 400, 'Extra inputs are not permitted, field: x', UNKNOWN_FIELD",
        "anthropic, 400, 'context_management: Extra inputs are not permitted', UNKNOWN_FIELD",
        "anthropic, 400, 'You have reached your specified API usage limits.', BAD_KEY",
        "azure, 404, '{\"error\":{\"code\":\"DeploymentNotFound\"}}', FAULTY",
        "anthropic, 400, 'Your credit balance is too low to access the API', BAD_KEY",
    })
    void knowsWhatEachProviderHasItsOwnWordsFor(@ConvertWith(TypeByName.class) ProviderType type,
            int status, String body, ReplyVerdict expected) {
        assertThat(type.judge(status, body)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {
        "openai; Rate limit reached for organization org-1 on requests per day; true",
        "openai; Rate limit reached for gpt-4o in organization org-1 on tokens per min; false",
        "openai; Rate limit reached for big in org-1. Visit https://x.io/account/limits; false",
        "openai; Too many requests for this account; true",
        "openai; Too many requests with this API key; true",
        "openai; Your organisation has sent too many requests; true",
        "openai; Too many requests. See https://platform.openai.com/account/limits; false",
        "openai; The account limit of the model is reached; false",
        "openai; Account limit of big reached; false",
        "openai; slow down; false",
        "mistral; Requests rate limit exceeded; false",
        "groq; Rate limit reached for model `x` in organization `o` on tokens per minute; false",
        "openrouter; Key limit exceeded (daily limit); true",
        "anthropic; would exceed the rate limit for your organization of 50 tokens per minute; "
            + "false",
        "anthropic; Your account is over its concurrent connections; true",
    })
    void knowsALimitOfTheWholeKey(@ConvertWith(TypeByName.class) ProviderType type, String body,
            boolean ofKey) {
        assertThat(type.isLimitOfKey(429, body, "big")).isEqualTo(ofKey);
    }

    @ParameterizedTest
    @ValueSource(strings = {"X-RateLimit-Reset\":\"4102444800000\"", "Retry-After\": 864000"})
    void readsTheWaitThatOpenRouterQuotes(String field) {
        assertThat(ProviderTypes.OPENROUTER.retryAfter(429, "{\"error\":{\"code\":429,\"metadata\":"
                + "{\"headers\":{\"X-RateLimit-Remaining\":\"0\",\"" + field + "}}}}"))
                .isGreaterThan(Duration.ofDays(9));
        assertThat(ProviderTypes.OPENROUTER.retryAfter(429, "{\"error\":{}}")).isNull();
    }

    @Test
    void knowsTheFieldThatGeminiDoesNotKnow() {
        assertThat(of(400, "Invalid JSON payload received. Unknown name \\\"x\\\": no field"))
                .isEqualTo(ReplyVerdict.UNKNOWN_FIELD);
    }

    @Test
    void takesTheSamplesForLimitsOfAModel() {
        for (String fixture : Set.of("openai-error-429-rate.json", "anthropic-error-429.json",
                "gemini-error-429.json", "bedrock-error-429.json")) {
            String body = new String(Bytes.fixture(fixture), StandardCharsets.UTF_8);
            ProviderType type = fixture.startsWith("anthropic") ? ProviderTypes.ANTHROPIC
                    : ProviderTypes.OPENAI;
            assertThat(type.isLimitOfKey(429, body, "any")).as(fixture).isFalse();
        }
    }

    @Test
    void whatAnyCallerCanBringAboutCountsAgainstNoModel() {
        assertThat(FAULTY.isProvidersFault(503)).isTrue();
        assertThat(TRANSIENT.isProvidersFault(500)).isTrue();
        assertThat(FAULTY.isProvidersFault(404)).isFalse();
        assertThat(FAULTY.isProvidersFault(400)).isFalse();
        assertThat(TRANSIENT.isProvidersFault(400)).isFalse();
        assertThat(RATE_LIMITED.isProvidersFault(429)).isFalse();
        assertThat(ReplyVerdict.UNKNOWN_FIELD.isProvidersFault(422)).isFalse();
    }
}
