package io.penstock.translate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.netty.buffer.ByteBuf;
import io.penstock.testing.Bytes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ErrorReaderTest {
    private static ReplyError read(int status, byte[] body) {
        ByteBuf buffer = Bytes.buffer(body);
        try {
            return ErrorReader.read(Translated.loop(), status, buffer);
        } finally {
            buffer.release();
        }
    }

    private static ReplyError read(int status, String body) {
        return read(status, body.getBytes(StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @ValueSource(strings = {"anthropic-error-400", "anthropic-error-401", "anthropic-error-429",
        "anthropic-error-529", "azure-error-400-content-filter", "bedrock-error-429",
        "gemini-error-429", "openai-error-400-context", "openai-error-401",
        "openai-error-429-quota", "openai-error-429-rate", "openai-error-500",
        "xai-error-400-key"})
    void knowsEveryProvidersErrors(String name) throws IOException {
        JsonNode sidecar = new ObjectMapper().readTree(Bytes.fixture(name + ".meta.json"));

        ReplyError error = read(sidecar.get("status").asInt(), Bytes.fixture(name + ".json"));

        assertThat(error.kind().name().toLowerCase(Locale.ROOT))
                .isEqualTo(sidecar.at("/expect/kind").asText());
        assertThat(error.message()).isNotBlank().doesNotContain("{");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            404 | {"error":"no such model"} | NOT_FOUND | no such model
            429 | [{"error":{"message":"m","status":"RESOURCE_EXHAUSTED"}}] | RATE_LIMITED | m
            422 | {"detail":[{"type":"x","loc":["body"],"msg":"Extra"}]} | BAD_REQUEST | Extra
            401 | {"detail":"Unauthorized"} | BAD_KEY | Unauthorized
            500 | {"fault":{"faultstring":"edge","detail":{}}} | UPSTREAM_ERROR | edge
            400 | {"message":"Input is too long"} | CONTEXT_LENGTH | Input is too long
            502 | <html>Bad gateway</html> | UPSTREAM_ERROR | <html>Bad gateway</html>
            413 | Payload too large | TOO_LARGE | Payload too large
            200 | {"error":{"code":503,"message":"m"}} | OVERLOADED | m
            400 | {"object":"error","message":"m","type":"BadRequestError"} | BAD_REQUEST | m
            402 | {} | BAD_KEY | The provider failed without a word.
            """)
    void survivesEveryShape(int status, String body, ReplyError.Kind kind, String message) {
        ReplyError error = read(status, body);

        assertThat(error.kind()).isEqualTo(kind);
        assertThat(error.message()).isEqualTo(message);
    }

    @Test
    void boundsTheMessage() {
        assertThat(read(500, "x".repeat(100_000)).message())
                .hasSize(ReplyError.MAX_MESSAGE_CHARS);
        assertThat(read(500, "{\"error\":{\"message\":\"" + "x".repeat(100_000) + "\"}}").message())
                .hasSize(ReplyError.MAX_MESSAGE_CHARS);
    }

    @Test
    void survivesErrorsWithinErrors() {
        assertThat(read(500, "{\"error\":".repeat(50) + "1" + "}".repeat(50)).kind())
                .isEqualTo(ReplyError.Kind.UPSTREAM_ERROR);
    }

    @Test
    void hasAStatusForEveryCaller() {
        ReplyError overloaded = read(529, "{\"error\":{\"type\":\"overloaded_error\"}}");

        assertThat(overloaded.statusFor(ReplyFormat.MESSAGES)).isEqualTo(529);
        assertThat(overloaded.statusFor(ReplyFormat.CHAT)).isEqualTo(503);
    }
}
