package io.penstock.auth;

import static io.penstock.auth.JwksFixture.jwk;
import static io.penstock.auth.JwksFixture.set;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.penstock.testing.ProxyUnderTest;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.KeyPair;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class JwksKeysTest {
    private static final TokenAlgorithm ES256 = TokenAlgorithm.ES256;
    private static final long PAUSE = TimeUnit.SECONDS.toNanos(JwksKeys.PAUSE_SECONDS);

    private final KeyPair first = TokenFixture.newPair(ES256);
    private final KeyPair second = TokenFixture.newPair(ES256);
    private final AtomicLong clock = new AtomicLong(1);
    private final AtomicInteger requests = new AtomicInteger();
    private volatile int status = 200;
    private volatile String answer = set(jwk(first, "first"));
    private volatile CountDownLatch gate = new CountDownLatch(0);
    private HttpServer server;
    private JwksKeys keys;

    @BeforeEach
    void begin() throws IOException {
        server = HttpServer.create(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/jwks", exchange -> {
            requests.incrementAndGet();
            try {
                gate.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            byte[] body = answer.getBytes(StandardCharsets.UTF_8);
            if (status / 100 == 3) {
                exchange.getResponseHeaders().add("location", "/jwks?again");
            }
            exchange.sendResponseHeaders(status, 0);
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(body);
            }
        });
        server.start();
        keys = new JwksKeys(ES256, new JwksFetcher(URI.create(
                "http://127.0.0.1:" + server.getAddress().getPort() + "/jwks")), clock::get);
    }

    @AfterEach
    void end() throws InterruptedException {
        gate.countDown();
        keys.close();
        assertThat(keys.awaitClosed(ProxyUnderTest.PATIENCE)).isTrue();
        server.stop(0);
    }

    private boolean has(String id) {
        KeyRing ring = keys.ring();
        return ring != null && !ring.candidates(id).isEmpty();
    }

    private void startWithFirst() {
        keys.start();
        ProxyUnderTest.await("the first keys are there", () -> has("first"));
        awaitPause();
    }

    /** Until what was read last counts as read: then a pause begins. */
    private void awaitPause() {
        ProxyUnderTest.await("the read has ended", () -> !keys.askAgain());
    }

    /** Asks as one token after the other would, after a pause. */
    private void askAfterPause() {
        clock.addAndGet(PAUSE);
        assertThat(keys.askAgain()).isTrue();
        awaitPause();
    }

    @Test
    void readsTheKeysOnAThreadOfItsOwn() {
        assertThat(keys.ring()).isNull();

        startWithFirst();

        assertThat(requests).hasValue(1);
        assertThat(keys.ring().size()).isEqualTo(1);
    }

    @Test
    void startsOnce() {
        startWithFirst();
        keys.start();
        askAfterPause();

        assertThat(requests).hasValue(2);
    }

    @Test
    void findsARotatedKeyWhenATokenNamesIt() {
        startWithFirst();
        answer = set(jwk(first, "first"), jwk(second, "second"));
        assertThat(has("second")).isFalse();

        askAfterPause();

        assertThat(has("first")).isTrue();
        assertThat(has("second")).isTrue();
    }

    @Test
    void isAskedAtMostOnceAPauseHoweverManyKeysAreMadeUp() {
        startWithFirst();
        for (int pause = 1; pause <= 3; pause++) {
            clock.addAndGet(PAUSE);
            gate = new CountDownLatch(1);
            for (int i = 0; i < 1000; i++) {
                assertThat(keys.askAgain()).isTrue(); // it is under way, for all of them
            }
            gate.countDown();
            awaitPause();
            for (int i = 0; i < 1000; i++) {
                assertThat(keys.askAgain()).isFalse();
            }
            assertThat(requests).hasValue(1 + pause);
        }
    }

    @Test
    void keepsVerifiedTokensOnlyWhileTheKeysStay() {
        startWithFirst();
        KeyRing before = keys.ring();

        askAfterPause();
        assertThat(keys.ring()).isSameAs(before);

        answer = set(jwk(second, "second"));
        askAfterPause();
        assertThat(has("first")).isFalse();
        assertThat(keys.ring().tokens()).isNotSameAs(before.tokens());
    }

    @ParameterizedTest
    @ValueSource(ints = {202, 301, 302, 404, 500, 503})
    void goesOnWithTheOldKeysWhileTheyAreAway(int status) {
        startWithFirst();
        KeyRing before = keys.ring();
        this.status = status;

        askAfterPause();

        assertThat(requests).hasValue(2); // a redirect is not followed
        assertThat(keys.ring()).isSameAs(before);
        this.status = 200;
        answer = set(jwk(second, "second"));
        askAfterPause();
        assertThat(has("second")).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "<html>", "{\"keys\":", "{}"})
    void goesOnWithTheOldKeysWhenWhatComesIsNoSet(String text) {
        startWithFirst();
        answer = text;
        askAfterPause();

        assertThat(has("first")).isTrue();
    }

    @Test
    void goesOnWithTheOldKeysWhenTheSetIsTooLong() {
        startWithFirst();
        answer = "{\"keys\":[],\"x\":\"" + "x".repeat(JwksReader.MAX_BYTES) + "\"}";
        askAfterPause();

        assertThat(has("first")).isTrue();
    }

    @Test
    void goesOnWithTheOldKeysWhenNobodyAnswers() {
        startWithFirst();
        server.stop(0);
        askAfterPause();

        assertThat(has("first")).isTrue();
    }

    @Test
    void dropsKeysThatWereWithdrawn() {
        startWithFirst();
        answer = set();
        askAfterPause();

        assertThat(keys.ring().isEmpty()).isTrue();
    }

    @Test
    void reportsThatKeysAreOnTheirWayWhileTheFirstAreAskedFor() {
        gate = new CountDownLatch(1);
        keys.start();
        ProxyUnderTest.await("the request is there", () -> requests.get() == 1);

        assertThat(keys.ring()).isNull();
        assertThat(keys.askAgain()).isTrue();
        assertThat(requests).hasValue(1);
    }

    @Test
    void endsInTheMiddleOfARead() throws Exception {
        gate = new CountDownLatch(1);
        keys.start();
        ProxyUnderTest.await("the request is there", () -> requests.get() == 1);

        keys.close();

        assertThat(keys.awaitClosed(ProxyUnderTest.PATIENCE)).isTrue();
        clock.addAndGet(PAUSE);
        ProxyUnderTest.await("nobody is asked any more", () -> !keys.askAgain());
    }

    @Test
    void readsAFileAgainOnlyWhenItIsAnother(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("jwks.json");
        Files.writeString(file, answer);
        JwksFileReader reader = new JwksFileReader(file);

        assertThat(reader.read()).isEqualTo(answer);
        assertThat(reader.read()).isNull();
        Files.setLastModifiedTime(file, FileTime.fromMillis(1));
        assertThat(reader.read()).isEqualTo(answer);
        reader.forget();
        assertThat(reader.read()).isEqualTo(answer);
    }

    @Test
    void goesOnWithTheOldKeysWhileAFileIsAwayAndTakesTheNextOne(@TempDir Path directory)
            throws Exception {
        Path file = directory.resolve("jwks.json");
        Files.writeString(file, answer);
        keys = new JwksKeys(ES256, new JwksFileReader(file), clock::get);
        startWithFirst();

        Files.delete(file);
        askAfterPause();
        assertThat(has("first")).isTrue();

        Files.writeString(file, set(jwk(second, "second")));
        askAfterPause();
        assertThat(has("second")).isTrue();
    }
}
