package io.penstock.bench.jmh;

import io.penstock.cache.CacheSettings;
import io.penstock.config.ConfigException;
import io.penstock.config.ConfigLoader;
import io.penstock.config.Overrides;
import io.penstock.config.Settings;
import io.penstock.loop.Transport;
import io.penstock.mock.MockServer;
import io.penstock.mock.MockSettings;
import io.penstock.server.Penstock;
import io.penstock.server.StartException;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * The whole proxy between a blocking client and the mock, over loopback. The client and the mock
 * allocate a little as well: {@code gc.alloc.rate.norm} is an upper bound.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class LoopbackBenchmark {
    private static final int EVENTS = 100_000;
    private static final byte[] STREAM_END = "data: [DONE]\n\n\r\n0\r\n\r\n"
            .getBytes(StandardCharsets.US_ASCII);

    private MockServer mock;
    private Penstock server;
    private Penstock cachingServer;
    private Socket socket;
    private Socket cachingSocket;
    private final byte[] buffer = new byte[256 * 1024];
    private byte[] unary;
    private byte[] stream;

    @Setup
    public void start() throws IOException, ConfigException, StartException {
        mock = MockServer.start(MockSettings.DEFAULT.withEvents(EVENTS).withVaried(true));
        Settings base = ConfigLoader.fromEnvironment(Map.of(), new Overrides(
                List.of("127.0.0.1:0"), "127.0.0.1:0",
                List.of("mock=" + mock.url()))).settings();
        server = Penstock.start(base.withoutAccessLog(), Transport.auto(), 1, () -> null);
        cachingServer = Penstock.start(base.withoutAccessLog().withCache(new CacheSettings(true,
                Duration.ofHours(1), 64L * 1024 * 1024, CacheSettings.Scope.KEY,
                CacheSettings.Replay.FAST)), Transport.auto(), 1, () -> null);
        socket = connect(server);
        cachingSocket = connect(cachingServer);
        unary = request("{\"model\":\"m\",\"max_tokens\":16,\"messages\":[]}");
        stream = request("{\"model\":\"m\",\"stream\":true,\"messages\":[]}");
    }

    private static Socket connect(Penstock to) throws IOException {
        Socket socket = new Socket("127.0.0.1", to.addresses().get(0).getPort());
        socket.setTcpNoDelay(true);
        return socket;
    }

    private static byte[] request(String body) {
        return ("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: " + body.length()
                + "\r\n\r\n" + body).getBytes(StandardCharsets.US_ASCII);
    }

    @TearDown
    public void stop() throws IOException {
        socket.close();
        cachingSocket.close();
        server.close();
        cachingServer.close();
        mock.close();
    }

    /** One call at a time: its latency. */
    @Benchmark
    public int unary() throws IOException {
        return unary(socket);
    }

    /** The same call, answered from the response cache: all but the first are hits. */
    @Benchmark
    public int cachedUnary() throws IOException {
        return unary(cachingSocket);
    }

    private int unary(Socket to) throws IOException {
        to.getOutputStream().write(unary);
        int got = 0;
        while (got == 0 || buffer[got - 1] != '}') {
            got += read(to, got);
        }
        return got;
    }

    /** An event of a stream as fast as it goes. */
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public long stream() throws IOException {
        socket.getOutputStream().write(stream);
        long total = 0;
        int kept = 0; // the last bytes of the read before
        while (true) {
            int got = kept + read(socket, kept);
            total += got - kept;
            if (endsStream(got)) {
                return total;
            }
            int keep = Math.min(got, STREAM_END.length);
            System.arraycopy(buffer, got - keep, buffer, 0, keep);
            kept = keep;
        }
    }

    private int read(Socket from, int at) throws IOException {
        int got = from.getInputStream().read(buffer, at, buffer.length - at);
        if (got < 0) {
            throw new EOFException("the proxy closed the connection");
        }
        return got;
    }

    private boolean endsStream(int length) {
        for (int i = 1; i <= STREAM_END.length; i++) {
            if (length < i || buffer[length - i] != STREAM_END[STREAM_END.length - i]) {
                return false;
            }
        }
        return true;
    }
}
