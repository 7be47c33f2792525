package io.penstock.whole;

import static io.penstock.testing.ScriptedUpstream.GOOD_UNARY;
import static io.penstock.testing.ScriptedUpstream.goodStream;
import static io.penstock.testing.ScriptedUpstream.goodUnary;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.config.ConfigLoader;
import io.penstock.config.Overrides;
import io.penstock.config.Settings;
import io.penstock.loop.Transport;
import io.penstock.provider.Plugins;
import io.penstock.server.Penstock;
import io.penstock.testing.PluginJar;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.testing.ScriptedUpstream.Request;
import io.penstock.testing.ScriptedUpstream.Script;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The whole proxy with types of providers that came in jars, the page's example before all. */
class PluginIT {
    private static final String SECRET = "acme-secret";
    private static final String BUSY = "{\"error\":{\"code\":\"acme_busy\"}}";
    private static final String IDLE = "concurrent=0 waiting=0 connections=[0-9]+ "
            + "targets_in_flight=0 upstream_in_flight=0 .*";

    @TempDir
    Path directory;

    private Penstock server;
    private String body;

    /** Starts the real proxy on a file, with whatever is in its folder of plugins. */
    private void start(String providers) throws Exception {
        Path file = Files.writeString(directory.resolve("penstock.yaml"), """
                listen: [{address: "127.0.0.1:0"}]
                admin: {address: "127.0.0.1:0"}
                plugins: {directory: "%s"}
                observe: {access_log: {path: null}}
                retry: {same_target: 0}
                providers:
                %s""".formatted(directory, providers));
        Settings settings = ConfigLoader.load(file, Map.of(), Overrides.NONE, new Plugins())
                .settings();
        server = Penstock.start(settings, Transport.auto(), 1,
                () -> new Penstock.Reloaded(null, "nothing to reload"));
    }

    private static String provider(String name, String type, ScriptedUpstream at) {
        return "  - {name: " + name + ", type: " + type + ", base_url: \"" + at.url() + "/v2\", "
                + "api_keys: [{value: " + SECRET + "}], priority: " + (name.equals("b") ? 2 : 1)
                + "}\n";
    }

    private RawClient.Head post(String path, String json, String... fields) throws Exception {
        try (RawClient caller = RawClient.connect(server.addresses().get(0).getPort())) {
            caller.post(path, json, fields);
            RawClient.Head head = caller.readHead();
            body = caller.readBody(head);
            return head;
        }
    }

    private RawClient.Head ask(boolean stream) throws Exception {
        return post("/v1/chat/completions", "{\"model\":\"large/1\",\"messages\":[]"
                + (stream ? ",\"stream\":true}" : "}"));
    }

    private static String signature(Request request) throws Exception {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(SECRET.getBytes(UTF_8), "HmacSHA256"));
        mac.update((request.method() + " " + request.path() + "\n").getBytes(UTF_8));
        return HexFormat.of().formatHex(mac.doFinal(request.body()));
    }

    private static Script error(int status, String json) {
        return x -> {
            x.readRequest();
            x.head(status, "content-type: application/json", "content-length: " + json.length())
                    .write(json);
        };
    }

    private void writeExample() throws Exception {
        PluginJar.write(directory.resolve("acme.jar"), "com.acme.penstock.AcmeType",
                Files.readString(Path.of("..", "docs", "examples", "AcmeType.java")),
                "com.acme.penstock.AcmeType");
    }

    /** A type called odd that is like OpenAI's but for these members of its class. */
    private void writeOdd(String members) throws Exception {
        PluginJar.write(directory.resolve("odd.jar"), "Odd", """
                import io.penstock.provider.*;

                public final class Odd implements ProviderType {
                    @Override
                    public String configName() {
                        return "odd";
                    }

                    %s
                }
                """.formatted(members), "Odd");
    }

    @AfterEach
    void nothingIsLeftOfAnyCall() {
        if (server != null) {
            assertThat(server.residue()).matches(IDLE);
            server.close();
        }
    }

    @Test
    void theExampleOfThePageIsAskedAtItsPathAndSigned() throws Exception {
        writeExample();
        try (ScriptedUpstream a = ScriptedUpstream.start(goodUnary(), goodStream(3))) {
            start(provider("a", "acme", a));

            assertThat(ask(false).status()).isEqualTo(200);
            assertThat(body).isEqualTo(GOOD_UNARY);
            assertThat(ask(true).status()).isEqualTo(200);
            assertThat(body).endsWith("data: [DONE]\n\n");

            assertThat(a.requests()).hasSize(2);
            for (Request request : a.requests()) {
                assertThat(request.path()).isEqualTo("/v2/models/large%2F1/chat/completions");
                assertThat(request.headers().get("x-acme-signature"))
                        .containsExactly(signature(request));
                assertThat(request.headers()).doesNotContainKey("authorization");
            }
        }
    }

    @Test
    void aSignatureTakesThePlaceOfWhatTheCallerSaysUnderItsName() throws Exception {
        writeExample();
        try (ScriptedUpstream a = ScriptedUpstream.start(goodUnary())) {
            start(provider("a", "acme", a));

            post("/v1/chat/completions", "{\"model\":\"m\",\"messages\":[]}",
                    "X-Acme-Signature: forged", "x-other: kept");

            Request request = a.requests().get(0);
            assertThat(request.headers().get("x-acme-signature"))
                    .containsExactly(signature(request));
            assertThat(request.header("x-other")).isEqualTo("kept");
        }
    }

    @Test
    void signsWhatWasTranslatedToo() throws Exception {
        writeExample();
        try (ScriptedUpstream a = ScriptedUpstream.start(goodUnary())) {
            start(provider("a", "acme", a));

            assertThat(post("/v1/messages", "{\"model\":\"m\",\"max_tokens\":9,\"messages\":"
                    + "[{\"role\":\"user\",\"content\":\"Hi\"}]}").status()).isEqualTo(200);

            Request request = a.requests().get(0);
            assertThat(request.path()).isEqualTo("/v2/models/m/chat/completions");
            assertThat(request.header("x-acme-signature")).isEqualTo(signature(request));
        }
    }

    @Test
    void itsOwnErrorCodeMeansThatTheNextIsAsked() throws Exception {
        writeExample();
        try (ScriptedUpstream a = ScriptedUpstream.start(error(400, "{\"error\":{}}"),
                        error(400, BUSY));
                ScriptedUpstream b = ScriptedUpstream.start(goodUnary())) {
            start(provider("a", "acme", a) + provider("b", "openai", b));

            assertThat(ask(false).status()).isEqualTo(400);
            RawClient.Head head = ask(false);
            assertThat(head.status()).isEqualTo(200);
            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo("a/large/1=400, b/large/1=200");
            assertThat(b.requests().get(0).path()).isEqualTo("/v2/chat/completions");
        }
    }

    @Test
    void signsWhatIsPassedThroughIfItCanBeHeld() throws Exception {
        writeExample();
        try (ScriptedUpstream a = ScriptedUpstream.start(goodUnary())) {
            start(provider("a", "acme", a));

            assertThat(post("/passthrough/a/v2/tune?x=1", "{\"y\":2}").status()).isEqualTo(200);

            Request request = a.requests().get(0);
            assertThat(request.path()).isEqualTo("/v2/tune?x=1");
            assertThat(request.header("x-acme-signature")).isEqualTo(signature(request));
        }
    }

    @Test
    void refusesToSignWhatIsSentOnAsItComes() throws Exception {
        writeExample();
        try (ScriptedUpstream a = ScriptedUpstream.start(goodUnary())) {
            start(provider("a", "acme", a));

            RawClient.Head head = post("/passthrough/a/v2/files", "x".repeat(600_000));

            assertThat(head.status()).isEqualTo(502);
            assertThat(head.header("x-penstock-attempts")).isEqualTo("a/passthrough=unsignable");
            assertThat(a.requests()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {
        """
        @Override
        public String modelName(String model, Site site) {
            throw new IllegalStateException("acme-secret");
        }
        """,
        """
        @Override
        public String modelName(String model, Site site) {
            return null;
        }
        """,
        """
        @Override
        public String modelName(String model, Site site) {
            return modelName(model, site) + model;
        }
        """,
        """
        @Override
        public Authorization authorization(String key, Site site) {
            return Authorization.signed((request, fields) -> {
                throw new java.security.GeneralSecurityException(key);
            });
        }
        """,
        """
        @Override
        public Authorization authorization(String key, Site site) {
            return Authorization.signed((request, fields) -> {
                throw new NoSuchMethodError(key);
            });
        }
        """,
        """
        @Override
        public Authorization authorization(String key, Site site) {
            return Authorization.signed((request, fields) -> fields.add("x-a", "b\\r\\nhost: c"));
        }
        """,
        """
        @Override
        public Authorization authorization(String key, Site site) {
            return Authorization.signed((request, fields) -> fields.add("Content-Length", "0"));
        }
        """,
        """
        @Override
        public Authorization authorization(String key, Site site) {
            return Authorization.signed((request, fields) -> {
                while (true) {
                    fields.add("x-a", "and so on");
                }
            });
        }
        """})
    void aMistakeOfAPluginCostsOneAttempt(String members) throws Exception {
        writeOdd(members);
        try (ScriptedUpstream a = ScriptedUpstream.start(goodUnary());
                ScriptedUpstream b = ScriptedUpstream.start(goodUnary(), goodStream(2),
                        goodUnary())) {
            start(provider("a", "odd", a) + provider("b", "openai", b));

            RawClient.Head head = ask(false);
            assertThat(head.status()).isEqualTo(200);
            assertThat(head.header("x-penstock-attempts"))
                    .isEqualTo("a/large/1=plugin_failed, b/large/1=200");
            assertThat(ask(true).status()).isEqualTo(200);
            assertThat(post("/v1/messages", "{\"model\":\"m\",\"max_tokens\":9,\"messages\":"
                    + "[{\"role\":\"user\",\"content\":\"Hi\"}]}").status()).isEqualTo(200);

            assertThat(a.requests()).isEmpty();
            try (RawClient caller = RawClient.connect(server.adminAddress().getPort())) {
                String page = caller.get("/providers").readBody(caller.readHead());
                assertThat(page).contains("Odd failed with ").doesNotContain(SECRET);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"throw new IllegalStateException();", "return null;",
        "return ReplyVerdict.GOOD;", "throw new NoSuchMethodError();"})
    void aVerdictThatIsNoneCountsAsAFault(String judge) throws Exception {
        writeOdd("""
                @Override
                public ReplyVerdict judge(int status, String body) {
                    if (status == 418) {
                        %s
                    }
                    return ProviderType.super.judge(status, body);
                }
                """.formatted(judge));
        try (ScriptedUpstream a = ScriptedUpstream.start(error(418, "{\"error\":{}}"));
                ScriptedUpstream b = ScriptedUpstream.start(goodUnary())) {
            start(provider("a", "odd", a) + provider("b", "openai", b));

            assertThat(ask(false).header("x-penstock-attempts"))
                    .isEqualTo("a/large/1=418, b/large/1=200");
        }
    }
}
