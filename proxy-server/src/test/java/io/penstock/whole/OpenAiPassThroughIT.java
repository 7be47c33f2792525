package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.MultipartField;
import com.openai.core.http.HttpResponse;
import com.openai.errors.PermissionDeniedException;
import com.openai.errors.UnauthorizedException;
import com.openai.models.audio.speech.SpeechCreateParams;
import com.openai.models.audio.transcriptions.TranscriptionCreateParams;
import com.openai.models.batches.Batch;
import com.openai.models.batches.BatchCreateParams;
import com.openai.models.embeddings.CreateEmbeddingResponse;
import com.openai.models.embeddings.EmbeddingCreateParams;
import com.openai.models.files.FileCreateParams;
import com.openai.models.files.FileObject;
import com.openai.models.files.FilePurpose;
import com.openai.models.images.ImageGenerateParams;
import com.openai.models.images.ImagesResponse;
import com.openai.models.moderations.ModerationCreateParams;
import io.penstock.auth.ApiKeySettings;
import io.penstock.auth.AuthSettings;
import io.penstock.loop.Transport;
import io.penstock.mock.MockServer;
import io.penstock.mock.MockSettings;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.ScriptedUpstream;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** OpenAI's own client and all that it has beside conversations. */
class OpenAiPassThroughIT {
    private static final MockSettings MOCK =
            MockSettings.DEFAULT.withEvents(8).withName("a");
    private static final byte[] SOUND = new byte[700_000];

    private static ProxyUnderTest.Builder before(MockServer mock) {
        return ProxyUnderTest.on(Transport.auto())
                .provider("a", "http://127.0.0.1:" + mock.port());
    }

    private static OpenAIClient client(ProxyUnderTest proxy, String key) {
        return OpenAIOkHttpClient.builder().baseUrl("http://127.0.0.1:" + proxy.port() + "/v1")
                .apiKey(key).maxRetries(0).build();
    }

    private static MultipartField<InputStream> named(byte[] content, String name) {
        return MultipartField.<InputStream>builder().value(new ByteArrayInputStream(content))
                .filename(name).contentType("application/octet-stream").build();
    }

    private static TranscriptionCreateParams transcription(String model) {
        return TranscriptionCreateParams.builder().file(named(SOUND, "talk.wav")).model(model)
                .build();
    }

    @Test
    void keepsFilesAndMakesBatchesOfThem() throws Exception {
        byte[] lines = "{\"custom_id\":\"1\"}\n".repeat(50_000).getBytes(StandardCharsets.UTF_8);
        try (MockServer mock = MockServer.start(MOCK, 1);
                ProxyUnderTest proxy = before(mock).start()) {
            OpenAIClient client = client(proxy, CALLER_KEY);
            FileObject file = client.files().create(FileCreateParams.builder()
                    .file(named(lines, "in.jsonl")).purpose(FilePurpose.BATCH).build());
            assertThat(file.bytes()).as("the form around it included").isGreaterThan(lines.length);
            assertThat(client.files().retrieve(file.id()).id()).isEqualTo(file.id());
            try (HttpResponse content = client.files().content(file.id())) {
                assertThat(new String(content.body().readAllBytes(), StandardCharsets.UTF_8))
                        .isEqualTo("content of " + file.id() + "\n");
            }
            assertThat(client.files().list().data()).isEmpty();

            Batch batch = client.batches().create(BatchCreateParams.builder()
                    .inputFileId(file.id())
                    .endpoint(BatchCreateParams.Endpoint.V1_CHAT_COMPLETIONS)
                    .completionWindow(BatchCreateParams.CompletionWindow._24H).build());
            assertThat(client.batches().retrieve(batch.id()).status())
                    .isEqualTo(Batch.Status.COMPLETED);
            assertThat(client.batches().cancel(batch.id()).status())
                    .isEqualTo(Batch.Status.CANCELLING);
            assertThat(client.files().delete(file.id()).deleted()).isTrue();
            client.close();
        }
    }

    @Test
    void hearsAndSpeaks() throws Exception {
        try (MockServer mock = MockServer.start(MOCK, 1);
                ProxyUnderTest proxy = before(mock).start()) {
            OpenAIClient client = client(proxy, CALLER_KEY);
            assertThat(client.audio().transcriptions().create(transcription(SMART))
                    .asTranscription().text()).isNotBlank();
            try (HttpResponse speech = client.audio().speech().create(SpeechCreateParams.builder()
                    .model(SMART).input("Good morning").voice("alloy").build())) {
                byte[] sound = speech.body().readAllBytes();
                assertThat(sound).hasSize(8 * 417).startsWith(0xFF, 0xFB);
                assertThat(speech.headers().values("content-type")).containsExactly("audio/mpeg");
            }
            client.close();
        }
    }

    @Test
    void seesJudgesAndMeasures() throws Exception {
        try (MockServer mock = MockServer.start(MOCK, 1);
                ProxyUnderTest proxy = before(mock).start()) {
            OpenAIClient client = client(proxy, CALLER_KEY);
            ImagesResponse images = client.images().generate(ImageGenerateParams.builder()
                    .model(SMART).prompt("a cat").n(2).build());
            assertThat(images.data().orElseThrow()).hasSize(2)
                    .allSatisfy(image -> assertThat(image.b64Json()).isPresent());
            assertThat(client.moderations().create(ModerationCreateParams.builder().model(SMART)
                    .input("I am fine").build()).results().get(0).flagged()).isFalse();
            assertThat(client.moderations().create(ModerationCreateParams.builder()
                    .input("no model").build()).results()).hasSize(1);
            CreateEmbeddingResponse vectors = client.embeddings().create(
                    EmbeddingCreateParams.builder().model(SMART)
                            .inputOfArrayOfStrings(List.of("a", "b")).build());
            assertThat(vectors.data()).hasSize(2);
            assertThat(vectors.usage().promptTokens()).isPositive();
            client.close();
        }
    }

    @Test
    void hearsThatItIsNotLetIn() throws Exception {
        AuthSettings restricted = new AuthSettings(List.of(new ApiKeySettings("tester",
                ProxyUnderTest.Builder.hash(CALLER_KEY), List.of("model-a"))), false);
        try (MockServer mock = MockServer.start(MOCK, 1);
                ProxyUnderTest proxy = before(mock).auth(restricted).start()) {
            OpenAIClient stranger = client(proxy, "sk-nobodys");
            assertThatThrownBy(() -> stranger.files().list())
                    .isInstanceOf(UnauthorizedException.class);
            OpenAIClient client = client(proxy, CALLER_KEY);
            assertThatThrownBy(() -> client.files().list())
                    .isInstanceOf(PermissionDeniedException.class);
            assertThatThrownBy(() -> client.audio().transcriptions().create(transcription(SMART)))
                    .isInstanceOf(PermissionDeniedException.class);
            assertThat(client.audio().transcriptions().create(transcription("model-a"))
                    .isTranscription()).isTrue();
            stranger.close();
            client.close();
        }
    }

    @Test
    void getsItsTranscriptionFromTheNextProviderWhileItIsShort() throws Exception {
        byte[] brief = new byte[10_000];
        try (ScriptedUpstream failing = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(503, "content-length: 0").flush();
                });
                MockServer mock = MockServer.start(MOCK.withName("b"), 1);
                ProxyUnderTest proxy = ProxyUnderTest.on(Transport.auto())
                        .provider("a", failing.url())
                        .provider("b", "http://127.0.0.1:" + mock.port()).start()) {
            OpenAIClient client = client(proxy, CALLER_KEY);
            assertThat(client.audio().transcriptions().create(TranscriptionCreateParams.builder()
                    .file(named(brief, "a.wav")).model(SMART).build()).isTranscription()).isTrue();
            assertThat(failing.requests()).hasSize(1);
            client.close();
        }
    }
}
