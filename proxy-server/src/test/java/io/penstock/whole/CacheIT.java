package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static io.penstock.testing.ProxyUnderTest.chat;
import static io.penstock.testing.ScriptedUpstream.GOOD_UNARY;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.penstock.auth.ApiKeySettings;
import io.penstock.auth.AuthSettings;
import io.penstock.cache.CacheSettings;
import io.penstock.cache.CacheSettings.Replay;
import io.penstock.cache.CacheSettings.Scope;
import io.penstock.loop.Transport;
import io.penstock.mock.Fault;
import io.penstock.mock.MockServer;
import io.penstock.mock.MockSettings;
import io.penstock.provider.ProviderType;
import io.penstock.provider.ProviderTypes;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.testing.ScriptedUpstream.Script;
import io.penstock.whole.FormatsIT.Client;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Identical calls are answered from memory, or by the one call that is under way. */
class CacheIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String OTHER_KEY = "pk-somebody-elses-secret-9876543210";
    private static final String HEADER = "x-penstock-cache";
    private static final CacheSettings ON = with(Scope.KEY, Replay.FAST, Duration.ofHours(1));

    @TempDir
    Path directory;

    private static CacheSettings with(Scope scope, Replay replay, Duration ttl) {
        return new CacheSettings(true, ttl, 64L * 1024 * 1024, scope, replay);
    }

    /** What a caller got. */
    private record Got(int status, String cache, String age, String body) {}

    private ProxyUnderTest.Builder before(String url) {
        return ProxyUnderTest.on(Transport.auto()).provider("a", url).cache(ON);
    }

    private static Got read(RawClient caller) throws IOException {
        RawClient.Head head = caller.readHead();
        String body = "chunked".equals(head.header("transfer-encoding")) ? caller.readChunked()
                : caller.readBody(head);
        return new Got(head.status(), head.header(HEADER), head.header("age"), body);
    }

    private static RawClient send(ProxyUnderTest proxy, Client client, String members,
            String... fields) throws IOException {
        List<String> all = new ArrayList<>(List.of(fields));
        all.add("x-api-key: " + CALLER_KEY);
        return proxy.connect().post(client.path(SMART, members), client.body(SMART, members),
                all.toArray(String[]::new));
    }

    private static Got ask(ProxyUnderTest proxy, Client client, String members, String... fields)
            throws IOException {
        return read(send(proxy, client, members, fields));
    }

    private static Got chatWith(ProxyUnderTest proxy, String body, String... fields)
            throws IOException {
        return read(ProxyUnderTest.askWith(proxy.connect(), body, fields));
    }

    static Stream<Arguments> everyFormat() {
        return Stream.of(Client.values()).flatMap(client -> Stream.of("", ",\"stream\":true")
                .flatMap(members -> Stream.of(ProviderTypes.OPENAI_COMPATIBLE,
                        ProviderTypes.ANTHROPIC).map(type ->
                        Arguments.of(client, members, type))));
    }

    @ParameterizedTest
    @MethodSource("everyFormat")
    void answersARepeatedCallFromMemory(Client client, String members,
            ProviderType type) throws Exception {
        try (MockServer mock = MockServer.start(MockSettings.DEFAULT.withName("a"), 1);
                ProxyUnderTest proxy = before("http://127.0.0.1:" + mock.port()).type(type)
                        .start()) {
            Got first = ask(proxy, client, members);
            Got second = ask(proxy, client, members);

            assertThat(first.status).as(first.body).isEqualTo(200);
            assertThat(first.cache).isEqualTo("miss");
            assertThat(first.age).isNull();
            assertThat(second.status).isEqualTo(200);
            assertThat(second.cache).isEqualTo("hit");
            assertThat(second.age).isEqualTo("0");
            assertThat(second.body).isEqualTo(first.body).isNotEmpty();
            assertThat(mock.requests()).isEqualTo(1);
        }
    }

    static Stream<Arguments> shapes() {
        return Stream.of(Client.values()).flatMap(client -> Stream.of(
                ProviderTypes.OPENAI_COMPATIBLE, ProviderTypes.ANTHROPIC, ProviderTypes.GEMINI)
                .map(type -> Arguments.of(client, type)));
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void answersWithTheEventsOfAWholeReply(Client client, ProviderType type) throws Exception {
        try (MockServer mock = MockServer.start(MockSettings.DEFAULT.withName("a")
                        .withText("One two three four"), 1);
                ProxyUnderTest proxy = before("http://127.0.0.1:" + mock.port()).type(type)
                        .start()) {
            ask(proxy, client, "");
            Got stream = ask(proxy, client, ",\"stream\":true");

            assertThat(stream.cache).isEqualTo("hit");
            assertThat(client.streamed(FormatsIT.events(stream.body)))
                    .isEqualTo("One two three four");
            assertThat(stream.body.stripTrailing()).endsWith(client.lastWord().stripTrailing());
            assertThat(ask(proxy, client, ",\"stream\":true").body).isEqualTo(stream.body);
            assertThat(mock.requests()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void answersWithTheWholeReplyOfAStream(Client client, ProviderType type) throws Exception {
        try (MockServer mock = MockServer.start(MockSettings.DEFAULT.withName("a")
                        .withText("One two three four"), 1);
                ProxyUnderTest proxy = before("http://127.0.0.1:" + mock.port()).type(type)
                        .start()) {
            ask(proxy, client, ",\"stream\":true");
            Got whole = ask(proxy, client, "");
            JsonNode reply = JSON.readTree(whole.body);

            assertThat(whole.cache).isEqualTo("hit");
            assertThat(client.text(reply)).isEqualTo("One two three four");
            assertThat(client.finish(reply)).isIn("stop", "end_turn", "completed", "STOP");
            assertThat(whole.body).contains("sage"); // usage, or usageMetadata
            assertThat(mock.requests()).isEqualTo(1);
        }
    }

    @Test
    void tellsTheUsageOfAStreamToThoseWhoAskAndNobodyElse() throws Exception {
        String asking = ",\"stream\":true,\"stream_options\":{\"include_usage\":true}";
        try (MockServer mock = MockServer.start(MockSettings.DEFAULT.withName("a"), 1);
                ProxyUnderTest proxy = before("http://127.0.0.1:" + mock.port()).start()) {
            String first = ask(proxy, Client.CHAT, ",\"stream\":true").body;
            Got asked = ask(proxy, Client.CHAT, asking);

            assertThat(first).doesNotContain("\"usage\":{");
            assertThat(asked.cache).isEqualTo("hit");
            assertThat(asked.body).contains("\"choices\":[],\"usage\":{\"prompt_tokens\":");
            assertThat(mock.requests()).isEqualTo(1);
        }
    }

    @Test
    void tellsWhoGaveAReplyFirst() throws Exception {
        try (ScriptedUpstream upstream = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(upstream.url()).start()) {
            chatWith(proxy, chat(SMART, false));
            RawClient.Head hit = proxy.ask(SMART, false).readHead();

            assertThat(hit.header("x-penstock-provider")).isEqualTo("a");
            assertThat(hit.header("x-penstock-model")).isEqualTo("model-a");
            assertThat(hit.header("x-penstock-attempts")).isNull();
            assertThat(hit.header("content-type")).isEqualTo("application/json");
            assertThat(hit.header("content-length"))
                    .isEqualTo(Integer.toString(GOOD_UNARY.length()));
            assertThat(hit.header("server-timing")).contains("total;dur=");
        }
    }

    @Test
    void knowsACallAgainHoweverItIsSpelt() throws Exception {
        try (ScriptedUpstream upstream = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(upstream.url()).start()) {
            chatWith(proxy, "{\"model\":\"smart\",\"temperature\":1,\"messages\":[{\"role\":"
                    + "\"user\",\"content\":\"é\"}],\"user\":\"x\",\"metadata\":{\"a\":\"b\"}}");

            assertThat(chatWith(proxy, "{ \"user\": \"y\", \"messages\": [ {\"content\":"
                    + "\"\\u00e9\", \"role\":\"user\"} ],\n \"temperature\":1.0, \"stream\":false,"
                    + "\"model\":\"smart\"}").cache).isEqualTo("hit");
            assertThat(upstream.requests()).hasSize(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {",\"temperature\":0.5", ",\"seed\":1", ",\"n\":2", ",\"tools\":[]",
        ",\"unknown_to_us\":1", ",\"fallbacks\":[\"same-everywhere\"]"})
    void tellsCallsApartThatAskForSomethingElse(String members) throws Exception {
        try (ScriptedUpstream upstream = ScriptedUpstream.start(ScriptedUpstream.goodUnary(),
                ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(upstream.url()).start()) {
            ask(proxy, Client.CHAT, "");

            assertThat(ask(proxy, Client.CHAT, members).cache).isEqualTo("miss");
            assertThat(upstream.requests()).hasSize(2);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"x-penstock-cache: no-store", "x-penstock-cache: no-cache",
        "cache-control: no-store", "Cache-Control: max-age=0, No-Cache"})
    void neitherGivesNorKeepsWhereTheCallerSaysSo(String field) throws Exception {
        try (ScriptedUpstream upstream = ScriptedUpstream.start(ScriptedUpstream.goodUnary(),
                ScriptedUpstream.goodUnary(), ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(upstream.url()).start()) {
            assertThat(chatWith(proxy, chat(SMART, false), field).cache).isEqualTo("bypass");
            assertThat(chatWith(proxy, chat(SMART, false)).cache).isEqualTo("miss");
            assertThat(chatWith(proxy, chat(SMART, false), field).cache).isEqualTo("bypass");
            assertThat(chatWith(proxy, chat(SMART, false)).cache).isEqualTo("hit");
            assertThat(upstream.requests()).hasSize(3)
                    .allMatch(request -> request.header(HEADER) == null);
        }
    }

    @Test
    void forgetsRepliesWhenItIsTurnedOff() throws Exception {
        try (ScriptedUpstream upstream = ScriptedUpstream.start(ScriptedUpstream.goodUnary(),
                ScriptedUpstream.goodUnary(), ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(upstream.url()).start()) {
            assertThat(chatWith(proxy, chat(SMART, false)).cache).isEqualTo("miss");
            proxy.prepareReload(before(upstream.url()).cache(CacheSettings.DEFAULT));
            proxy.server().reload();
            assertThat(chatWith(proxy, chat(SMART, false)).cache).isNull();
            proxy.prepareReload(before(upstream.url()));
            proxy.server().reload();

            assertThat(chatWith(proxy, chat(SMART, false)).cache).isEqualTo("miss");
        }
    }

    @Test
    void joinsNoCallThatIsDrainedForItsUsage() throws Exception {
        CountDownLatch latch = new CountDownLatch(1);
        try (ScriptedUpstream upstream = ScriptedUpstream.start(held(latch, true),
                ScriptedUpstream.goodStream(4));
                ProxyUnderTest proxy = before(upstream.url()).drains().start()) {
            RawClient leader = proxy.ask(SMART, true);
            leader.readHead();
            leader.reset();
            proxy.awaitNoCallers();

            assertThat(chatWith(proxy, chat(SMART, true)).cache).isEqualTo("miss");
            latch.countDown();
        }
    }

    @Test
    void hasNoPartInCallsThatHaveNoKey() throws Exception {
        String twice = chat(SMART, false).replace("{\"model\"", "{\"seed\":1,\"seed\":2,\"model\"");
        try (ScriptedUpstream upstream = ScriptedUpstream.start(ScriptedUpstream.goodUnary(),
                ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(upstream.url()).start()) {
            assertThat(chatWith(proxy, twice).cache).isEqualTo("bypass");
            assertThat(chatWith(proxy, twice).cache).isEqualTo("bypass");
        }
    }

    @Test
    void saysNothingOfItselfWhereCallersMustNotSee() throws Exception {
        try (ScriptedUpstream upstream = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(upstream.url()).idHeadersOnly().start()) {
            chatWith(proxy, chat(SMART, false));
            Got hit = chatWith(proxy, chat(SMART, false));

            assertThat(hit.status).isEqualTo(200);
            assertThat(hit.cache).isNull();
            assertThat(hit.age).isNull();
            assertThat(upstream.requests()).hasSize(1);
        }
    }

    @Test
    void saysNothingWhereItIsOff() throws Exception {
        try (ScriptedUpstream upstream = ScriptedUpstream.start(ScriptedUpstream.goodUnary(),
                ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(upstream.url()).cacheTtl(Duration.ZERO).start()) {
            assertThat(chatWith(proxy, chat(SMART, false)).cache).isNull();
            assertThat(chatWith(proxy, chat(SMART, false)).cache).isNull();
        }
    }

    @Test
    void givesAReplyNoLongerThanItsRouteSays() throws Exception {
        try (MockServer mock = MockServer.start(MockSettings.DEFAULT.withName("a"), 1);
                ProxyUnderTest proxy = before("http://127.0.0.1:" + mock.port())
                        .cacheTtl(Duration.ofMillis(300)).start()) {
            assertThat(ask(proxy, Client.CHAT, "").cache).isEqualTo("miss");
            long end = System.nanoTime() + PATIENCE.toNanos();
            while (!ask(proxy, Client.CHAT, "").cache.equals("miss")) {
                assertThat(System.nanoTime() - end).isNegative();
            }

            assertThat(mock.requests()).isEqualTo(2);
        }
    }

    @Test
    void keepsNoErrors() throws Exception {
        try (MockServer mock = MockServer.start(MockSettings.DEFAULT.withName("a")
                        .withFail(new Fault(Fault.Kind.STATUS, 400), 1), 1);
                ProxyUnderTest proxy = before("http://127.0.0.1:" + mock.port()).start()) {
            for (Client client : Client.values()) {
                assertThat(ask(proxy, client, "").status).isEqualTo(400);
                assertThat(ask(proxy, client, ",\"stream\":true").status).isEqualTo(400);
                assertThat(ask(proxy, client, "").cache).isNotEqualTo("hit");
            }
        }
    }

    private static AuthSettings twoCallers() {
        return new AuthSettings(List.of(
                new ApiKeySettings("tester", ProxyUnderTest.Builder.hash(CALLER_KEY), List.of()),
                new ApiKeySettings("other", ProxyUnderTest.Builder.hash(OTHER_KEY), List.of())),
                false);
    }

    private static Got askAsOther(ProxyUnderTest proxy, Client client) throws IOException {
        return read(proxy.connect().post(client.path(SMART, ""), client.body(SMART, ""),
                "x-api-key: " + OTHER_KEY));
    }

    @ParameterizedTest
    @MethodSource("clients")
    void givesNoCallerWhatAnotherGot(Client client) throws Exception {
        try (MockServer mock = MockServer.start(MockSettings.DEFAULT.withName("a"), 1);
                ProxyUnderTest proxy = before("http://127.0.0.1:" + mock.port())
                        .auth(twoCallers()).start()) {
            ask(proxy, client, "");

            assertThat(askAsOther(proxy, client).cache).isEqualTo("miss");
            assertThat(askAsOther(proxy, client).cache).isEqualTo("hit");
        }
    }

    static Stream<Client> clients() {
        return Stream.of(Client.values());
    }

    @ParameterizedTest
    @MethodSource("clients")
    void sharesRepliesWhereThatIsSaidButNoResponses(Client client) throws Exception {
        try (MockServer mock = MockServer.start(MockSettings.DEFAULT.withName("a"), 1);
                ProxyUnderTest proxy = before("http://127.0.0.1:" + mock.port())
                        .cache(with(Scope.SHARED, Replay.FAST, Duration.ofHours(1)))
                        .auth(twoCallers()).start()) {
            ask(proxy, client, "");

            assertThat(askAsOther(proxy, client).cache)
                    .isEqualTo(client == Client.RESPONSES ? "miss" : "hit");
        }
    }

    @Test
    void spreadsAPacedStreamOverTheTimeThatItTook() throws Exception {
        try (MockServer mock = MockServer.start(MockSettings.DEFAULT.withName("a").withEvents(6)
                        .withInterval(Duration.ofMillis(50)), 1);
                ProxyUnderTest proxy = before("http://127.0.0.1:" + mock.port())
                        .cache(with(Scope.KEY, Replay.PACED, Duration.ofHours(1))).start()) {
            Got first = ask(proxy, Client.CHAT, ",\"stream\":true");
            long begun = System.nanoTime();
            Got again = ask(proxy, Client.CHAT, ",\"stream\":true");

            assertThat(again.cache).isEqualTo("hit");
            assertThat(again.body).isEqualTo(first.body);
            assertThat(System.nanoTime() - begun).isGreaterThan(150_000_000L);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"stream\":false", "\"stream\":true", "\"failover\":true"})
    void hasNoPartInComparisonsWhichMeasure(String member) throws Exception {
        String body = "{\"models\":[\"smart\",\"same-everywhere\"]," + member
                + ",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}";
        try (MockServer mock = MockServer.start(MockSettings.DEFAULT.withName("a")
                        .withText("One two three four"), 1);
                ProxyUnderTest proxy = before("http://127.0.0.1:" + mock.port()).start()) {
            ask(proxy, Client.CHAT, "");
            for (int i = 0; i < 2; i++) {
                Got got = read(proxy.connect().post("/compare_models", body,
                        "x-api-key: " + CALLER_KEY));

                assertThat(got.status).as(got.body).isEqualTo(200);
                assertThat(got.body).contains("four").contains("\"status\":200")
                        .doesNotContain("\"error\":{");
            }
            assertThat(mock.requests()).isEqualTo(5);
        }
    }

    // Calls under way

    /** Answers once the latch is open, in two parts if it is a stream. */
    private static Script held(CountDownLatch latch, boolean stream) {
        return x -> {
            x.readRequest();
            List<String> events = ScriptedUpstream.goodEvents(4);
            if (stream) {
                x.sseHead();
                for (int i = 0; i < 3; i++) {
                    x.event(events.get(i));
                }
            }
            if (!latch.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError("nobody opened the latch");
            }
            if (stream) {
                for (int i = 3; i < events.size(); i++) {
                    x.event(events.get(i));
                }
                x.event("[DONE]").lastChunk();
            } else {
                x.head(200, "content-type: application/json",
                        "content-length: " + GOOD_UNARY.length()).write(GOOD_UNARY).flush();
            }
        };
    }

    private static String wholeStream() {
        StringBuilder all = new StringBuilder();
        ScriptedUpstream.goodEvents(4).forEach(each ->
                all.append("data: ").append(each).append("\n\n"));
        return all.append("data: [DONE]\n\n").toString();
    }

    private static void awaitCalls(ProxyUnderTest proxy, int count) {
        proxy.awaitResidue("concurrent=" + count + " .*");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void joinsACallThatIsUnderWay(boolean stream) throws Exception {
        CountDownLatch latch = new CountDownLatch(1);
        try (ScriptedUpstream upstream = ScriptedUpstream.start(held(latch, stream));
                ProxyUnderTest proxy = before(upstream.url()).threads(2).start()) {
            List<RawClient> callers = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                callers.add(proxy.ask(SMART, stream));
            }
            awaitCalls(proxy, 8);
            latch.countDown();

            Map<String, Integer> uses = new TreeMap<>();
            for (RawClient caller : callers) {
                Got got = read(caller);
                assertThat(got.body).isEqualTo(stream ? wholeStream() : GOOD_UNARY);
                uses.merge(got.cache, 1, Integer::sum);
            }
            assertThat(uses).isEqualTo(Map.of("joined", 7, "miss", 1));
            assertThat(upstream.requests()).hasSize(1);
        }
    }

    @Test
    void givesALateFollowerWhatWentBeforeAtOnce() throws Exception {
        CountDownLatch latch = new CountDownLatch(1);
        try (ScriptedUpstream upstream = ScriptedUpstream.start(held(latch, true));
                ProxyUnderTest proxy = before(upstream.url()).threads(2).start()) {
            RawClient leader = proxy.ask(SMART, true);
            leader.readHead();
            String begun = leader.readChunk();
            RawClient late = proxy.ask(SMART, true);
            RawClient.Head head = late.readHead();

            assertThat(head.header(HEADER)).isEqualTo("joined");
            assertThat(late.readChunk()).startsWith(begun.substring(0, 20));
            latch.countDown();
            late.readChunked();
            leader.readChunked();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void goesOnForTheOthersWhenTheLeadersCallerLeaves(boolean stream) throws Exception {
        CountDownLatch latch = new CountDownLatch(1);
        try (ScriptedUpstream upstream = ScriptedUpstream.start(held(latch, stream));
                ProxyUnderTest proxy = before(upstream.url()).start()) {
            RawClient leader = proxy.ask(SMART, stream);
            assertThat(upstream.awaitRequests(1, PATIENCE)).isTrue();
            if (stream) {
                leader.readHead();
            }
            RawClient follower = proxy.ask(SMART, stream);
            awaitCalls(proxy, 2);
            leader.reset();
            proxy.awaitResidue(".* connections=1 .*");
            latch.countDown();

            assertThat(read(follower).body).isEqualTo(stream ? wholeStream() : GOOD_UNARY);
            assertThat(chatWith(proxy, chat(SMART, stream)).cache).isEqualTo("hit");
            assertThat(upstream.requests()).hasSize(1);
        }
    }

    @Test
    void cancelsTheCallWhenTheLastHasLeft() throws Exception {
        Script endless = x -> {
            x.readRequest();
            x.sseHead();
            for (String event : ScriptedUpstream.goodEvents(1).subList(0, 2)) {
                x.event(event);
            }
            if (!x.awaitClosed(PATIENCE)) {
                throw new AssertionError("the call was not cancelled");
            }
        };
        try (ScriptedUpstream upstream = ScriptedUpstream.start(endless);
                ProxyUnderTest proxy = before(upstream.url()).start()) {
            RawClient leader = proxy.ask(SMART, true);
            leader.readHead();
            RawClient follower = proxy.ask(SMART, true);
            follower.readHead();
            follower.reset();
            awaitCalls(proxy, 1);
            leader.reset();

            assertThat(upstream.awaitClosed(1, PATIENCE)).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void hasAFollowerAskWhenTheLeaderFails(boolean stream) throws Exception {
        CountDownLatch latch = new CountDownLatch(1);
        Script busy = x -> {
            x.readRequest();
            if (!latch.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError("nobody opened the latch");
            }
            x.head(429, "content-type: application/json", "content-length: 2").write("{}").flush();
        };
        CountDownLatch open = new CountDownLatch(0);
        try (ScriptedUpstream upstream = ScriptedUpstream.start(busy, held(open, stream));
                ProxyUnderTest proxy = before(upstream.url()).withoutBreaker().keyless().start()) {
            RawClient leader = proxy.ask(SMART, stream);
            assertThat(upstream.awaitRequests(1, PATIENCE)).isTrue();
            List<RawClient> followers = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                followers.add(proxy.ask(SMART, stream));
            }
            awaitCalls(proxy, 4);
            latch.countDown();

            assertThat(read(leader).status).isEqualTo(429);
            List<String> uses = new ArrayList<>();
            for (RawClient follower : followers) {
                Got got = read(follower);
                assertThat(got.body).isEqualTo(stream ? wholeStream() : GOOD_UNARY);
                uses.add(got.cache);
            }
            assertThat(uses).containsOnlyOnce("miss").contains("joined");
            assertThat(upstream.requests()).hasSize(2);
        }
    }

    @Test
    void endsAFollowersStreamInItsFormatWhenTheLeadersBreaks() throws Exception {
        CountDownLatch latch = new CountDownLatch(1);
        Script breaking = x -> {
            x.readRequest();
            x.sseHead();
            for (String event : ScriptedUpstream.goodEvents(3).subList(0, 3)) {
                x.event(event);
            }
            if (!latch.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError("nobody opened the latch");
            }
            x.reset();
        };
        try (ScriptedUpstream upstream = ScriptedUpstream.start(breaking,
                ScriptedUpstream.goodStream(4));
                ProxyUnderTest proxy = before(upstream.url()).withoutBreaker().start()) {
            RawClient leader = proxy.ask(SMART, true);
            leader.readHead();
            RawClient follower = proxy.ask(SMART, true);
            assertThat(follower.readHead().header(HEADER)).isEqualTo("joined");
            latch.countDown();

            assertThat(follower.readUntilClose()).contains("word0").contains("upstream_error")
                    .doesNotContain("[DONE]");
            assertThat(leader.readUntilClose()).contains("upstream_error");
            assertThat(chatWith(proxy, chat(SMART, true)).cache).isEqualTo("miss");
        }
    }

    @Test
    void letsASlowFollowerTakeItsTime() throws Exception {
        CountDownLatch latch = new CountDownLatch(1);
        try (ScriptedUpstream upstream = ScriptedUpstream.start(large(latch, 3500));
                ProxyUnderTest proxy = before(upstream.url()).threads(2).start()) {
            RawClient leader = proxy.ask(SMART, true);
            assertThat(upstream.awaitRequests(1, PATIENCE)).isTrue();
            RawClient slow = ProxyUnderTest.ask(proxy.connectSmall(4096), SMART, true);
            awaitCalls(proxy, 2);
            latch.countDown();

            String whole = read(leader).body; // while the follower takes nothing
            assertThat(whole).hasSizeGreaterThan(3_500_000);
            assertThat(read(slow).body).isEqualTo(whole);
        }
    }

    @Test
    void cutsAFollowerOffThatIsTooFarBehindAStreamTooLongToBeKept() throws Exception {
        CountDownLatch latch = new CountDownLatch(1);
        try (ScriptedUpstream upstream = ScriptedUpstream.start(large(latch, 40_000));
                ProxyUnderTest proxy = before(upstream.url()).threads(2).start()) {
            RawClient leader = proxy.ask(SMART, true);
            assertThat(upstream.awaitRequests(1, PATIENCE)).isTrue();
            RawClient slow = ProxyUnderTest.ask(proxy.connectSmall(4096), SMART, true);
            awaitCalls(proxy, 2);
            latch.countDown();

            assertThat(read(leader).body).endsWith("data: [DONE]\n\n");
            assertThat(slow.readHead().header(HEADER)).isEqualTo("joined");
            assertThat(slow.readUntilClose()).endsWith("\n\n\r\n").contains("upstream_error")
                    .doesNotContain("[DONE]");
        }
    }

    /** A stream of so many events of a kilobyte, behind its first one once the latch is open. */
    private static Script large(CountDownLatch latch, int events) {
        String page = "x".repeat(1000);
        return x -> {
            x.readRequest();
            x.sseHead();
            List<String> all = ScriptedUpstream.goodEvents(1);
            x.event(all.get(0));
            if (!latch.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError("nobody opened the latch");
            }
            for (int i = 0; i < events; i++) {
                x.event(all.get(1).replace("word0 ", page));
            }
            x.event(all.get(2)).event("[DONE]").lastChunk();
        };
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void makesOneCallOfAThousand(boolean stream) throws Exception {
        try (MockServer mock = MockServer.start(MockSettings.DEFAULT.withName("a").withEvents(20)
                        .withTtft(Duration.ofMillis(1500)).withInterval(Duration.ofMillis(5)), 1);
                ProxyUnderTest proxy = before("http://127.0.0.1:" + mock.port()).threads(3)
                        .start()) {
            List<RawClient> callers = new ArrayList<>();
            for (int i = 0; i < 1000; i++) {
                callers.add(proxy.ask(SMART, stream));
            }

            Map<String, Integer> uses = new TreeMap<>();
            Map<String, Integer> bodies = new TreeMap<>();
            for (RawClient caller : callers) {
                Got got = read(caller);
                uses.merge(got.cache, 1, Integer::sum);
                bodies.merge(got.body, 1, Integer::sum);
            }
            assertThat(mock.requests()).isEqualTo(1);
            assertThat(uses).containsEntry("miss", 1);
            assertThat(bodies).hasSize(1).allSatisfy((body, count) -> assertThat(body)
                    .endsWith(stream ? "data: [DONE]\n\n" : "}"));
        }
    }

    @Test
    void logsWhatTheCacheWasToACallAndBooksNothingForAHit() throws Exception {
        Path log = directory.resolve("access.log");
        try (ScriptedUpstream upstream = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = before(upstream.url()).accessLog(log).start()) {
            chatWith(proxy, chat(SMART, false));
            chatWith(proxy, chat(SMART, false));
            RawClient.Head metrics = proxy.connectAdmin().get("/metrics", "accept: text/plain")
                    .readHead();
            assertThat(metrics.status()).isEqualTo(200);
            proxy.awaitQuiet();
            proxy.stop(PATIENCE);

            List<String> lines = Files.readAllLines(log);
            assertThat(lines).hasSize(2);
            assertThat(lines.get(0)).contains("\"cache\":\"miss\"")
                    .contains("\"prompt_tokens\":7,\"completion_tokens\":3");
            assertThat(lines.get(1)).contains("\"cache\":\"hit\",\"saved_tokens\":10")
                    .contains("\"provider\":\"a\"").contains("\"attempts\":[]")
                    .doesNotContain("prompt_tokens");
        }
    }

    @Test
    void countsHitsForTheRequestRateAndNotForTheBudget() throws Exception {
        String yaml = "providers:\n  - {name: a, type: openai-compatible, base_url: URL/v1, "
                + "models: [m], api_keys: [{value: k}]}\ncache: {enabled: true}\n"
                + "auth: {keys: [{id: tester, hash: \"HASH\", limits: {requests_per_minute: 3}, "
                + "budget: {tokens_per_month: 1000}}]}\n";
        try (ScriptedUpstream upstream = ScriptedUpstream.start(ScriptedUpstream.goodUnary());
                ProxyUnderTest proxy = ProxyUnderTest.ofYaml(Transport.auto(), yaml
                        .replace("URL", upstream.url())
                        .replace("HASH", ProxyUnderTest.Builder.hash(CALLER_KEY))).start()) {
            String body = chat("m", false).replaceFirst("\\{", "{\"max_tokens\":500,");
            assertThat(chatWith(proxy, body).cache).isEqualTo("miss");
            assertThat(chatWith(proxy, body).cache).isEqualTo("hit");
            assertThat(chatWith(proxy, body).cache).isEqualTo("hit");
            assertThat(chatWith(proxy, body).status).isEqualTo(429);

            proxy.awaitQuiet();
            assertThat(proxy.server().ledger().rows(io.penstock.store.Month.of(
                    System.currentTimeMillis()))).singleElement()
                    .matches(row -> row.tokens() == 10);
        }
    }

    @Test
    void endsAReplayThatThePausesOfAShutdownMeet() throws Exception {
        CountDownLatch latch = new CountDownLatch(1);
        try (ScriptedUpstream upstream = ScriptedUpstream.start(held(latch, true));
                ProxyUnderTest proxy = before(upstream.url()).start()) {
            RawClient leader = proxy.ask(SMART, true);
            leader.readHead();
            RawClient follower = proxy.ask(SMART, true);
            follower.readHead();
            proxy.stop(Duration.ZERO);

            assertThat(follower.readUntilClose()).contains("overloaded");
            assertThat(leader.readUntilClose()).contains("overloaded");
            latch.countDown();
        }
    }

    @Test
    void answersCallersWithoutChunks() throws Exception {
        try (ScriptedUpstream upstream = ScriptedUpstream.start(ScriptedUpstream.goodStream(4));
                ProxyUnderTest proxy = before(upstream.url()).start()) {
            String body = chat(SMART, true);
            String request = "POST /v1/chat/completions HTTP/1.0\r\nhost: x\r\nauthorization: "
                    + "Bearer " + CALLER_KEY + "\r\ncontent-type: application/json\r\n"
                    + "content-length: " + body.length() + "\r\n\r\n" + body;
            String first = proxy.connect().send(request).readUntilClose();
            String second = proxy.connect().send(request).readUntilClose();

            assertThat(first).contains("x-penstock-cache: miss").endsWith(wholeStream());
            assertThat(second).contains("x-penstock-cache: hit").endsWith(wholeStream());
            assertThat(chatWith(proxy, body).body).isEqualTo(wholeStream());
            assertThat(Arrays.asList(first.split("\r\n"))).contains("connection: close");
        }
    }
}
