package io.penstock.mock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Against signatures made elsewhere. */
class SignatureCheckTest {
    private static final Instant SIGNED = Instant.parse("2026-08-01T12:00:00Z");
    private static final String BODY =
            "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"Grüße\"}]}]}";
    private static final String PATH =
            "/model/us.anthropic.claude-sonnet-4-6-v1%3A0/converse-stream";

    private static SigningKey key(String token) {
        return new SigningKey("AKIDPENSTOCKFIXTURE",
                "penstock/fixture+secret+key/not+real0000", token, "us-east-1");
    }

    private static JsonBody vector(int index) throws Exception {
        return JsonBody.of(((List<?>) Shape.parse(
                Shape.fixture("bedrock-sigv4-vectors.json"))).get(index));
    }

    /** The head that the sample was signed with. */
    private static String head(JsonBody vector) {
        StringBuilder head = new StringBuilder("POST / HTTP/1.1\r\n"
                + "Host: bedrock-runtime.us-east-1.amazonaws.com\r\n"
                + "X-Amz-Date: 20260801T120000Z\r\nuser-agent: any\r\n");
        vector.object("headers_before").members().forEach((name, value) ->
                head.append(name).append(": ").append(value).append("\r\n"));
        if (vector.has("session_token")) {
            head.append("x-amz-security-token: ").append(vector.text("session_token"))
                    .append("\r\n");
        }
        return head + "authorization: " + vector.text("authorization") + "\r\n";
    }

    private static void check(String token, Instant now, String path, String head, String body)
            throws ProviderError {
        new SignatureCheck(key(token), InstantSource.fixed(now)).check("POST", path, "", head,
                body.getBytes(StandardCharsets.UTF_8));
    }

    private static ProviderError refusal(Instant now, String path, String head, String body) {
        ProviderError refusal = catchThrowableOfType(ProviderError.class,
                () -> check(null, now, path, head, body));
        assertThat(refusal).isNotNull();
        return refusal;
    }

    @Test
    void takesWhatOthersHaveSigned() throws Exception {
        for (int i = 0; i < 2; i++) {
            JsonBody vector = vector(i);
            String url = vector.text("url");
            check(vector.text("session_token"), SIGNED, url.substring(url.indexOf("/model")),
                    head(vector), vector.text("body"));
        }
    }

    @Test
    void takesAnyBearerKeyAndNothingUnsigned() throws Exception {
        check(null, SIGNED, PATH, "authorization: Bearer anything\r\n", "");
        assertThat(refusal(SIGNED, PATH, "host: x\r\n", ""))
                .hasMessageContaining("Missing Authentication Token");
    }

    @Test
    void refusesWhateverDiffersFromWhatWasSigned() throws Exception {
        String head = head(vector(0));
        check(null, SIGNED, PATH, head, BODY);
        for (ProviderError refused : List.of(
                refusal(SIGNED, PATH, head, BODY + " "),
                refusal(SIGNED, PATH.replace("%3A", ":"), head, BODY),
                refusal(SIGNED, PATH, head.replace("Host: ", "Host: x."), BODY),
                refusal(SIGNED, PATH, head.replace("application/json", "text/plain"), BODY),
                refusal(SIGNED, PATH, head.replace("T120000Z", "T120001Z"), BODY))) {
            assertThat(refused.status()).isEqualTo(403);
            assertThat(refused.reason()).isEqualTo(ProviderError.Reason.INVALID_SIGNATURE);
            assertThat(refused).hasMessageContaining("does not match");
        }
    }

    @Test
    void refusesOtherRegionsOtherCallersAndOldDates() throws Exception {
        String head = head(vector(0));
        assertThat(refusal(SIGNED, PATH, head.replace("/us-east-1/", "/eu-west-1/"), BODY))
                .hasMessageContaining("valid region");
        assertThat(refusal(SIGNED, PATH, head.replace("AKID", "AKIX"), BODY).reason())
                .isEqualTo(ProviderError.Reason.INVALID_KEY);
        Duration late = SignatureCheck.MAX_SKEW.plusSeconds(1);
        assertThat(refusal(SIGNED.plus(late), PATH, head, BODY)).hasMessageContaining("expired");
        check(null, SIGNED.minus(SignatureCheck.MAX_SKEW), PATH, head, BODY);
    }

    @Test
    void refusesATokenThatIsNotItsOwnOrNotSigned() throws Exception {
        JsonBody vector = vector(1);
        String path = vector.text("url").substring(vector.text("url").indexOf("/model"));
        assertThatThrownBy(() -> check("other", SIGNED, path, head(vector), "{}"))
                .isInstanceOf(ProviderError.class);
        assertThatThrownBy(() -> check(vector.text("session_token"), SIGNED, path,
                head(vector).replace("x-amz-security-token;", ""), "{}"))
                .hasMessageContaining("must be");
    }
}
