package io.penstock.translate;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.penstock.provider.ReplyVerdict;
import io.penstock.testing.Bytes;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What providers say of a prompt that is too long, and what Anthropic's clients look for. */
class ContextLengthTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            prompt is too long: 215000 tokens > 200000 maximum
            The model returned the following errors: prompt is too long: 215000 tokens > \
            200000 maximum
            This model's maximum context length is 200000 tokens. However, your messages \
            resulted in 215000 tokens. Please reduce the length of the messages.
            This model's maximum context length is 200,000 tokens. However, you requested \
            220000 tokens (215,000 in the messages, 5000 in the completion). Please reduce the \
            length of the messages or completion.
            This model's maximum context length is 200000 tokens, however you requested 220000 \
            tokens (215000 in your prompt; 5000 for the completion).
            Input tokens exceed the configured limit of 200000 tokens. Your messages resulted \
            in 215000 tokens. Please reduce the length of the messages.
            This endpoint's maximum context length is 200000 tokens. However, you requested \
            about 220000 tokens (215000 of text input, 5000 in the output).
            This model's maximum context length is 200000 tokens. However, you requested \
            215000 tokens.
            The input token count (215000) exceeds the maximum number of tokens allowed (200000).
            Unable to submit request because the input token count is 215000 but model only \
            supports up to 200000. Reduce the input token count and try again.
            Prompt contains 215000 tokens and 0 draft tokens, too large for model with 200000 \
            maximum context length
            You passed 215000 input tokens and requested 100 output tokens. However, the \
            model's context length is only 200000 tokens, resulting in a maximum input length \
            of 199900 tokens.
            The decoder prompt (length 215000) is longer than the maximum model length of 200000.
            the request (215000 tokens) exceeds the available context size (200000 tokens), \
            try increasing it
            Please reduce the length of the messages or completion. Current length is 215000 \
            while limit is 200000
            This model's maximum prompt length is 200000 but the request contains 215000 tokens.
            Input validation error: `inputs` tokens + `max_new_tokens` must be <= 200000. \
            Given: 215000 `inputs` tokens and 512 `max_new_tokens`
            The prompt is too long: 215000, model maximum context length: 200000
            Too many input tokens. Max input tokens: 200000, request input token count: 215000
            too many tokens: total number of tokens in the prompt cannot exceed 200000 - \
            received 215000.
            """)
    void figuresAreTold(String message) {
        assertThat(ReplyVerdict.isTooLong(message)).isTrue();
        assertThat(ContextLength.forAnthropic(message))
                .isEqualTo("prompt is too long: 215000 tokens > 200000 maximum");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Input is too long for requested model.",
        "Please reduce the length of the messages or completion.",
        "Your input exceeds the context window of this model. Please adjust your input.",
        "input length and `max_tokens` exceed context limit: 190000 + 21333 > 200000, decrease"
            + " input length or `max_tokens` and try again"})
    void otherWordsStandBehindThem(String message) {
        assertThat(ReplyVerdict.isTooLong(message)).isTrue();
        assertThat(ContextLength.forAnthropic(message))
                .isEqualTo("prompt is too long: " + message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Request too large for model `m` on tokens per minute (TPM): Limit "
        + "6000, Requested 7000, please reduce your message size and try again.",
        "max_tokens: 9000 > 8192, which is the maximum allowed number of output tokens",
        "Extra inputs are not permitted"})
    void otherFaultsAreNone(String message) {
        assertThat(ReplyVerdict.isTooLong(message)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"error\":{\"message\":\"the prompt is too long\",\"type\":\"e\"}}",
        "{\"message\":\"prompt is too long\"}"})
    void oneProviderCallsItForbidden(String body) {
        ByteBuf buffer = Bytes.buffer(body);
        try {
            ReplyError error = ErrorReader.read(Translated.loop(), 403, buffer);
            assertThat(error.kind()).isEqualTo(ReplyError.Kind.CONTEXT_LENGTH);
            assertThat(ErrorBody.of(ReplyFormat.MESSAGES, error))
                    .contains("\"type\":\"invalid_request_error\",\"message\":"
                            + "\"prompt is too long");
            assertThat(ErrorBody.of(ReplyFormat.CHAT, error))
                    .contains("\"code\":\"context_length_exceeded\"");
        } finally {
            buffer.release();
        }
    }
}
