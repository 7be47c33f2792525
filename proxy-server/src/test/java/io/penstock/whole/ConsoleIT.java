package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static io.penstock.testing.ScriptedUpstream.goodUnary;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.auth.ApiKeySettings;
import io.penstock.auth.AuthSettings;
import io.penstock.loop.Transport;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.testing.ScriptedUpstream.Script;
import java.io.IOException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the console is told: figures and exchanges, to the operator and to callers. */
@ParameterizedClass
@MethodSource("io.penstock.testing.ProxyUnderTest#transports")
class ConsoleIT {
    private static final String OTHER_KEY = "pk-another-callers-secret-9876543210";
    private static final int MAX_EVENTS = 60; // a minute
    private static final int MAX_TABS = 64;

    @Parameter
    Transport transport;

    private final CountDownLatch go = new CountDownLatch(1);

    private static String hash(String key) throws Exception {
        return "sha256:" + HexFormat.of().formatHex(
                MessageDigest.getInstance("SHA-256").digest(key.getBytes()));
    }

    /** Two callers, so that one could see what the other asks. */
    private ProxyUnderTest.Builder proxy(ScriptedUpstream... upstreams) throws Exception {
        ProxyUnderTest.Builder builder = ProxyUnderTest.on(transport).threads(2)
                .auth(new AuthSettings(List.of(
                        new ApiKeySettings("tester", hash(CALLER_KEY), List.of()),
                        new ApiKeySettings("other", hash(OTHER_KEY), List.of())), false));
        String names = "ab";
        for (int i = 0; i < upstreams.length; i++) {
            builder.provider(names.substring(i, i + 1), upstreams[i].url());
        }
        return builder;
    }

    private static String key(String key) {
        return "authorization: Bearer " + key;
    }

    private Script halting() {
        return x -> {
            x.readRequest();
            go.await();
            x.head(200, "content-type: application/json", "content-length: "
                    + ScriptedUpstream.GOOD_UNARY.length()).write(ScriptedUpstream.GOOD_UNARY);
        };
    }

    private static void call(ProxyUnderTest proxy, String key, String id) throws IOException {
        RawClient caller = proxy.connect().post("/v1/chat/completions",
                ProxyUnderTest.chat(SMART, false), key(key), "x-request-id: " + id);
        caller.readBody(caller.readHead());
    }

    private static RawClient open(RawClient client, String path, String... fields)
            throws IOException {
        RawClient.Head head = client.get(path, fields).readHead();
        assertThat(head.status()).isEqualTo(200);
        assertThat(head.header("content-type")).isEqualTo("text/event-stream");
        assertThat(head.header("cache-control")).isEqualTo("no-store");
        return client;
    }

    /** Reads on until there is such a text; returns all that came. */
    private static String readUntil(RawClient feed, Predicate<String> wanted) throws IOException {
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < MAX_EVENTS; i++) {
            all.append(feed.readChunk());
            if (wanted.test(all.toString())) {
                return all.toString();
            }
        }
        throw new AssertionError("not told within a minute: " + all);
    }

    private static String page(RawClient client, String path, String... fields)
            throws IOException {
        RawClient.Head head = client.get(path, fields).readHead();
        assertThat(head.status()).isEqualTo(200);
        return client.readBody(head);
    }

    @Test
    void tellsTheOperatorWhatHappensAsItHappens() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(503, "content-length: 0");
                });
                ScriptedUpstream b = ScriptedUpstream.start(goodUnary());
                ProxyUnderTest proxy = proxy(a, b).start()) {
            RawClient feed = open(proxy.connectAdmin(), "/admin/events");
            String first = readUntil(feed, text -> text.contains("event: running"));
            assertThat(first).startsWith("event: history\ndata: {").contains("event: overview\n",
                    "\"requests\":0,", "\"total\":0,\"exchanges\":[]");

            call(proxy, CALLER_KEY, "req_told");

            String then = readUntil(feed, text -> text.contains("event: finished")
                    && text.contains("\"requests\":1,"));
            assertThat(then).contains("\"failovers\":1", "\"outcomes\":{\"ok\":1}",
                    "{\"missed\":0,\"exchanges\":[{\"id\":\"req_told\",\"state\":\"finished\"",
                    "\"caller\":\"tester\"", "\"outcome\":\"503\",\"why\":\"first\"",
                    "\"outcome\":\"200\",\"why\":\"next\"", "\"attempts\":1,\"failed\":1");
            assertThat(then.split("req_told")).as("told once").hasSize(2);
        }
    }

    @Test
    void tellsANewConsoleOfWhatFinishedBefore() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(goodUnary());
                ProxyUnderTest proxy = proxy(a).start()) {
            call(proxy, CALLER_KEY, "req_first");
            open(proxy.connectAdmin(), "/admin/events").readChunk();

            RawClient feed = open(proxy.connectAdmin(), "/admin/events");

            assertThat(feed.readChunk()).contains("event: history", "req_first");
        }
    }

    @Test
    void showsWhatEachExchangeWaitsFor() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(halting());
                ProxyUnderTest proxy = proxy(a).start()) {
            RawClient caller = proxy.connect().post("/v1/chat/completions",
                    ProxyUnderTest.chat(SMART, false), key(CALLER_KEY),
                    "x-request-id: req_waits");
            assertThat(a.awaitRequests(1, PATIENCE)).isTrue();

            String running = page(proxy.connectAdmin(), "/admin/exchanges");
            assertThat(running).startsWith("{\"running\":{\"total\":1,\"exchanges\":["
                    + "{\"id\":\"req_waits\",\"state\":\"running\",\"caller\":\"tester\","
                    + "\"api\":\"chat\",\"model\":\"smart\",\"stream\":false,")
                    .contains("\"waits_for\":\"head\"", "\"provider\":\"a\"",
                            "\"target_model\":\"model-a\"");
            assertThat(page(proxy.connectAdmin(), "/admin/exchanges/req_waits"))
                    .contains("\"state\":\"running\"");

            go.countDown();
            caller.readBody(caller.readHead());

            assertThat(page(proxy.connectAdmin(), "/admin/exchanges/req_waits"))
                    .contains("\"state\":\"finished\"", "\"status\":200", "\"phases\":{");
            assertThat(page(proxy.connectAdmin(), "/admin/exchanges"))
                    .startsWith("{\"running\":{\"total\":0,\"exchanges\":[]}");
        }
    }

    @Test
    void showsAStreamThatGoesToItsCaller() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.sseHead();
                    List<String> events = ScriptedUpstream.goodEvents(3);
                    x.event(events.get(0)).event(events.get(1));
                    go.await();
                    for (String event : events.subList(2, events.size())) {
                        x.event(event);
                    }
                    x.event("[DONE]").lastChunk();
                });
                ProxyUnderTest proxy = proxy(a).start()) {
            RawClient caller = proxy.ask(SMART, true);
            caller.readHead();

            assertThat(page(proxy.connectAdmin(), "/admin/exchanges"))
                    .contains("\"waits_for\":\"reply\"");

            go.countDown();
            caller.readChunked();
        }
    }

    @Test
    void showsACallerItsOwnExchangesOnly() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(goodUnary());
                ProxyUnderTest proxy = proxy(a).start()) {
            call(proxy, CALLER_KEY, "req_mine");
            call(proxy, OTHER_KEY, "req_theirs");

            assertThat(page(proxy.connect(), "/console/exchanges", key(CALLER_KEY)))
                    .contains("req_mine").doesNotContain("req_theirs", "other");
            assertThat(page(proxy.connect(), "/console/exchanges/req_mine", key(CALLER_KEY)))
                    .contains("\"caller\":\"tester\"");
            RawClient curious = proxy.connect();
            assertThat(curious.get("/console/exchanges/req_theirs", key(CALLER_KEY)).readHead()
                    .status()).isEqualTo(404);
            RawClient feed = open(proxy.connect(), "/console/events", key(CALLER_KEY));
            assertThat(readUntil(feed, text -> text.contains("event: finished")))
                    .contains("req_mine", "\"requests\":2").doesNotContain("req_theirs");
        }
    }

    @Test
    void showsNoSingleExchangeToThoseWhoShareAName() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.ofYaml(transport, """
                        providers:
                          - {name: a, type: openai-compatible, base_url: "%s/v1",
                             api_keys: [{value: k}], models: [smart]}
                        auth: {anonymous: {enabled: true}}
                        """.formatted(a.url())).start()) {
            RawClient caller = proxy.connect().post("/v1/chat/completions",
                    ProxyUnderTest.chat(SMART, false), "x-request-id: req_strange");
            caller.readBody(caller.readHead());

            assertThat(page(proxy.connect(), "/console/exchanges")).isEqualTo("{\"running\":{"
                    + "\"total\":0,\"exchanges\":[]},\"finished\":{\"missed\":0,"
                    + "\"exchanges\":[]}}");
            assertThat(page(proxy.connectAdmin(), "/admin/exchanges"))
                    .contains("req_strange", "\"caller\":\"anonymous\"");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/console/events", "/console/exchanges", "/console/exchanges/x",
        "/console/usage"})
    void asksCallersForAKey(String path) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start();
                ProxyUnderTest proxy = proxy(a).start()) {
            assertThat(proxy.connect().get(path).readHead().status()).isEqualTo(401);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/admin/events", "/admin/exchanges", "/admin/exchanges/x"})
    void asksForTheAdminToken(String path) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start();
                ProxyUnderTest proxy = proxy(a).adminToken("let-me-in").start()) {
            assertThat(proxy.connectAdmin().get(path).readHead().status()).isEqualTo(401);
            assertThat(proxy.connectAdmin().get(path, key("let-me-in")).readHead().status())
                    .isNotEqualTo(401);
            assertThat(proxy.connect().get(path, key(CALLER_KEY)).readHead().status())
                    .as("not on the callers' port").isEqualTo(404);
        }
    }

    @Test
    void tellsACallerWhatItUsed() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(goodUnary());
                ProxyUnderTest proxy = proxy(a).start()) {
            call(proxy, OTHER_KEY, "req_theirs");

            assertThat(page(proxy.connect(), "/console/usage", key(CALLER_KEY)))
                    .contains("\"callers\":[{\"id\":\"tester\",\"calls\":0,")
                    .doesNotContain("other");
            assertThat(page(proxy.connectAdmin(), "/admin/usage?idle=true"))
                    .contains("{\"id\":\"other\",\"calls\":1,", "{\"id\":\"tester\",\"calls\":0,");
        }
    }

    @Test
    void servesThePageAndItsFilesToAnybody() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start();
                ProxyUnderTest proxy = proxy(a).adminToken("let-me-in").start()) {
            for (RawClient client : List.of(proxy.connect(), proxy.connectAdmin())) {
                RawClient.Head head = client.get("/console").readHead();
                String page = client.readBody(head);
                assertThat(head.status()).isEqualTo(200);
                assertThat(head.header("content-security-policy"))
                        .contains("default-src 'none'", "frame-ancestors 'none'");
                String file = page.replaceAll("(?s).*href=\"([^\"]+console\\.css)\".*", "$1");

                head = client.get(file, "accept-encoding: gzip").readHead();
                client.readBytes(Integer.parseInt(head.header("content-length")));
                assertThat(head.header("content-encoding")).isEqualTo("gzip");
                assertThat(head.header("content-type")).isEqualTo("text/css; charset=utf-8");
                assertThat(head.header("cache-control"))
                        .isEqualTo("public, max-age=31536000, immutable");
                head = client.get(file).readHead();
                assertThat(head.header("content-encoding")).isNull();
                assertThat(client.readBody(head)).contains(":root");
                head = client.get("/console/files/0/app.js").readHead();
                assertThat(head.status()).isEqualTo(404);
            }
        }
    }

    @Test
    void endsCallersFeedsWhenItDrainsAndKeepsTheOperators() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(halting());
                ProxyUnderTest proxy = proxy(a).start()) {
            RawClient operators = open(proxy.connectAdmin(), "/admin/events");
            RawClient callers = open(proxy.connect(), "/console/events", key(CALLER_KEY));
            readUntil(callers, text -> text.contains("event: running"));

            RawClient admin = proxy.connectAdmin();
            admin.send("POST /admin/drain HTTP/1.1\r\nhost: localhost\r\n\r\n");
            assertThat(admin.readHead().status()).isEqualTo(202);

            assertThat(callers.readChunked()).contains("event: overview");
            assertThat(callers.awaitClosed(PATIENCE)).isTrue();
            assertThat(readUntil(operators, text -> text.contains("\"ready\":false")))
                    .contains("event: running");
            operators.close();
            assertThat(proxy.stop(Duration.ofSeconds(20))).as("nothing had to be cut").isTrue();
        }
    }

    @Test
    void stopsWithOpenFeeds() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start();
                ProxyUnderTest proxy = proxy(a).start()) {
            RawClient operators = open(proxy.connectAdmin(), "/admin/events");
            operators.readChunk();

            proxy.stop(Duration.ZERO);

            assertThat(operators.awaitClosed(PATIENCE)).isTrue();
        }
    }

    @Test
    void opensSoManyFeedsAndNoMore() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start();
                ProxyUnderTest proxy = proxy(a).start()) {
            RawClient first = open(proxy.connectAdmin(), "/admin/events");
            for (int i = 1; i < MAX_TABS; i++) {
                open(proxy.connectAdmin(), "/admin/events");
            }

            assertThat(proxy.connectAdmin().get("/admin/events").readHead().status())
                    .isEqualTo(503);

            first.close();
            ProxyUnderTest.await("there is room again", () -> {
                try {
                    return proxy.connectAdmin().get("/admin/events").readHead().status() == 200;
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
        }
    }

    @Test
    void answersAHeadRequestWithoutOpeningAFeed() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start();
                ProxyUnderTest proxy = proxy(a).start()) {
            RawClient client = proxy.connectAdmin();

            client.send("HEAD /admin/events HTTP/1.1\r\nhost: localhost\r\n\r\n");
            assertThat(client.readHead().header("content-type")).isEqualTo("text/event-stream");

            assertThat(page(client, "/admin/exchanges")).startsWith("{\"running\"");
        }
    }

    @Test
    void feedsAClientOfHttp10UntilItGoes() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start();
                ProxyUnderTest proxy = proxy(a).start()) {
            RawClient client = proxy.connectAdmin();

            client.send("GET /admin/events HTTP/1.0\r\n\r\n");
            RawClient.Head head = client.readHead();

            assertThat(head.header("transfer-encoding")).isNull();
            assertThat(head.header("connection")).isEqualTo("close");
            assertThat(new String(client.readBytes(20))).isEqualTo("event: history\ndata:");
        }
    }
}
