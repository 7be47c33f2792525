package io.penstock.redis;

import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static io.penstock.testing.ProxyUnderTest.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.netty.util.concurrent.EventExecutor;
import io.penstock.loop.Transport;
import io.penstock.redis.RedisSettings.OnFailure;
import io.penstock.testing.RedisServer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The link before real servers that are killed, held, and moved. */
class RedisLinkIT {
    private static final Script COUNT =
            Script.of("return {redis.call('INCRBY', KEYS[1], ARGV[1])}");
    private static final Script TELL =
            Script.of("return {redis.call('PUBLISH', ARGV[1], ARGV[2])}");

    @TempDir
    Path directory;

    private final List<AutoCloseable> closing = new ArrayList<>();
    private EventLoopGroup group;

    @BeforeEach
    void startLoops() {
        group = new MultiThreadIoEventLoopGroup(1, Transport.auto().ioHandlerFactory());
    }

    @AfterEach
    void stop() throws Exception {
        for (int i = closing.size() - 1; i >= 0; i--) {
            closing.get(i).close();
        }
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
    }

    private RedisServer server(String... settings) throws Exception {
        return closing(RedisServer.start(directory, settings));
    }

    private <T extends AutoCloseable> T closing(T each) {
        closing.add(each);
        return each;
    }

    private RedisLink link(String url) {
        return link(url, null);
    }

    private RedisLink link(String url, Path ca) {
        RedisLink link = closing(RedisLink.open(new RedisSettings(RedisUrl.parse(url),
                OnFailure.LOCAL, "t:", ca), group, Transport.auto()));
        awaitUp(link);
        return link;
    }

    private static void awaitUp(RedisLink link) {
        await("the server answers", () -> {
            link.tend();
            link.probe(COUNT, "probe", "1");
            return link.isUp();
        });
    }

    private static long count(RedisLink link, String key) throws Exception {
        return (Long) link.run(COUNT, key, "1").get().get(0);
    }

    @Test
    void runsScriptsThatTheServerDoesNotKnowYet() throws Exception {
        RedisServer server = server();
        RedisLink link = link(server.url());

        assertThat(count(link, "a")).isEqualTo(1);
        server.command("SCRIPT", "FLUSH");
        assertThat(count(link, "a")).isEqualTo(2);
        assertThat(server.command("GET", "t:a")).isEqualTo("$1\r\n2\r\n");
        assertThat(link.figures().answered()).isPositive();
        assertThat(link.figures().takeMicros().getTotalCount()).isPositive();
    }

    @Test
    void runsOnTheLoopsOfTheProxy() throws Exception {
        RedisLink link = link(server().url());
        Thread test = Thread.currentThread();
        Thread answered = test;
        boolean ours = false;
        while (answered == test) { // the answer was there before anything could wait for it
            CompletableFuture<Map.Entry<Thread, Boolean>> seen = new CompletableFuture<>();
            link.run(COUNT, "a", "1").whenComplete((reply, failure) -> seen.complete(Map.entry(
                    Thread.currentThread(), StreamSupport.stream(group.spliterator(), false)
                            .anyMatch(EventExecutor::inEventLoop))));
            answered = seen.get(PATIENCE.toSeconds(), TimeUnit.SECONDS).getKey();
            ours = seen.get().getValue();
        }

        assertThat(ours).isEqualTo(Transport.auto() == Transport.EPOLL);
    }

    @Test
    void opensAtOnceWhenTheServerIsKilledAndComesBackByItself() throws Exception {
        RedisServer server = server();
        RedisLink link = link(server.url());

        server.kill();
        await("that is noticed", () -> !link.isUp());
        assertThat(link.run(COUNT, "a", "1")).isCompletedExceptionally();
        server.start();

        awaitUp(link);
        assertThat(count(link, "a")).isEqualTo(1);
    }

    @Test
    void sendsNothingMoreToAServerThatHangs() throws Exception {
        RedisServer server = server();
        RedisLink link = link(server.url());

        server.hold();
        List<CompletableFuture<List<Object>>> late = new ArrayList<>();
        for (int i = 0; i < Circuit.FAILURES; i++) {
            late.add(link.run(COUNT, "late", "1"));
        }
        await("that is noticed", () -> !link.isUp());
        assertThat(late).allMatch(CompletableFuture::isCompletedExceptionally);
        assertThat(link.run(COUNT, "a", "1")).failsWithin(Duration.ZERO)
                .withThrowableOfType(ExecutionException.class)
                .withCauseExactlyInstanceOf(RedisAwayException.class);
        server.letGo();

        awaitUp(link);
        assertThat(count(link, "a")).isEqualTo(1);
        assertThat(count(link, "late")).as("none was sent twice").isLessThanOrEqualTo(
                Circuit.FAILURES + 1L);
    }

    @Test
    void hearsWhatIsPublishedAlsoOnLaterConnections() throws Exception {
        RedisServer server = server();
        RedisLink link = link(server.url());
        BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        link.subscribe("news", message -> heard.add(new String(message, StandardCharsets.UTF_8)));

        tell(link, heard, "one");
        server.kill();
        server.start();
        awaitUp(link);
        tell(link, heard, "two");
    }

    /** A subscription may come to be after the server answers commands. */
    private static void tell(RedisLink link, BlockingQueue<String> heard, String text) {
        await("that is heard: " + text, () -> {
            link.run(TELL, "any", link.channel("news"), text);
            return heard.contains(text);
        });
    }

    @Test
    void showsItsPassword() throws Exception {
        RedisServer server = server("requirepass s3cr:t", "user me on >pw ~* &* +@all");

        assertThat(count(link("redis://:s3cr%3At@127.0.0.1:" + server.port()), "a")).isOne();
        assertThat(count(link("redis://me:pw@127.0.0.1:" + server.port() + "/5"), "a")).isOne();
    }

    @Test
    void speaksTls() throws Exception {
        X509Bundle bundle = new CertificateBuilder().subject("CN=redis").setIsCertificateAuthority(
                true).addSanIpAddress("127.0.0.1").buildSelfSigned();
        Path certificate = Files.writeString(directory.resolve("c.pem"),
                bundle.getCertificatePathPEM());
        Path key = Files.writeString(directory.resolve("k.pem"), bundle.getPrivateKeyPEM());
        RedisServer server = server("port 0", "tls-port PORT", "tls-cert-file " + certificate,
                "tls-key-file " + key, "tls-auth-clients no");

        assertThat(count(link("rediss://127.0.0.1:" + server.port(), certificate), "a")).isOne();
    }

    @Test
    void findsEachKeyOfACluster() throws Exception {
        List<RedisServer> nodes = RedisServer.startCluster(directory, 3);
        nodes.forEach(this::closing);
        RedisLink link = link("redis-cluster://127.0.0.1:" + nodes.get(0).port() + ",127.0.0.1:"
                + nodes.get(1).port());

        for (int i = 0; i < 20; i++) {
            assertThat(count(link, "key-" + i)).isOne();
        }

        assertThat(nodes).allSatisfy(node ->
                assertThat(node.command("DBSIZE")).isNotEqualTo(":0\r\n"));
    }

    @Test
    void followsTheSentinelsToAnotherServer() throws Exception {
        RedisServer master = server();
        RedisServer replica = closing(master.startReplica());
        RedisServer sentinel = closing(master.startSentinel());
        await("the sentinel knows the replica", () -> {
            try {
                return sentinel.command("SENTINEL", "replicas", "mymaster")
                        .contains("" + replica.port())
                        && replica.command("INFO", "replication").contains(
                                "master_link_status:up");
            } catch (java.io.IOException e) {
                return false;
            }
        });
        RedisLink link = link("redis-sentinel://127.0.0.1:" + sentinel.port() + "#mymaster");
        assertThat(count(link, "a")).isOne();

        master.kill();

        await("that is noticed", () -> !link.isUp());
        awaitUp(link);
        assertThat(count(link, "b")).isOne();
        assertThat(replica.command("GET", "t:b")).isEqualTo("$1\r\n1\r\n");
    }

    @Test
    void keepsBytesForAWhile() throws Exception {
        RedisServer server = server();
        SharedBytes bytes = new SharedBytes(link(server.url()), "replies");
        byte[] value = {0, -1, 127};

        assertThat(bytes.get("a", Duration.ofSeconds(1)).get()).isNull();
        assertThat(bytes.put("a", value, Duration.ofMinutes(1)).get()).isTrue();
        assertThat(bytes.get("a", Duration.ofSeconds(1)).get()).isEqualTo(value);
        assertThat(server.command("TTL", "t:replies:a")).isEqualTo(":60\r\n");
        assertThat(bytes.put("b", new byte[SharedBytes.MAX_BYTES + 1], Duration.ofMinutes(1))
                .get()).isFalse();

        server.kill();
        assertThat(bytes.get("a", Duration.ofSeconds(1)).get()).isNull();
        assertThat(bytes.put("a", value, Duration.ofMinutes(1)).get()).isFalse();
        await("that is noticed", () -> !bytes.isUp());
    }
}
