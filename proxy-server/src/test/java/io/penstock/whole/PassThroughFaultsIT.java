package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static io.penstock.testing.ProxyUnderTest.SHORT;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.caller.Allowance;
import io.penstock.exchange.call.RetrySettings;
import io.penstock.limit.LimitSettings;
import io.penstock.limit.QueueSettings;
import io.penstock.limit.StreamLimits;
import io.penstock.loop.Transport;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.testing.ScriptedUpstream.Script;
import io.penstock.upstream.BreakerSettings;
import io.penstock.upstream.LoadSettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of pass-throughs whose provider is silent, busy, hasty or wrong. */
@ParameterizedClass
@MethodSource("io.penstock.testing.ProxyUnderTest#transports")
class PassThroughFaultsIT {
    private static final String RERANK = "{\"model\":\"model-a\"}";
    private static final Duration LONG = PATIENCE.plusSeconds(40);
    private static final LoadSettings ONE = new LoadSettings(1, 10, LONG, false, 1);
    private static final LoadSettings ONE_AND_SHORT_WAITS =
            new LoadSettings(1, 10, SHORT, false, 1);
    private static final LoadSettings ADAPTIVE = new LoadSettings(100, 0, LONG, true, 2);
    private static final RetrySettings ONCE = new RetrySettings(1, 0, Duration.ZERO, 0);

    @Parameter
    Transport transport;

    @TempDir
    Path directory;

    private ProxyUnderTest.Builder before(ScriptedUpstream a) {
        return ProxyUnderTest.on(transport).provider("a", a.url());
    }

    private static RawClient post(RawClient caller, String path, String body, String... fields)
            throws IOException {
        String[] all = new String[fields.length + 1];
        System.arraycopy(fields, 0, all, 0, fields.length);
        all[fields.length] = "authorization: Bearer " + CALLER_KEY;
        return caller.post(path, body, all);
    }

    private static RawClient rerank(ProxyUnderTest proxy, String... fields) throws IOException {
        return post(proxy.connect(), "/v1/rerank", RERANK, fields);
    }

    private static RawClient upload(ProxyUnderTest proxy, int length) throws IOException {
        return proxy.connect().send("POST /v1/files HTTP/1.1\r\nhost: x\r\nauthorization: Bearer "
                + CALLER_KEY + "\r\ncontent-length: " + length + "\r\n\r\n");
    }

    private static Script answer(int status, String body, String... fields) {
        return x -> {
            x.readRequest();
            x.write("HTTP/1.1 " + status + " Told\r\ncontent-type: application/json\r\n"
                    + String.join("", fields) + "content-length: " + body.length() + "\r\n\r\n")
                    .write(body).flush();
        };
    }

    private static Script gated(Semaphore gate) {
        return x -> {
            x.readRequest();
            gate.acquire();
            x.head(200, "content-length: 2").write("{}").flush();
        };
    }

    private static byte[] noise(int length) {
        byte[] noise = new byte[length];
        new Random(11).nextBytes(noise);
        return noise;
    }

    private static double phase(String timing, String name) {
        Matcher phase = Pattern.compile(name + ";dur=([0-9.]+)").matcher(timing);
        assertThat(phase.find()).as(timing).isTrue();
        return Double.parseDouble(phase.group(1));
    }

    // Slots

    @Test
    void tellsHowLongItWaitedForASlot() throws Exception {
        Semaphore gate = new Semaphore(0);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    gate.acquire();
                    x.pause(SHORT).head(200, "content-length: 2").write("{}").flush();
                }, answer(200, "[]"));
                ProxyUnderTest proxy = before(a).load(ONE).start()) {
            RawClient first = rerank(proxy);
            assertThat(a.awaitRequests(1, PATIENCE)).isTrue();
            RawClient second = rerank(proxy);
            proxy.awaitResidue(".* upstream_waiting=1 .*");
            gate.release();

            assertThat(first.readHead().status()).isEqualTo(200);
            String timing = second.readHead().header("server-timing");
            assertThat(phase(timing, "queue")).isGreaterThanOrEqualTo(SHORT.toMillis() - 1);
            assertThat(phase(timing, "connect")).as("there was one").isLessThan(
                    phase(timing, "queue"));
            assertThat(a.opened()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void goesToTheNextTargetWhenNoSlotGetsFree(boolean upload) throws Exception {
        Semaphore gate = new Semaphore(0);
        byte[] sound = noise(upload ? 700_000 : 100);
        String form = "--cut\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nsmart\r\n"
                + "--cut\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n"
                + new String(sound, StandardCharsets.ISO_8859_1) + "\r\n--cut--\r\n";
        try (ScriptedUpstream a = ScriptedUpstream.start(gated(gate));
                ScriptedUpstream b = ScriptedUpstream.start(answer(200, "[]"));
                ProxyUnderTest proxy = before(a).load(ONE_AND_SHORT_WAITS).provider("b", b.url())
                        .start()) {
            RawClient first = rerank(proxy);
            assertThat(a.awaitRequests(1, PATIENCE)).isTrue();

            RawClient second = proxy.connect().send("POST /v1/audio/translations HTTP/1.1\r\n"
                    + "host: x\r\nauthorization: Bearer " + CALLER_KEY
                    + "\r\ncontent-type: multipart/form-data; boundary=cut\r\ncontent-length: "
                    + form.length() + "\r\n\r\n")
                    .send(form.getBytes(StandardCharsets.ISO_8859_1));
            assertThat(second.readHead().header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=saturated, b/model-b=200");
            assertThat(b.requests().get(0).body()).hasSize(form.length() + 2);
            RawClient third = rerank(proxy);
            RawClient.Head head = third.readHead();
            assertThat(head.status()).isEqualTo(503);
            assertThat(head.header("retry-after")).isEqualTo("1");
            assertThat(third.readBody(head)).contains("overloaded");
            gate.release();
            assertThat(first.readHead().status()).isEqualTo(200);
        }
    }

    /** How a call ends that has, or waits for, a slot. */
    enum Ending { CALLER_LEAVES, ERROR, RESET, STALL, EARLY_ANSWER, CUT }

    @ParameterizedTest
    @ValueSource(strings = {"CALLER_LEAVES", "ERROR", "RESET", "STALL", "EARLY_ANSWER", "CUT"})
    void givesTheSlotBackWhateverEndsAnUpload(Ending ending) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readHead();
                    x.readBytes(300_000);
                    switch (ending) {
                        case CALLER_LEAVES, STALL -> x.stall();
                        case ERROR -> {
                            x.readBytes(600_000);
                            x.head(500, "content-length: 2").write("no").flush();
                        }
                        case RESET -> x.reset();
                        case EARLY_ANSWER -> x.head(413, "content-length: 2").write("no")
                                .awaitClosed(PATIENCE);
                        case CUT -> x.head(200, "content-length: 9").write("so").closeFin();
                        default -> throw new AssertionError(ending);
                    }
                }, answer(200, "[]"));
                ProxyUnderTest proxy = before(a).load(ONE).total(SHORT.multipliedBy(4))
                        .gap(SHORT).start()) {
            RawClient caller = upload(proxy, 900_000).send(noise(400_000));
            assertThat(a.awaitRequests(1, PATIENCE)).isTrue();
            if (ending == Ending.CALLER_LEAVES) {
                caller.close();
            } else {
                if (ending == Ending.ERROR || ending == Ending.STALL) {
                    caller.send(noise(500_000));
                }
                assertThat(caller.readHead().status()).isEqualTo(switch (ending) {
                    case ERROR -> 500;
                    case EARLY_ANSWER -> 413;
                    case STALL -> 504;
                    case CUT -> 200;
                    default -> 502;
                });
            }
            assertThat(rerank(proxy).readHead().status()).isEqualTo(200);
        }
    }

    private static String limitShown(ProxyUnderTest proxy) throws IOException {
        RawClient admin = proxy.connectAdmin().get("/providers");
        return admin.readBody(admin.readHead())
                .replaceAll(".*\"waiting\":0,\"concurrency_limit\":([0-9]+).*", "$1");
    }

    @Test
    void lowersAnAdaptiveLimitWhenTheProviderHasTooMuchToDo() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(answer(529, "{}"));
                ProxyUnderTest proxy = before(a).load(ADAPTIVE).start()) {
            assertThat(limitShown(proxy)).isEqualTo("20");
            rerank(proxy).readHead();
            assertThat(limitShown(proxy)).isEqualTo("18");
            post(proxy.connect(), "/passthrough/a/v1/x", "{}").readHead();
            assertThat(limitShown(proxy)).as("which any caller could bring about")
                    .isEqualTo("18");
        }
    }

    // The breaker

    private static final BreakerSettings QUICK = new BreakerSettings(true, 0.5, 2,
            Duration.ofSeconds(30), PATIENCE.plusSeconds(60), 1);

    @Test
    void leavesATargetAloneThatNeverAnswers() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.stall();
                });
                ProxyUnderTest proxy = before(a).total(SHORT).breaker(QUICK).retry(ONCE)
                        .start()) {
            for (int i = 0; i < 2; i++) {
                RawClient.Head head = rerank(proxy).readHead();
                assertThat(head.status()).isEqualTo(504);
                assertThat(head.header("x-penstock-attempts"))
                        .isEqualTo("a/model-a=total_timeout");
            }
            assertThat(rerank(proxy).readHead().status()).isEqualTo(503);
            assertThat(a.requests()).hasSize(2);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"503", "200", "reset"})
    void asksOnceWhetherATargetIsWellAgain(String outcome) throws Exception {
        BreakerSettings brief = new BreakerSettings(true, 0.5, 1, Duration.ofSeconds(30), SHORT,
                1);
        try (ScriptedUpstream a = ScriptedUpstream.start(answer(503, "{}"), x -> {
                    x.readRequest();
                    if (outcome.equals("reset")) {
                        x.write("HTTP/1.1 200").flush().pause(SHORT).reset();
                    } else {
                        x.head(Integer.parseInt(outcome), "content-length: 2").write("{}");
                    }
                }, answer(200, "[]"));
                ProxyUnderTest proxy = before(a).breaker(brief).retry(ONCE).start()) {
            assertThat(rerank(proxy).readHead().status()).isEqualTo(503);
            assertThat(rerank(proxy).readHead().header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=breaker_open");
            String probe;
            do {
                probe = rerank(proxy).readHead().header("x-penstock-attempts");
            } while (probe.endsWith("breaker_open"));
            assertThat(probe).isEqualTo("a/model-a=" + outcome);
            assertThat(rerank(proxy).readHead().header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=" + (outcome.equals("200") ? "200" : "breaker_open"));
        }
    }

    // Silence and haste

    @Test
    void takesNoLongerThanTheCallerSays() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.stall();
                });
                ProxyUnderTest proxy = before(a).start()) {
            assertThat(rerank(proxy, "x-penstock-timeout: 300ms").readHead().status())
                    .isEqualTo(504);
            assertThat(rerank(proxy, "x-penstock-timeout: soon").readHead().status())
                    .isEqualTo(400);
            assertThat(a.requests()).hasSize(1);
            assertThat(a.requests().get(0).headers()).doesNotContainKey("x-penstock-timeout");
        }
    }

    @Test
    void repeatsNoPostThatCrossedTheCloseOfItsConnection() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(answer(200, "[]"), x -> {
                    x.readRequest();
                    x.closeFin();
                }, answer(200, "[]"));
                ProxyUnderTest proxy = before(a).start()) {
            RawClient caller = proxy.connect();
            RawClient.Head head = post(caller, "/v1/batches", "{}").readHead();
            caller.readBody(head);

            assertThat(post(caller, "/v1/batches", "{}").readHead().status()).isEqualTo(502);
            assertThat(a.requests()).as("batches made").hasSize(2);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"content-length: 5", "connection: close", "x-a: b",
        "Content-Length: 5"})
    void passesOnTheLastWordOfAProviderThatHangsUpOnAnUpload(String field) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readHead();
                    x.readBytes(300_000);
                    x.head(413, field).write("large").flush();
                    // and is closed with input unread, which is a reset
                });
                ProxyUnderTest proxy = before(a).start()) {
            RawClient caller = upload(proxy, 32 * 1024 * 1024);
            Thread sender = new Thread(() -> {
                try {
                    caller.send(noise(32 * 1024 * 1024));
                } catch (IOException e) {
                    assertThat(e).isNotNull(); // it is told in between
                }
            });
            sender.start();

            RawClient.Head head = caller.readHead();
            assertThat(head.status()).isEqualTo(413);
            assertThat(caller.readBody(head)).isEqualTo("large");
            caller.close();
            sender.join();
        }
    }

    @Test
    void hasTimeForAnErrorThatEndsALongUpload() throws Exception {
        Duration total = SHORT.multipliedBy(4);
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readHead();
                    x.readBytes(300_000);
                    x.pause(total.plus(SHORT));
                    x.head(400, "content-length: 7").write("too ").flush().pause(SHORT);
                    x.write("b").flush().pause(SHORT);
                    x.write("a").flush().pause(SHORT);
                    x.write("d").awaitClosed(PATIENCE);
                });
                ProxyUnderTest proxy = before(a).total(total).gap(total.dividedBy(2)).start()) {
            RawClient caller = upload(proxy, 900_000).send(noise(400_000));

            RawClient.Head head = caller.readHead();
            assertThat(head.status()).isEqualTo(400);
            assertThat(caller.readBody(head)).isEqualTo("too bad");
        }
    }

    @Test
    void capsHowLongAProviderAsksToWait() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(
                        answer(429, "{}", "retry-after: 3600\r\nx-should-retry: true\r\n"));
                ProxyUnderTest proxy = before(a).retry(ONCE).start()) {
            RawClient.Head head = rerank(proxy).readHead();
            assertThat(head.status()).isEqualTo(429);
            assertThat(head.headers().get("retry-after")).containsExactly("60");
            assertThat(head.headers().get("x-should-retry")).containsExactly("false");
        }
    }

    @Test
    void waitsABitForTheOnlyProviderThatAsksForIt() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(
                        answer(429, "{}", "retry-after-ms: 100\r\n"), answer(200, "[]"));
                ProxyUnderTest proxy = before(a).start()) {
            assertThat(rerank(proxy).readHead().header("x-penstock-attempts"))
                    .isEqualTo("a/model-a=429, a/model-a=200");
        }
    }

    // What it cost

    @Test
    void estimatesWhatAReplyCostThatBreaksOff() throws Exception {
        Path log = directory.resolve("access.log");
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> {
                    x.readRequest();
                    x.head(200, "content-type: application/json", "content-length: 900")
                            .write("{\"results\":[").closeFin();
                });
                ProxyUnderTest proxy = before(a).accessLog(log).start()) {
            RawClient caller = rerank(proxy);
            caller.readHead();
            caller.readUntilClose();
            proxy.awaitQuiet();
            proxy.stop(Duration.ZERO);
        }
        assertThat(Files.readString(log)).contains("\"prompt_tokens\":")
                .contains("\"estimated\":true");
    }

    @Test
    void givesBackWhatItReservedBeforeItSaysWhatIsLeft() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(answer(401, "{}"));
                ProxyUnderTest proxy = before(a).retry(ONCE)
                        .allowance(new Allowance(0, Allowance.MINUTE_NANOS, 1000, 0, 0, 0))
                        .start()) {
            RawClient.Head head = rerank(proxy).readHead();
            assertThat(head.status()).isEqualTo(502);
            assertThat(head.header("x-ratelimit-remaining-tokens")).isEqualTo("1000");
            assertThat(phase(head.header("server-timing"), "total")).isNotNegative();
        }
    }

    // What can't be known

    @Test
    void takesNoCredentialsFromAUrlOrPassesThemOn() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(answer(200, "[]"));
                ProxyUnderTest proxy = before(a).start()) {
            for (String query : new String[] {"key=" + CALLER_KEY, "a=b&api_key=x",
                "%zz=1&k%65y=" + CALLER_KEY, "API-Key=x", "access_token=x"}) {
                assertThat(post(proxy.connect(), "/passthrough/a/v1/x?" + query, "{}").readHead()
                        .status()).as(query).isEqualTo(400);
            }
            assertThat(post(proxy.connect(), "/passthrough/a/v1/x?keys=1&page_key&key=", "{}")
                    .readHead().status()).isEqualTo(200);
            assertThat(a.requests()).hasSize(1);
        }
    }

    @Test
    void readsNoModelInACompressedBody() throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(answer(200, "[]"));
                ProxyUnderTest proxy = before(a).start()) {
            assertThat(rerank(proxy, "content-encoding: identity", "content-encoding: gzip")
                    .readHead().status()).isEqualTo(415);
            assertThat(rerank(proxy, "content-encoding: identity, gzip").readHead().status())
                    .isEqualTo(415);
            assertThat(rerank(proxy, "content-encoding: Identity").readHead().status())
                    .isEqualTo(200);
            assertThat(a.requests()).hasSize(1);
        }
    }

    @Test
    void guessesNotWhereALongFormGoes() throws Exception {
        LimitSettings small = new LimitSettings(null, 10, 400_000, 32 * 1024, 100, null,
                QueueSettings.NONE, StreamLimits.DEFAULT);
        String form = "--cut\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a\"\r\n"
                + "\r\n" + "x".repeat(3_000_000)
                + "\r\n--cut\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nsmart\r\n"
                + "--cut--\r\n";
        try (ScriptedUpstream a = ScriptedUpstream.start(answer(200, "[]"));
                ProxyUnderTest proxy = before(a).limits(small).start()) {
            RawClient caller = proxy.connect().send("POST /v1/audio/translations HTTP/1.1\r\n"
                    + "host: x\r\nauthorization: Bearer " + CALLER_KEY
                    + "\r\ncontent-type: multipart/form-data; boundary=cut\r\ncontent-length: "
                    + form.length() + "\r\n\r\n");
            Thread sender = new Thread(() -> {
                try {
                    caller.send(form);
                } catch (IOException e) {
                    assertThat(e).isNotNull(); // it is told in between
                }
            });
            sender.start();
            RawClient.Head head = caller.readHead();
            assertThat(head.status()).isEqualTo(413);
            assertThat(caller.readBody(head)).contains("'model'");
            caller.close();
            sender.join();
            assertThat(a.opened()).isZero();
        }
    }
}
