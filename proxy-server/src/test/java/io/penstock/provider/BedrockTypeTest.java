package io.penstock.provider;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.http.HeadWriter;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BedrockTypeTest {
    private static final InstantSource NOON =
            InstantSource.fixed(Instant.parse("2026-08-01T12:00:00Z"));
    private static final String URL = "https://bedrock-runtime.us-east-1.amazonaws.com";
    private static final Map<String, String> KEY = Map.of("access_key_id", "AKIDPENSTOCKFIXTURE",
            "secret_access_key", "penstock/fixture+secret+key/not+real0000");

    private final Map<String, String> environment = new HashMap<>();
    private final BedrockType type = new BedrockType(environment, NOON);

    private static Site site(String url, Map<String, String> options) {
        return new Site(URI.create(url), new Options(options, Map.of()));
    }

    private static RequestToSign request(List<ByteBuffer> body) {
        return new RequestToSign("POST", "bedrock-runtime.us-east-1.amazonaws.com",
                "/model/us.anthropic.claude-sonnet-4-6-v1%3A0/converse-stream", "", body);
    }

    private static List<ByteBuffer> pieces(String... texts) {
        return List.of(texts).stream().map(text ->
                ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8))).toList();
    }

    private String sign(Site site, List<ByteBuffer> body) throws Exception {
        HeadWriter out = new HeadWriter();
        ((Authorization.Signed) type.authorization(null, site)).signer()
                .sign(request(body), new FieldSink(out));
        return out.toString();
    }

    @Test
    void showsAKeyWhereThereIsOne() {
        assertThat(type.authorization("k", site(URL, KEY))).isInstanceOf(
                Authorization.Fixed.class);
    }

    @Test
    void signsTheWholeBodyInItsPieces() throws Exception {
        String whole = "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"Grüße\"}]}]}";
        String signed = sign(site(URL, KEY), pieces(whole));

        assertThat(signed).startsWith("x-amz-date: 20260801T120000Z\r\n")
                .contains("authorization: AWS4-HMAC-SHA256 Credential=AKIDPENSTOCKFIXTURE/20260801/"
                        + "us-east-1/bedrock/aws4_request, SignedHeaders=host;x-amz-date, "
                        + "Signature=")
                .doesNotContain("security-token");
        assertThat(sign(site(URL, KEY), pieces(whole.substring(0, 5), whole.substring(5))))
                .isEqualTo(signed);
        assertThat(sign(site(URL, KEY), pieces(whole + " "))).isNotEqualTo(signed);
    }

    @Test
    void signsNoBodyThatIsNotKnown() {
        assertThatThrownBy(() -> sign(site(URL, KEY), null))
                .isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void takesTheCredentialsOfTheEnvironment() throws Exception {
        environment.put("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT");
        environment.put("AWS_SECRET_ACCESS_KEY", "secret");
        environment.put("AWS_SESSION_TOKEN", "TOKEN==");

        assertThat(sign(site(URL, Map.of()), pieces("{}")))
                .contains("x-amz-security-token: TOKEN==\r\n", "Credential=AKIDENVIRONMENT/")
                .contains("SignedHeaders=host;x-amz-date;x-amz-security-token");
        assertThat(sign(site(URL, KEY), pieces("{}"))).contains("Credential=AKIDPENSTOCKFIXTURE/")
                .doesNotContain("security-token");
    }

    @ParameterizedTest
    @CsvSource({"bedrock-runtime.eu-west-1.amazonaws.com, eu-west-1",
        "bedrock-runtime-fips.us-gov-west-1.amazonaws.com, us-gov-west-1",
        "bedrock-runtime.cn-north-1.amazonaws.com.cn, cn-north-1",
        "vpce-0a1-b2c.bedrock-runtime.us-west-2.vpce.amazonaws.com, us-west-2",
        "bedrock-mantle.us-east-2.api.aws, us-east-2", "localhost, ap-south-1",
        "bedrock.example.com, ap-south-1"})
    void signsForTheRegionOfTheHostElseTheOneThatIsSaid(String host, String region) {
        assertThat(type.region(site("https://" + host, Map.of("region", "ap-south-1"))))
                .isEqualTo(region);
    }

    @Test
    void saysWhatIsMissing() {
        assertThatThrownBy(() -> type.authorization(null, site("http://localhost:1", KEY)))
                .hasMessageStartingWith("region: missing");
        assertThatThrownBy(() -> type.check(site(URL, Map.of("access_key_id", "A"))))
                .hasMessageStartingWith("secret_access_key: missing");
        assertThatThrownBy(() -> type.check(site(URL, Map.of("secret_access_key", "A"))))
                .hasMessageStartingWith("access_key_id: missing");
        assertThatThrownBy(() -> type.check(site(URL, Map.of("region", "us east"))))
                .hasMessageStartingWith("region: 'us east'");
        type.check(site(URL, KEY));
    }

    @ParameterizedTest
    @CsvSource({"400, ServiceQuotaExceededException, No more., RATE_LIMITED",
        "400, ValidationException:http://x/, Input is too long for requested model., "
                + "CONTEXT_LENGTH",
        "400, ValidationException, Invocation of model ID x with on-demand throughput isn’t "
                + "supported., FAULTY",
        "400, ValidationException, Malformed input request., CALLERS_FAULT",
        "403, AccessDeniedException, No., BAD_KEY", "404, ResourceNotFoundException, No., FAULTY",
        "408, ModelTimeoutException, Late., FAULTY", "424, ModelErrorException, No., FAULTY",
        "429, ThrottlingException, Slower., RATE_LIMITED"})
    void judgesByTheTypeInTheHead(int status, String kind, String message, ReplyVerdict verdict) {
        assertThat(type.judge(status, kind + "\n{\"message\":\"" + message + "\"}"))
                .isEqualTo(verdict);
    }

    @ParameterizedTest
    @CsvSource({"ExpiredTokenException:http://x/, true", "InvalidSignatureException, true",
        "UnrecognizedClientException, true", "AccessDeniedException, false"})
    void knowsWhatIsAboutItsCredentials(String kind, boolean about) {
        assertThat(BedrockType.isAboutCredentials(kind + "\n{\"message\":\"\"}"))
                .isEqualTo(about);
    }
}
