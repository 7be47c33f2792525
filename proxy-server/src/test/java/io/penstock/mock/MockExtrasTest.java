package io.penstock.mock;

import static io.penstock.mock.MockCalls.body;
import static io.penstock.mock.MockCalls.post;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.penstock.testing.RawClient;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The calls that are no conversation. */
class MockExtrasTest {
    private static final String EMBEDDINGS = "/v1/embeddings";

    private MockServer mock;

    @BeforeEach
    void start() throws IOException {
        mock = MockServer.start(MockSettings.DEFAULT.withEvents(3), 1);
    }

    @AfterEach
    void stop() {
        mock.close();
    }

    private JsonBody embed(String rest) throws IOException {
        return post(mock, EMBEDDINGS, "{\"model\":\"e-1\"," + rest + "}").json();
    }

    private static double[] vector(Object value) {
        return ((List<?>) value).stream().mapToDouble(x -> Double.parseDouble(x.toString()))
                .toArray();
    }

    @Test
    void makesTheSameVectorOfTheSameText() throws Exception {
        JsonBody reply = embed("\"input\":[\"a\",\"b\",\"a\"]");

        List<JsonBody> data = reply.objects("data");
        assertThat(data).hasSize(3);
        assertThat(data.get(1).numberOr("index", -1)).isEqualTo(1);
        double[] first = vector(data.get(0).valueOr("embedding", null));
        assertThat(first).hasSize(Extras.DIMENSIONS)
                .isEqualTo(vector(data.get(2).valueOr("embedding", null)))
                .isNotEqualTo(vector(data.get(1).valueOr("embedding", null)));
        double square = 0;
        for (double x : first) {
            square += x * x;
        }
        assertThat(square).isCloseTo(1, within(1e-6));
        assertThat(reply.object("usage").numberOr("total_tokens", -1)).isEqualTo(3);
    }

    @Test
    void codesVectorsAsBase64OfLittleEndianFloats() throws Exception {
        double[] plain = vector(embed("\"input\":\"a\",\"dimensions\":3").objects("data").get(0)
                .valueOr("embedding", null));
        ByteBuffer coded = ByteBuffer.wrap(Base64.getDecoder().decode(
                embed("\"input\":\"a\",\"dimensions\":3,\"encoding_format\":\"base64\"")
                        .objects("data").get(0).text("embedding"))).order(ByteOrder.LITTLE_ENDIAN);

        assertThat(coded.remaining()).isEqualTo(3 * Float.BYTES);
        for (double x : plain) {
            assertThat((double) coded.getFloat()).isCloseTo(x, within(1e-6));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"\"input\":[1,2,3]|1|3", "\"input\":[[1,2],[3]]|2|3"})
    void takesTokensForAnInput(String input, int vectors, int tokens) throws Exception {
        JsonBody reply = embed(input);
        assertThat(reply.objects("data")).hasSize(vectors);
        assertThat(reply.object("usage").numberOr("prompt_tokens", -1)).isEqualTo(tokens);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"model\":\"e\"}", "{\"input\":\"a\"}",
        "{\"model\":\"e\",\"input\":[]}", "[", "[]", ""})
    void refusesWhatItCannotEmbed(String body) throws Exception {
        MockCalls.Reply reply = post(mock, EMBEDDINGS, body);
        assertThat(reply.status()).isEqualTo(400);
        assertThat(reply.json().object("error").text("type")).isEqualTo("invalid_request_error");
    }

    @Test
    void ratesTextsAndDocuments() throws Exception {
        assertThat(post(mock, "/v1/moderations", "{\"input\":[\"a\",\"b\"]}").json()
                .objects("results")).hasSize(2).allSatisfy(
                        each -> assertThat(each.object("categories").members()).hasSize(13));
        JsonBody ranked = post(mock, "/v1/rerank", "{\"model\":\"r\",\"query\":\"a red fox\","
                + "\"documents\":[\"a cow\",{\"text\":\"the red fox\"},\"x\"],\"top_n\":2,"
                + "\"return_documents\":true}").json();
        assertThat(ranked.objects("results")).hasSize(2);
        assertThat(ranked.objects("results").get(0).numberOr("index", -1)).isEqualTo(1);
        assertThat(ranked.objects("results").get(0).object("document").text("text"))
                .isEqualTo("the red fox");
    }

    @Test
    void drawsAPixel() throws Exception {
        List<JsonBody> images = post(mock, "/v1/images/generations",
                "{\"prompt\":\"x\",\"n\":2}").json().objects("data");
        assertThat(images).hasSize(2);
        assertThat(Base64.getDecoder().decode(images.get(1).text("b64_json")))
                .startsWith(0x89, 'P', 'N', 'G');
    }

    @Test
    void speaksInFramesAtItsPace() throws Exception {
        try (RawClient client = RawClient.connect(mock.port())) {
            client.post("/v1/audio/speech", "{\"model\":\"t\",\"input\":\"hi\"}");
            RawClient.Head head = client.readHead();
            assertThat(head.header("content-type")).isEqualTo("audio/mpeg");
            assertThat(head.header("transfer-encoding")).isEqualTo("chunked");
            for (int i = 0; i < 3; i++) {
                assertThat(client.readRawChunk()).startsWith("1a1\r\n");
            }
            assertThat(client.readChunk()).isEmpty();

            client.post("/v1/audio/speech",
                    "{\"model\":\"t\",\"input\":\"hi\",\"response_format\":\"wav\"}");
            head = client.readHead();
            assertThat(head.header("content-type")).isEqualTo("audio/wav");
            assertThat(client.readChunked()).startsWith("RIFF");
        }
    }

    @Test
    void hearsItsOwnWordsInAForm() throws Exception {
        String form = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n"
                + "Content-Type: audio/wav\r\n\r\nRIFF\u0000\r\n--b\r\nContent-Disposition: "
                + "form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--b%s--\r\n";
        String type = "content-type: multipart/form-data; boundary=b";
        assertThat(upload(form.formatted(""), type).json().text("text"))
                .isEqualTo("mock here: the");
        assertThat(upload(form.formatted("\r\nContent-Disposition: form-data; "
                + "name=\"response_format\"\r\n\r\ntext\r\n--b"), type).body())
                .isEqualTo("mock here: the\n");
        assertThat(upload(form.replace("\"model\"", "\"other\"").formatted(""), type).status())
                .isEqualTo(400);
        assertThat(upload("{}", "content-type: application/json").status()).isEqualTo(400);
    }

    private MockCalls.Reply upload(String form, String type) throws IOException {
        try (RawClient client = RawClient.connect(mock.port())) {
            client.send("POST /v1/audio/transcriptions HTTP/1.1\r\nhost: h\r\n" + type
                    + "\r\ncontent-length: " + form.length() + "\r\n\r\n" + form);
            RawClient.Head head = client.readHead();
            return new MockCalls.Reply(head.status(), head, client.readBody(head));
        }
    }

    @Test
    void countsTokens() throws Exception {
        String messages = body(MockCalls.MESSAGES, false).replace("\"max_tokens\":1000,", "");
        assertThat(post(mock, "/v1/messages/count_tokens", messages).json()
                .numberOr("input_tokens", -1)).isEqualTo(messages.length() / 4);
        assertThat(post(mock, "/v1beta/models/g:countTokens", "{\"contents\":[{}]}").json()
                .numberOr("totalTokens", -1)).isEqualTo(4);
        assertThat(post(mock, "/v1beta/models/g:embedContent", "{\"content\":{}}").json()
                .object("embedding").list("values")).hasSize(Extras.DIMENSIONS);
        assertThat(post(mock, "/v1beta/models/g:batchEmbedContents",
                "{\"requests\":[{\"content\":1},{\"content\":2}]}").json().objects("embeddings"))
                .hasSize(2);
    }

    @Test
    void listsItsModelInTheShapeOfWhoeverIsAsked() throws Exception {
        try (RawClient client = RawClient.connect(mock.port())) {
            client.get("/v1/models");
            assertThat(client.readBody(client.readHead())).contains("\"object\":\"list\"");
            client.get("/v1/models", "anthropic-version: 2023-06-01");
            assertThat(client.readBody(client.readHead())).contains("\"has_more\":false");
            client.get("/v1beta/models", "x-goog-api-key: k");
            assertThat(client.readBody(client.readHead())).contains("\"name\":\"models/mock\"");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {EMBEDDINGS, "/v1/moderations", "/v1/rerank", "/v1/images/generations",
        "/v1/audio/speech", "/v1/audio/transcriptions"})
    void failsLikeTheRest(String path) throws Exception {
        assertThat(post(mock, path, "{}", "x-mock-fail: 503").status()).isEqualTo(503);
    }

    @Test
    void spoilsItsAnswersLikeTheRest() throws Exception {
        String body = "{\"model\":\"e\",\"input\":\"a\"}";
        assertThat(post(mock, EMBEDDINGS, body, "x-mock-fail: empty").body()).isEmpty();
        assertThat(post(mock, EMBEDDINGS, body, "x-mock-fail: error-first").json()
                .has("error")).isTrue();
        try (RawClient client = RawClient.connect(mock.port())) {
            client.post("/v1/audio/speech", "{\"model\":\"t\",\"input\":\"hi\"}",
                    "x-mock-fail: midstream");
            client.readHead();
            assertThat(client.readRawChunk()).startsWith("1a1\r\n");
            assertThat(client.readRawChunk()).startsWith("1a1\r\n");
            assertThat(client.readUntilClose()).isEmpty();
        }
    }
}
