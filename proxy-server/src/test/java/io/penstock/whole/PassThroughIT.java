package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static io.penstock.testing.ProxyUnderTest.SHORT;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static io.penstock.testing.ProxyUnderTest.keyOf;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.PooledByteBufAllocator;
import io.penstock.auth.ApiKeySettings;
import io.penstock.auth.AuthSettings;
import io.penstock.exchange.call.RetrySettings;
import io.penstock.limit.LimitSettings;
import io.penstock.limit.QueueSettings;
import io.penstock.limit.StreamLimits;
import io.penstock.loop.Transport;
import io.penstock.provider.ProviderTypes;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.testing.ScriptedUpstream.Request;
import io.penstock.testing.ScriptedUpstream.Script;
import io.penstock.upstream.BreakerSettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is relayed without being understood: whatever it is, it comes out as it went in. */
@ParameterizedClass
@MethodSource("io.penstock.testing.ProxyUnderTest#transports")
class PassThroughIT {
    private static final String AUTHORIZATION = "authorization: Bearer " + CALLER_KEY;
    private static final int MEBIBYTE = 1024 * 1024;

    @Parameter
    Transport transport;

    @TempDir
    Path directory;

    private ProxyUnderTest.Builder before(ScriptedUpstream a) {
        return ProxyUnderTest.on(transport).provider("a", a.url());
    }

    private static RawClient send(ProxyUnderTest proxy, String method, String path, String body,
            String... fields) throws IOException {
        StringBuilder head = new StringBuilder(method + " " + path + " HTTP/1.1\r\nhost: x\r\n"
                + AUTHORIZATION + "\r\n");
        for (String field : fields) {
            head.append(field).append("\r\n");
        }
        if (body != null) {
            head.append("content-length: ").append(body.length()).append("\r\n");
        }
        return proxy.connect().send(head.append("\r\n").toString())
                .send((body == null ? "" : body).getBytes(StandardCharsets.ISO_8859_1));
    }

    private static RawClient postJson(ProxyUnderTest proxy, String path, String body)
            throws IOException {
        return send(proxy, "POST", path, body, "content-type: application/json");
    }

    private static Script answer(int status, String body, String... fields) {
        return x -> {
            Request request = x.readRequest();
            String[] all = Arrays.copyOf(fields, fields.length + 1);
            all[fields.length] = "content-length: " + body.length();
            x.head(status, all);
            if (!request.method().equals("HEAD")) {
                x.write(body.getBytes(StandardCharsets.ISO_8859_1));
            }
            x.flush();
        };
    }

    private static byte[] noise(int length) {
        byte[] noise = new byte[length];
        new Random(7).nextBytes(noise);
        return noise;
    }

    private static String latin1(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    // What goes up

    @ParameterizedTest
    @CsvSource({"GET,", "HEAD,", "DELETE,", "OPTIONS,", "POST,some body", "PUT,other",
        "PATCH,third", "POST,", "DELETE,with a body", "PROPFIND,"})
    void relaysEveryMethodPathAndQueryAsTheyAre(String method, String body) throws Exception {
        String path = "/v2/things/a%2Fb/%C3%A9:run?q=a%20b&q=%2e%2e&empty=&x";
        try (ScriptedUpstream a = ScriptedUpstream.start(
                        answer(203, "the reply", "content-type: text/odd", "etag: \"7\""));
                ProxyUnderTest proxy = before(a).start()) {
            RawClient caller = send(proxy, method, "/passthrough/a" + path, body,
                    "range: bytes=1-2", "x-own: 1", "accept: */*");

            RawClient.Head head = caller.readHead();
            assertThat(head.status()).isEqualTo(203);
            assertThat(head.header("content-type")).isEqualTo("text/odd");
            assertThat(head.header("etag")).isEqualTo("\"7\"");
            assertThat(head.header("content-length")).isEqualTo("9");
            if (!method.equals("HEAD")) {
                assertThat(caller.readBody(head)).isEqualTo("the reply");
            }
            Request got = a.requests().get(0);
            assertThat(got.method()).isEqualTo(method);
            assertThat(got.path()).isEqualTo(path);
            assertThat(got.text()).isEqualTo(body == null ? "" : body);
            assertThat(got.header("range")).isEqualTo("bytes=1-2");
            assertThat(got.header("x-own")).isEqualTo("1");
            assertThat(got.header("host")).isEqualTo("127.0.0.1:" + a.port());

            caller.get("/passthrough/a/again", AUTHORIZATION);
            assertThat(caller.readHead().status()).isEqualTo(203);
            assertThat(a.opened()).as("connections").isEqualTo(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"authorization: Bearer ", "x-api-key: ", "api-key: "})
    void showsTheProvidersKeyAndNothingOfTheCallers(String field) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(answer(200, "{}",
                        "openai-organization: secret-org", "set-cookie: a=b"));
                ProxyUnderTest proxy = before(a).start()) {
            RawClient caller = proxy.connect().get("/v1/files", field + CALLER_KEY, "cookie: c=d",
                    "x-forwarded-for: 1.2.3.4", "proxy-authorization: Basic eA==");

            RawClient.Head head = caller.readHead();
            assertThat(head.status()).isEqualTo(200);
            assertThat(head.headers()).doesNotContainKeys("openai-organization", "set-cookie");
            Request got = a.requests().get(0);
            assertThat(got.path()).isEqualTo("/v1/files");
            assertThat(got.headers().get("authorization"))
                    .containsExactly("Bearer " + keyOf("a"));
            assertThat(got.headers().toString()).doesNotContain(CALLER_KEY);
            assertThat(got.headers()).doesNotContainKeys("x-api-key", "api-key", "cookie",
                    "x-forwarded-for", "proxy-authorization");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1/moderations", "/v1/rerank", "/v1/images/generations",
        "/v1/audio/speech", "/moderations", "/images/edits"})
    void routesByTheModelThatTheBodyNames(String path) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(answer(200, "{}"));
                ScriptedUpstream b = ScriptedUpstream.start(answer(200, "{}"));
                ProxyUnderTest proxy = before(a).provider("b", b.url()).start()) {
            RawClient caller = postJson(proxy, path + "?x=1",
                    "{\"input\":\"é\",\"model\":\"model-b\"}");
            assertThat(caller.readHead().status()).isEqualTo(200);
            caller = postJson(proxy, path, "{\"input\":\"i\",\"model\":\"smart\",\"n\":1}");
            assertThat(caller.readHead().header("x-penstock-model")).isEqualTo("model-a");

            assertThat(b.requests().get(0).path())
                    .isEqualTo("/v1" + path.replace("/v1", "") + "?x=1");
            assertThat(a.requests()).singleElement().extracting(Request::text)
                    .isEqualTo("{\"input\":\"i\",\"model\":\"model-a\",\"n\":1}");
        }
    }

    @Test
    void asksTheFirstProviderWhereNoModelIsNamed() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(answer(200, "{}"));
                ScriptedUpstream b = ScriptedUpstream.start(answer(200, "{}"));
                ProxyUnderTest proxy = before(a).provider("b", b.url()).start()) {
            postJson(proxy, "/v1/moderations", "{\"input\":\"i\"}").readHead();
            send(proxy, "GET", "/v1/files/f-1/content", null).readHead();
            send(proxy, "POST", "/v1/batches/b-1/cancel", "").readHead();

            assertThat(a.requests()).extracting(Request::path).containsExactly("/v1/moderations",
                    "/v1/files/f-1/content", "/v1/batches/b-1/cancel");
            assertThat(b.opened()).isZero();
        }
    }

    @ParameterizedTest
    @CsvSource({"GET,/responses/resp_1?include=x", "DELETE,/responses/resp_1",
        "GET,/responses/resp_1/input_items", "POST,/responses/resp_1/cancel", "POST,/conversations",
        "GET,/conversations/conv_1/items", "POST,/uploads", "POST,/uploads/u_1/parts",
        "GET,/vector_stores", "POST,/vector_stores/vs_1/search", "POST,/fine_tuning/jobs",
        "POST,/containers", "POST,/videos", "GET,/videos/v_1/content", "GET,/evals",
        "POST,/assistants", "POST,/threads/t_1/runs", "POST,/realtime/client_secrets"})
    void asksTheFirstProviderForWhatItKeeps(String method, String path) throws Exception {
        try (ScriptedUpstream claude = ScriptedUpstream.start(answer(200, "{}"));
                ScriptedUpstream a = ScriptedUpstream.start(answer(200, "{}"));
                ProxyUnderTest proxy = ProxyUnderTest.on(transport)
                        .provider("claude", claude.url()).type(ProviderTypes.ANTHROPIC)
                        .provider("a", a.url()).start()) {
            String body = method.equals("POST") ? "{\"model\":\"model-claude\"}" : null;

            assertThat(send(proxy, method, "/v1" + path, body, "content-type: application/json")
                    .readHead().status()).isEqualTo(200);
            assertThat(send(proxy, method, path, body).readHead().status()).isEqualTo(200);

            assertThat(a.requests()).extracting(Request::path)
                    .containsExactly("/v1" + path, "/v1" + path);
            assertThat(a.requests().get(0).text()).isEqualTo(body == null ? "" : body);
            assertThat(claude.opened()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1/responses/compact", "/v1/responses/input_tokens"})
    void routesWhatIsDoneWithAResponseByItsModel(String path) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(answer(200, "{}"));
                ScriptedUpstream b = ScriptedUpstream.start(answer(200, "{}"));
                ProxyUnderTest proxy = before(a).type(ProviderTypes.OPENAI_COMPATIBLE)
                        .provider("b", b.url()).type(ProviderTypes.OPENAI).start()) {
            assertThat(postJson(proxy, path, "{\"model\":\"smart\",\"input\":\"i\"}").readHead()
                    .status()).isEqualTo(200);

            assertThat(a.opened()).as("it has no responses").isZero();
            assertThat(b.requests()).extracting(Request::path).containsExactly(path);
            assertThat(b.requests().get(0).text()).contains("model-b");
        }
    }

    @Test
    void asksTheFirstProviderOfAnthropicsTypeInItsApi() throws Exception {
        String version = "anthropic-version: 2023-06-01";
        try (ScriptedUpstream a = ScriptedUpstream.start(answer(200, "{}"));
                ScriptedUpstream claude = ScriptedUpstream.start(answer(200, "{}"));
                ProxyUnderTest proxy = before(a).provider("claude", claude.url())
                        .type(ProviderTypes.ANTHROPIC).start()) {
            send(proxy, "POST", "/v1/files", "x", version, "anthropic-beta: files-api").readHead();
            send(proxy, "GET", "/v1/files/file_1", null, version).readHead();
            send(proxy, "POST", "/v1/messages/batches", "{}", version).readHead();
            send(proxy, "GET", "/v1/messages/batches/b_1/results", null).readHead();
            send(proxy, "GET", "/v1/files", null).readHead();

            assertThat(claude.requests()).extracting(Request::path).containsExactly("/v1/files",
                    "/v1/files/file_1", "/v1/messages/batches", "/v1/messages/batches/b_1/results");
            assertThat(claude.requests().get(0).header("anthropic-beta")).isEqualTo("files-api");
            assertThat(claude.requests().get(0).header("x-api-key")).isEqualTo(keyOf("claude"));
            assertThat(a.requests()).extracting(Request::path).containsExactly("/v1/files");
        }
    }

    @Test
    void tellsInAnthropicsFormatThatNoProviderHasItsApi() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(answer(200, "{}"));
                ProxyUnderTest proxy = before(a).start()) {
            RawClient caller = send(proxy, "GET", "/v1/messages/batches", null);
            RawClient.Head head = caller.readHead();
            assertThat(head.status()).isEqualTo(404);
            assertThat(head.header("request-id")).isEqualTo(head.header("x-request-id"));
            assertThat(caller.readBody(head)).startsWith("{\"type\":\"error\"");
            assertThat(a.opened()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1/rerank", "/v2/rerank", "/rerank"})
    void reranksAtEveryPathOfIt(String path) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(answer(200, "{}"));
                ProxyUnderTest proxy = before(a).start()) {
            postJson(proxy, path, "{\"model\":\"smart\",\"query\":\"q\"}").readHead();
            assertThat(a.requests()).extracting(Request::path).containsExactly("/v1/rerank");
        }
    }

    private static String form(String... parts) {
        StringBuilder form = new StringBuilder();
        for (String part : parts) {
            form.append("--cut\r\ncontent-disposition: form-data; ").append(part).append("\r\n");
        }
        return form.append("--cut--\r\n").toString();
    }

    private static final String FORM = "content-type: multipart/form-data; boundary=cut";

    @ParameterizedTest
    @ValueSource(ints = {10, 300_000, 2_000_000})
    void routesAFormByItsModelWhereverThatStands(int fileSize) throws Exception {
        String file = "name=\"file\"; filename=\"a.wav\"\r\n\r\n" + latin1(noise(fileSize));
        String model = "name=\"model\"\r\n\r\n";
        try (ScriptedUpstream a = ScriptedUpstream.start(answer(200, "{\"text\":\"hi\"}"));
                ScriptedUpstream b = ScriptedUpstream.start(answer(200, "{\"text\":\"ho\"}"));
                ProxyUnderTest proxy = before(a).provider("b", b.url()).start()) {
            for (boolean first : new boolean[] {true, false}) {
                String smart = first ? form(model + "smart", file) : form(file, model + "smart");
                RawClient caller =
                        send(proxy, "POST", "/v1/audio/transcriptions", smart, FORM);
                assertThat(caller.readBody(caller.readHead())).isEqualTo("{\"text\":\"hi\"}");
                assertThat(latin1(a.requests().get(first ? 0 : 1).body())
                        .equals(smart.replace("smart", "model-a"))).isTrue();

                String other = smart.replace("smart", "model-b");
                caller = send(proxy, "POST", "/v1/audio/transcriptions", other, FORM);
                assertThat(caller.readBody(caller.readHead())).isEqualTo("{\"text\":\"ho\"}");
                assertThat(latin1(b.requests().get(first ? 0 : 1).body()).equals(other)).isTrue();
            }
        }
    }

    @Test
    void refusesWhatItWouldHaveToGuess() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(answer(200, "{}"));
                ProxyUnderTest proxy = before(a).start()) {
            assertThat(postJson(proxy, "/v1/rerank", "{\"model\":").readHead().status())
                    .isEqualTo(400);
            assertThat(postJson(proxy, "/v1/rerank", "{\"model\":5}").readHead().status())
                    .isEqualTo(400);
            assertThat(postJson(proxy, "/v1/rerank", "{\"model\":\"nobody's\"}").readHead()
                    .status()).isEqualTo(404);
            assertThat(send(proxy, "POST", "/v1/rerank", "x", "content-encoding: gzip")
                    .readHead().status()).isEqualTo(415);
            assertThat(send(proxy, "GET", "/v1/images/generations", null).readHead()
                    .header("allow")).isEqualTo("POST");
            assertThat(send(proxy, "TRACE", "/passthrough/a/x", null).readHead().status())
                    .as("which shows what was sent").isEqualTo(405);
            for (String path : List.of("/passthrough/nobody/v1/x", "/passthrough/", "/v1/images",
                    "/v1/audio/", "/v1/filesystem", "/v1/uploaded")) {
                assertThat(send(proxy, "POST", path, "").readHead().status()).as(path)
                        .isEqualTo(404);
            }
            assertThat(a.opened()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/passthrough/a/../admin", "/passthrough/a/v1/./x",
        "/passthrough/a/%2e%2e/x", "/passthrough/a/v1/%2E.", "/passthrough/a/..%2fx",
        "/passthrough/a/x%5c..%5cy", "/passthrough/a//evil.example/x", "/passthrough/a/..;/x",
        "/v1/images/../organization/keys", "/v1/files/%2e%2e%2forganization", "/v1/audio/.."})
    void goesNoCrookedWays(String path) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(answer(200, "{}"));
                ProxyUnderTest proxy = before(a).start()) {
            assertThat(send(proxy, "POST", path, "{}").readHead().status()).isEqualTo(400);
            assertThat(a.opened()).isZero();
        }
    }

    // What comes back

    @Test
    void passesBytesOnAsTheyAre() throws Exception {
        byte[] sound = noise(3 * MEBIBYTE + 17);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(200, "content-type: audio/mpeg", "transfer-encoding: chunked",
                            "trailer: x-secret");
                    for (int at = 0; at < sound.length; at += 100_000) {
                        int size = Math.min(100_000, sound.length - at);
                        x.write(Integer.toHexString(size) + "\r\n")
                                .write(Arrays.copyOfRange(sound, at, at + size))
                                .write("\r\n");
                    }
                    x.write("0\r\nx-secret: 1\r\n\r\n").flush();
                }, x -> {
                    x.readRequest();
                    x.head(206, "content-range: bytes 0-9/*", "content-length: " + sound.length)
                            .write(sound).flush();
                }, x -> {
                    x.readRequest();
                    x.head(200, "content-type: audio/mpeg").write(sound).closeFin();
                });
                ProxyUnderTest proxy = before(a).start()) {
            for (int i = 0; i < 3; i++) {
                RawClient caller = postJson(proxy, "/v1/audio/speech",
                        "{\"model\":\"model-a\",\"input\":\"Hi\"}");
                RawClient.Head head = caller.readHead();
                assertThat(head.status()).isEqualTo(i == 1 ? 206 : 200);
                if (i == 1) {
                    assertThat(caller.readBytes(sound.length)).isEqualTo(sound);
                    assertThat(head.header("content-range")).isEqualTo("bytes 0-9/*");
                    continue;
                }
                String raw = latin1Chunks(caller);
                assertThat(raw.equals(latin1(sound))).isTrue();
            }
        }
    }

    /** The data of all chunks up to a last one without trailers. */
    private static String latin1Chunks(RawClient caller) throws IOException {
        StringBuilder all = new StringBuilder();
        while (true) {
            StringBuilder size = new StringBuilder();
            while (!size.toString().endsWith("\r\n")) {
                size.append(latin1(caller.readBytes(1)));
            }
            int length = Integer.parseInt(size.toString().trim(), 16);
            all.append(latin1(caller.readBytes(length)));
            assertThat(latin1(caller.readBytes(2))).isEqualTo("\r\n");
            if (length == 0) {
                return all.toString();
            }
        }
    }

    @Test
    void passesTheFirstBytesOnBeforeTheLastHaveCome() throws Exception {
        CountDownLatch heard = new CountDownLatch(1);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(200, "content-type: audio/mpeg", "transfer-encoding: chunked")
                            .chunk("first");
                    heard.await();
                    x.chunk("second").lastChunk();
                });
                ProxyUnderTest proxy = before(a).start()) {
            RawClient caller =
                    postJson(proxy, "/v1/audio/speech", "{\"model\":\"model-a\"}");
            caller.readHead();
            assertThat(caller.readChunk()).isEqualTo("first");
            heard.countDown();
            assertThat(caller.readChunked()).isEqualTo("second");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {301, 304, 400, 404, 409, 422, 429, 500, 503})
    void passesAnErrorOnAsItCame(int status) throws Exception {
        String body = status == 304 ? "" : "<odd>\u00e9</odd>";
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(status, "content-type: text/odd", "retry-after: 1000",
                            "location: /elsewhere", "content-length: " + body.length())
                            .write(body.getBytes(StandardCharsets.ISO_8859_1)).flush();
                });
                ProxyUnderTest proxy = before(a).start()) {
            for (String path : List.of("/v1/files/f-1", "/passthrough/a/v1/files/f-1")) {
                RawClient caller = send(proxy, "GET", path, null);
                RawClient.Head head = caller.readHead();
                assertThat(head.status()).isEqualTo(status);
                assertThat(latin1(caller.readBytes(body.length()))).isEqualTo(body);
                assertThat(head.header("content-type")).isEqualTo("text/odd");
                assertThat(head.header("location")).isEqualTo("/elsewhere");
                caller.get("/health");
                assertThat(caller.readHead().status()).isEqualTo(200);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {401, 402, 403})
    void keepsToItselfThatItsOwnKeyIsBad(int status) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(answer(status, "{\"error\":\"no\"}"));
                ProxyUnderTest proxy = before(a).start()) {
            for (String path : List.of("/v1/files", "/v1/moderations")) {
                RawClient caller = send(proxy, "POST", path, "{\"input\":\"i\"}");
                RawClient.Head head = caller.readHead();
                assertThat(head.status()).isEqualTo(502);
                assertThat(caller.readBody(head)).contains("upstream_error");
            }
            RawClient caller = send(proxy, "GET", "/passthrough/a/v1/me", null);
            RawClient.Head head = caller.readHead();
            assertThat(head.status()).isEqualTo(status);
            assertThat(caller.readBody(head)).isEqualTo("{\"error\":\"no\"}");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"Incorrect API key: KEY.", "Incorrect API key: sk-upst*****of-a."})
    void neverShowsItsOwnKey(String message) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(
                        answer(401, message.replace("KEY", keyOf("a"))));
                ProxyUnderTest proxy = before(a).start()) {
            RawClient caller = send(proxy, "GET", "/passthrough/a/v1/me", null);
            RawClient.Head head = caller.readHead();
            assertThat(head.status()).isEqualTo(401);
            assertThat(caller.readBody(head)).matches("Incorrect API key: (sk-upst)?\\*+of-a\\.");
        }
    }

    // Trying again

    @ParameterizedTest
    @ValueSource(ints = {401, 404, 429, 500, 503})
    void goesOnToTheNextTargetAsAChatDoes(int status) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(answer(status, "{}"));
                ScriptedUpstream b = ScriptedUpstream.start(answer(200, "{\"data\":[]}"));
                ProxyUnderTest proxy = before(a).provider("b", b.url()).start()) {
            RawClient caller = postJson(proxy, "/v1/images/generations",
                    "{\"model\":\"smart\",\"prompt\":\"a cat\"}");

            RawClient.Head head = caller.readHead();
            assertThat(head.status()).isEqualTo(200);
            assertThat(head.header("x-penstock-attempts")).startsWith("a/model-a=" + status)
                    .endsWith("b/model-b=200");
            assertThat(b.requests().get(0).text())
                    .isEqualTo("{\"model\":\"model-b\",\"prompt\":\"a cat\"}");
        }
    }

    @Test
    void asksNobodyElseForWhatOneProviderKeeps() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(answer(503, "{}"));
                ScriptedUpstream b = ScriptedUpstream.start(answer(200, "{}"));
                ProxyUnderTest proxy = before(a).provider("b", b.url()).start()) {
            assertThat(send(proxy, "GET", "/v1/files/f-1", null).readHead().status())
                    .isEqualTo(503);
            assertThat(b.opened()).isZero();
            assertThat(a.requests()).hasSize(1);
        }
    }

    @Test
    void repeatsAGetWhoseConnectionBrokeAndNoPost() throws Exception {
        Script breaks = x -> {
            x.readRequest();
            x.head(200, "content-length: 5").reset();
        };
        try (ScriptedUpstream a = ScriptedUpstream.start(breaks, answer(200, "{}"), breaks,
                        answer(200, "{}"));
                ProxyUnderTest proxy = before(a).start()) {
            assertThat(send(proxy, "GET", "/v1/files", null).readHead().status()).isEqualTo(200);
            assertThat(send(proxy, "POST", "/v1/batches", "{}").readHead().status())
                    .isEqualTo(502);
            assertThat(a.requests()).hasSize(3);
        }
    }

    @Test
    void cutsAReplyThatBreaksOff() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(200, "content-length: 100").write("half").flush();
                    x.reset();
                });
                ProxyUnderTest proxy = before(a).start()) {
            RawClient caller = send(proxy, "GET", "/v1/files/f/content", null);
            assertThat(caller.readHead().status()).isEqualTo(200);
            assertThat(caller.readUntilClose()).isEqualTo("half");
        }
    }

    // Uploads

    /** Reads at the pace of a provider that is busy, and checks what comes. */
    private static Script slowReader(int length, AtomicLong read, CountDownLatch go) {
        return x -> {
            Request head = x.readHead();
            assertThat(head.header("content-length")).isEqualTo(Integer.toString(length));
            go.await();
            byte[] expected = noise(MEBIBYTE);
            for (int at = 0; at < length; at += MEBIBYTE) {
                assertThat(x.readBytes(MEBIBYTE)).isEqualTo(expected);
                read.addAndGet(MEBIBYTE);
            }
            x.head(200, "content-length: 2").write("{}").flush();
        };
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1/files", "/passthrough/a/v1/uploads"})
    void streamsALargeUploadAtTheProvidersPace(String path) throws Exception {
        int length = 64 * MEBIBYTE;
        AtomicLong read = new AtomicLong();
        AtomicLong sent = new AtomicLong();
        CountDownLatch go = new CountDownLatch(1);
        try (ScriptedUpstream a = ScriptedUpstream.start(slowReader(length, read, go));
                ProxyUnderTest proxy = before(a).start()) {
            PooledByteBufAllocator pool = PooledByteBufAllocator.DEFAULT;
            long before = pool.pinnedDirectMemory();
            RawClient caller = proxy.connect().send("POST " + path + " HTTP/1.1\r\nhost: x\r\n"
                    + AUTHORIZATION + "\r\ncontent-length: " + length + "\r\n\r\n");
            Thread sender = new Thread(() -> {
                byte[] block = noise(MEBIBYTE);
                try {
                    for (int at = 0; at < length; at += MEBIBYTE) {
                        caller.send(block);
                        sent.addAndGet(MEBIBYTE);
                    }
                } catch (IOException e) {
                    sent.set(-1); // the assertions below tell
                }
            });
            sender.start();
            long last = -1;
            for (int same = 0; same < 20; same = sent.get() == last ? same + 1 : 0) {
                last = sent.get();
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(25));
            }

            // The held part, the watermark of 1 MiB, a read, and what the allocator rounds up.
            assertThat(pool.pinnedDirectMemory() - before).isLessThan(3 * MEBIBYTE);
            assertThat(sent.get()).isBetween(0L, length - 1L);

            go.countDown();
            RawClient.Head head = caller.readHead();
            assertThat(head.status()).isEqualTo(200);
            assertThat(caller.readBody(head)).isEqualTo("{}");
            assertThat(read.get()).isEqualTo(length);
            sender.join();
            caller.get("/health");
            assertThat(caller.readHead().status()).isEqualTo(200);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {7, 1000, 70_000})
    void streamsChunksWhoseLengthNobodyKnows(int chunkSize) throws Exception {
        byte[] body = noise(chunkSize == 7 ? 300_000 : 2 * MEBIBYTE);
        try (ScriptedUpstream a = ScriptedUpstream.start(answer(200, "{}"));
                ProxyUnderTest proxy = before(a).start()) {
            RawClient caller = proxy.connect().send("POST /v1/files HTTP/1.1\r\nhost: x\r\n"
                    + AUTHORIZATION + "\r\ntransfer-encoding: chunked\r\n\r\n");
            StringBuilder chunks = new StringBuilder();
            for (int at = 0; at < body.length; at += chunkSize) {
                int size = Math.min(chunkSize, body.length - at);
                chunks.append(Integer.toHexString(size)).append("\r\n")
                        .append(new String(body, at, size, StandardCharsets.ISO_8859_1))
                        .append("\r\n");
            }
            caller.send((chunks + "0\r\nx-trailer: 1\r\n\r\n")
                    .getBytes(StandardCharsets.ISO_8859_1));

            assertThat(caller.readHead().status()).isEqualTo(200);
            assertThat(a.requests().get(0).body()).isEqualTo(body);
            assertThat(a.requests().get(0).headers()).doesNotContainKey("x-trailer");
        }
    }

    @Test
    void refusesBeforeTheBodyIsSent() throws Exception {
        LimitSettings limits = LimitSettings.DEFAULT;
        try (ScriptedUpstream a = ScriptedUpstream.start(answer(200, "{}"));
                ProxyUnderTest proxy = before(a).start()) {
            String expect = "expect: 100-continue\r\n";
            RawClient caller = proxy.connect().send("POST /v1/files HTTP/1.1\r\nhost: x\r\n"
                    + expect + "content-length: 5\r\n\r\n");
            assertThat(caller.readHead().status()).isEqualTo(401);

            caller = proxy.connect().send("POST /v1/files HTTP/1.1\r\nhost: x\r\n" + expect
                    + AUTHORIZATION + "\r\ncontent-length: "
                    + (limits.streams().uploadBytes() + 1) + "\r\n\r\n");
            assertThat(caller.readHead().status()).isEqualTo(413);

            caller = proxy.connect().send("POST /v1/files HTTP/1.1\r\nhost: x\r\n" + expect
                    + AUTHORIZATION + "\r\ncontent-length: 5\r\n\r\n");
            assertThat(caller.readHead().status()).isEqualTo(100);
            assertThat(caller.send("12345").readHead().status()).isEqualTo(200);
            assertThat(a.requests().get(0).text()).isEqualTo("12345");
            assertThat(a.requests().get(0).headers()).doesNotContainKey("expect");
        }
    }

    @Test
    void passesOnAnAnswerThatComesBeforeTheUploadHasEnded() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readHead();
                    x.readBytes(300_000);
                    x.head(413, "content-length: 5").write("large").flush();
                    x.awaitClosed(PATIENCE);
                });
                ProxyUnderTest proxy = before(a).start()) {
            RawClient caller = proxy.connect().send("POST /v1/files HTTP/1.1\r\nhost: x\r\n"
                    + AUTHORIZATION + "\r\ncontent-length: 900000\r\n\r\n").send(noise(400_000));

            RawClient.Head head = caller.readHead();
            assertThat(head.status()).isEqualTo(413);
            assertThat(caller.readBody(head)).isEqualTo("large");
            assertThat(head.header("connection")).isEqualTo("close");
            assertThat(a.awaitClosed(1, PATIENCE)).as("never used again").isTrue();
        }
    }

    @Test
    void goesOnToSendWhileAnAnswerComes() throws Exception {
        CountDownLatch answered = new CountDownLatch(1);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readHead();
                    x.readBytes(300_000);
                    x.head(200, "transfer-encoding: chunked").chunk("so far");
                    x.readBytes(300_000);
                    x.chunk("all").lastChunk();
                });
                ProxyUnderTest proxy = before(a).start()) {
            RawClient caller = proxy.connect().send("POST /v1/files HTTP/1.1\r\nhost: x\r\n"
                    + AUTHORIZATION + "\r\ncontent-length: 600000\r\n\r\n").send(noise(300_000));
            caller.readHead();
            assertThat(caller.readChunk()).isEqualTo("so far");
            caller.send(noise(300_000));
            assertThat(caller.readChunked()).isEqualTo("all");
            answered.countDown();
        }
    }

    @Test
    void tellsThatAProviderDiedInAnUpload() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readHead();
                    x.readBytes(300_000);
                    x.reset();
                });
                ScriptedUpstream b = ScriptedUpstream.start(answer(200, "{}"));
                ProxyUnderTest proxy = before(a).provider("b", b.url()).start()) {
            String start = form("name=\"model\"\r\n\r\nsmart",
                    "name=\"file\"; filename=\"a\"\r\n\r\n").replace("\r\n--cut--\r\n", "");
            RawClient caller = proxy.connect().send("POST /v1/audio/translations HTTP/1.1\r\n"
                    + "host: x\r\n" + AUTHORIZATION + "\r\n" + FORM
                    + "\r\ncontent-length: 900000\r\n\r\n").send(start).send(noise(400_000));

            RawClient.Head head = caller.readHead();
            assertThat(head.status()).isEqualTo(502);
            assertThat(head.header("x-penstock-attempts")).isEqualTo("a/model-a=reset");
            assertThat(b.opened()).as("what has gone can't be sent again").isZero();
        }
    }

    @Test
    void sendsAnUploadToTheNextTargetWhileItCan() throws Exception {
        byte[] sound = noise(700_000);
        try (ScriptedUpstream a = ScriptedUpstream.start();
                ScriptedUpstream b = ScriptedUpstream.start(answer(200, "{}"))) {
            String dead = a.url();
            a.close();
            try (ProxyUnderTest proxy = ProxyUnderTest.on(transport).provider("a", dead)
                    .provider("b", b.url()).start()) {
                String body = form("name=\"model\"\r\n\r\nsmart",
                        "name=\"file\"; filename=\"a\"\r\n\r\n" + latin1(sound));
                RawClient caller =
                        send(proxy, "POST", "/v1/audio/translations", body, FORM);

                assertThat(caller.readHead().header("x-penstock-attempts"))
                        .contains("a/model-a=connect_failed").endsWith("b/model-b=200");
                assertThat(latin1(b.requests().get(0).body())
                        .equals(body.replace("smart", "model-b"))).isTrue();
            }
        }
    }

    @Test
    void givesUpOnAProviderThatTakesNoMore() throws Exception {
        CountDownLatch done = new CountDownLatch(1);
        try (ScriptedUpstream a = ScriptedUpstream.startNeverReading();
                ProxyUnderTest proxy = before(a).gap(SHORT).start()) {
            RawClient caller = proxy.connect().send("POST /v1/files HTTP/1.1\r\nhost: x\r\n"
                    + AUTHORIZATION + "\r\ncontent-length: " + 64 * MEBIBYTE + "\r\n\r\n");
            Thread sender = new Thread(() -> {
                try {
                    for (int i = 0; i < 64; i++) {
                        caller.send(noise(MEBIBYTE));
                    }
                } catch (IOException e) {
                    done.countDown(); // it is told in between
                }
            });
            sender.start();

            assertThat(caller.readHead().status()).isEqualTo(504);
            caller.close();
            sender.join();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void letsTheProviderKnowThatTheCallerHasGone(boolean reset) throws Exception {
        CountDownLatch read = new CountDownLatch(1);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readHead();
                    x.readBytes(300_000);
                    read.countDown();
                    assertThat(x.awaitClosed(PATIENCE)).isTrue();
                });
                ProxyUnderTest proxy = before(a).start()) {
            RawClient caller = proxy.connect().send("POST /v1/files HTTP/1.1\r\nhost: x\r\n"
                    + AUTHORIZATION + "\r\ncontent-length: 900000\r\n\r\n").send(noise(400_000));
            assertThat(read.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
            if (reset) {
                caller.reset();
            } else {
                caller.close();
            }
            proxy.awaitResidue("concurrent=0 .* upstream_in_flight=0 upstream_open=0 .*");
        }
    }

    // Who may

    private static AuthSettings key(String... models) {
        return new AuthSettings(List.of(new ApiKeySettings("tester",
                ProxyUnderTest.Builder.hash(CALLER_KEY), List.of(models))), false);
    }

    @Test
    void keepsAKeyToItsModels() throws Exception {
        String twice = form("name=\"model\"\r\n\r\nmodel-a",
                "name=\"file\"; filename=\"a\"\r\n\r\n" + latin1(noise(600_000)),
                "name=\"model\"\r\n\r\nmodel-b");
        try (ScriptedUpstream a = ScriptedUpstream.start(answer(200, "{}"));
                ProxyUnderTest proxy = before(a).auth(key("model-a", "smart")).start()) {
            assertThat(postJson(proxy, "/v1/rerank", "{\"model\":\"model-a\"}").readHead()
                    .status()).isEqualTo(200);
            assertThat(postJson(proxy, "/v1/rerank", "{\"model\":\"same-everywhere\"}")
                    .readHead().status()).isEqualTo(403);
            for (String path : List.of("/v1/moderations", "/passthrough/a/v1/x", "/v1/files",
                    "/v1/batches")) {
                assertThat(postJson(proxy, path, "{}").readHead().status()).as(path)
                        .isEqualTo(403);
            }
            assertThat(send(proxy, "POST", "/v1/audio/translations", twice, FORM).readHead()
                    .status()).isEqualTo(400);
            proxy.awaitQuiet();
            assertThat(a.requests()).as("whole").hasSize(1);
        }
        try (ScriptedUpstream a = ScriptedUpstream.start(answer(200, "{}"));
                ProxyUnderTest proxy = before(a).auth(key("*")).start()) {
            assertThat(send(proxy, "GET", "/passthrough/a/v1/x", null).readHead().status())
                    .isEqualTo(200);
        }
    }

    @Test
    void keepsWhatAnAccountHoldsFromCallersWithoutAKey() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(answer(200, "{}"));
                ProxyUnderTest proxy =
                        before(a).auth(new AuthSettings(key().keys(), true)).start()) {
            assertThat(proxy.connect().get("/v1/files").readHead().status()).isEqualTo(403);
            assertThat(proxy.connect().get("/passthrough/a/x").readHead().status())
                    .isEqualTo(403);
            assertThat(proxy.connect().post("/v1/moderations", "{}").readHead().status())
                    .isEqualTo(200);
        }
    }

    // What it costs

    @ParameterizedTest
    @ValueSource(strings = {"/v1/images/generations", "/passthrough/a/v1/responses"})
    void booksWhatTheReplyTells(String path) throws Exception {
        Path log = directory.resolve("access.log");
        String body = "{\"data\":[{\"b64_json\":\"" + "x".repeat(200_000)
                + "\"}],\"usage\":{\"input_tokens\":5,\"output_tokens\":100}}";
        try (ScriptedUpstream a = ScriptedUpstream.start(
                        answer(200, body, "content-type: application/json"));
                ProxyUnderTest proxy = before(a).accessLog(log).start()) {
            RawClient caller = postJson(proxy, path, "{\"model\":\"model-a\"}");
            assertThat(caller.readBody(caller.readHead()).equals(body)).isTrue();
            proxy.awaitQuiet();
            proxy.stop(Duration.ZERO);
        }
        assertThat(Files.readString(log)).contains("\"model\":\"model-a\"")
                .contains("\"prompt_tokens\":5,\"completion_tokens\":100")
                .doesNotContain("estimated");
    }

    @Test
    void estimatesAStreamThatTellsNothing() throws Exception {
        Path log = directory.resolve("access.log");
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.sseHead().event("{\"a\":1}").event("{\"a\":2}").event("[DONE]").lastChunk();
                });
                ProxyUnderTest proxy = before(a).accessLog(log).start()) {
            RawClient caller = postJson(proxy, "/passthrough/a/v1/chat/completions",
                    "{\"model\":\"model-a\",\"stream\":true}");
            caller.readHead();
            assertThat(caller.readChunked())
                    .isEqualTo("data: {\"a\":1}\n\ndata: {\"a\":2}\n\ndata: [DONE]\n\n");
            proxy.awaitQuiet();
            proxy.stop(Duration.ZERO);
        }
        assertThat(Files.readString(log)).contains("\"stream\":true")
                .contains("\"completion_tokens\":3").contains("\"estimated\":true");
    }

    @Test
    void countsAgainstTheCallersLimits() throws Exception {
        LimitSettings one = new LimitSettings(null, 1, 1024, 32 * 1024, 100, null);
        CountDownLatch go = new CountDownLatch(1);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    go.await();
                    x.head(200, "content-length: 0").flush();
                });
                ProxyUnderTest proxy = before(a).limits(one).start()) {
            RawClient first = send(proxy, "GET", "/v1/files", null);
            assertThat(a.awaitRequests(1, PATIENCE)).isTrue();
            assertThat(send(proxy, "GET", "/v1/files", null).readHead().status())
                    .isEqualTo(503);
            go.countDown();
            assertThat(first.readHead().status()).isEqualTo(200);
            proxy.awaitQuiet();
            assertThat(postJson(proxy, "/v1/rerank", "{\"model\":\"" + SMART + "\",\"a\":\""
                    + "x".repeat(1024) + "\"}").readHead().status()).isEqualTo(413);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 3 * MEBIBYTE})
    void waitsForItsTurnWithWhatItMayHold(int length) throws Exception {
        byte[] body = noise(length);
        LimitSettings one = new LimitSettings(null, 1, MEBIBYTE, 32 * 1024, 100, null,
                new QueueSettings(5, PATIENCE), StreamLimits.DEFAULT);
        CountDownLatch go = new CountDownLatch(1);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    go.await();
                    x.head(200, "content-length: 0").flush();
                }, answer(200, "{}"));
                ProxyUnderTest proxy = before(a).limits(one).start()) {
            RawClient first = send(proxy, "GET", "/v1/files", null);
            assertThat(a.awaitRequests(1, PATIENCE)).isTrue();
            RawClient second = proxy.connect().send("POST /v1/files HTTP/1.1\r\nhost: x\r\n"
                    + AUTHORIZATION + "\r\ncontent-length: " + length + "\r\n\r\n");
            Thread sender = new Thread(() -> {
                try {
                    second.send(body);
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            sender.start();
            proxy.awaitResidue(".* connections=2 .*");
            go.countDown();

            assertThat(first.readHead().status()).isEqualTo(200);
            assertThat(second.readHead().status()).isEqualTo(200);
            assertThat(a.requests().get(1).body()).isEqualTo(body);
            sender.join();
        }
    }

    @Test
    void givesUpWaitingInTime() throws Exception {
        LimitSettings one = new LimitSettings(null, 1, MEBIBYTE, 32 * 1024, 100, null,
                new QueueSettings(5, SHORT), StreamLimits.DEFAULT);
        CountDownLatch go = new CountDownLatch(1);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    go.await();
                    x.head(200, "content-length: 0").flush();
                });
                ProxyUnderTest proxy = before(a).limits(one).start()) {
            RawClient first = send(proxy, "GET", "/v1/files", null);
            assertThat(a.awaitRequests(1, PATIENCE)).isTrue();

            assertThat(send(proxy, "GET", "/v1/files", null).readHead().status())
                    .isEqualTo(503);
            go.countDown();
            assertThat(first.readHead().status()).isEqualTo(200);
        }
    }

    @Test
    void leavesAFailingTargetAloneAsAChatDoes() throws Exception {
        BreakerSettings quick = new BreakerSettings(true, 0.5, 2, Duration.ofSeconds(30),
                PATIENCE.plusSeconds(60), 1);
        RetrySettings once = new RetrySettings(4, 0, Duration.ZERO, 1);
        try (ScriptedUpstream a = ScriptedUpstream.start(answer(503, "{}"));
                ScriptedUpstream b = ScriptedUpstream.start(answer(200, "{}"));
                ProxyUnderTest proxy = before(a).provider("b", b.url()).breaker(quick)
                        .retry(once).start()) {
            for (int i = 0; i < 4; i++) {
                assertThat(postJson(proxy, "/v1/rerank", "{\"model\":\"smart\"}").readHead()
                        .status()).isEqualTo(200);
            }
            assertThat(a.requests()).hasSize(2);

            assertThat(send(proxy, "GET", "/passthrough/a/x", null).readHead().status())
                    .as("which no breaker keeps").isEqualTo(503);
        }
    }
}
