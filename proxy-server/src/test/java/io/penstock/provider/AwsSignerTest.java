package io.penstock.provider;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.penstock.provider.AwsSigner.Credentials;
import io.penstock.provider.AwsSigner.Signature;
import io.penstock.testing.Bytes;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class AwsSignerTest {
    private static final Instant NOON = Instant.parse("2026-08-01T12:00:00Z");
    private static final Credentials KEY = new Credentials("ID", "secret", null);

    private final AwsSigner signer = new AwsSigner("us-east-1", "bedrock");

    /** The vectors as flat maps; the fields before signing have "header " before their names. */
    private static List<Map<String, String>> vectors() throws IOException {
        List<Map<String, String>> vectors = new ArrayList<>();
        try (JsonParser parser = new JsonFactory()
                .createParser(Bytes.fixture("bedrock-sigv4-vectors.json"))) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.START_OBJECT) {
                Map<String, String> vector = new HashMap<>();
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    String name = parser.currentName();
                    if (parser.nextToken() == JsonToken.START_OBJECT) {
                        while (parser.nextToken() == JsonToken.FIELD_NAME) {
                            vector.put("header " + parser.currentName(),
                                    parser.nextTextValue());
                        }
                    } else {
                        vector.put(name, parser.getValueAsString());
                    }
                }
                vectors.add(vector);
            }
        }
        return vectors;
    }

    private static Map<String, String> fields(Map<String, String> vector) {
        Map<String, String> fields = new HashMap<>();
        vector.forEach((name, value) -> {
            if (name.startsWith("header ")) {
                fields.put(name.substring("header ".length()), value);
            }
        });
        return fields;
    }

    private Signature sign(Credentials credentials, Instant now, String path, String query,
            String body) {
        return signer.sign(credentials, now, "POST", "host", path, query, Map.of(),
                List.of(ByteBuffer.wrap(body.getBytes(StandardCharsets.UTF_8))));
    }

    @Test
    void signsAsAwsDoes() throws Exception {
        assertThat(vectors()).hasSize(2);
        for (Map<String, String> vector : vectors()) {
            URI url = URI.create(vector.get("url"));
            AwsSigner own = new AwsSigner(vector.get("region"), vector.get("service"));
            Credentials credentials = new Credentials(vector.get("access_key"),
                    vector.get("secret_key"), vector.get("session_token"));
            byte[] body = vector.get("body").getBytes(StandardCharsets.UTF_8);
            for (int size : Bytes.PIECE_SIZES) {
                List<ByteBuffer> pieces =
                        Bytes.pieces(body, size).stream().map(ByteBuffer::wrap).toList();

                Signature signature = own.sign(credentials, NOON, vector.get("method"),
                        url.getHost(), url.getRawPath(), "", fields(vector), pieces);

                assertThat(signature.authorization()).isEqualTo(vector.get("authorization"));
                assertThat(signature.date()).isEqualTo(vector.get("time"));
                assertThat(signature.securityToken()).isEqualTo(vector.get("session_token"));
            }
        }
    }

    @Test
    void buildsTheCanonicalRequestAndWhatIsSigned() throws Exception {
        for (Map<String, String> vector : vectors()) {
            URI url = URI.create(vector.get("url"));
            String expected = vector.get("canonical_request");
            Map<String, String> signed = new TreeMap<>(fields(vector));
            signed.put("host", url.getHost());
            signed.put("x-amz-date", vector.get("time"));
            if (vector.get("session_token") != null) {
                signed.put("x-amz-security-token", vector.get("session_token"));
            }

            String canonical = AwsSigner.canonicalRequest("POST", url.getRawPath(), "", signed,
                    String.join(";", signed.keySet()),
                    expected.substring(expected.lastIndexOf('\n') + 1));

            assertThat(canonical).isEqualTo(expected);
            assertThat(signer.stringToSign(vector.get("time"),
                    "20260801/us-east-1/bedrock/aws4_request", canonical))
                    .isEqualTo(vector.get("string_to_sign"));
        }
    }

    @Test
    void sortsTheQueryByNameThenValue() {
        assertThat(AwsSigner.canonicalRequest("GET", "/", "b=2&a-b=1&a=2&a=1&c", Map.of(), "", "h"))
                .isEqualTo("GET\n/\na=1&a=2&a-b=1&b=2&c=\n\n\nh");
    }

    @Test
    void derivesTheKeyAnewForAnotherDayOrOtherCredentials() {
        Signature today = sign(KEY, NOON, "/a", "", "");
        Signature tomorrow = sign(KEY, NOON.plusSeconds(86_400), "/a", "", "");
        Signature another = sign(new Credentials("ID", "other", null), NOON, "/a", "", "");

        assertThat(List.of(today.authorization(), tomorrow.authorization(),
                another.authorization())).doesNotHaveDuplicates();
        assertThat(sign(KEY, NOON, "/a", "", "")).isEqualTo(today);
    }

    @Test
    void coversPathQueryAndBody() {
        assertThat(List.of(sign(KEY, NOON, "/a", "", "").authorization(),
                sign(KEY, NOON, "/b", "", "").authorization(),
                sign(KEY, NOON, "/a", "x=1", "").authorization(),
                sign(KEY, NOON, "/a", "", "{}").authorization())).doesNotHaveDuplicates();
    }

    @Test
    void keepsTheSecretsToItself() {
        Credentials credentials = new Credentials("ID", "hush", "token");

        assertThat(credentials.toString()).doesNotContain("hush").doesNotContain("token");
        assertThat(sign(credentials, NOON, "/a", "", "").toString()).doesNotContain("token");
    }
}
