package io.penstock.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.bench.Recording.Timing;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

/** Real sockets and real time: what is tried here is the clockwork itself. */
class LoadGeneratorTest {
    private static final Duration WINDOW = Duration.ofMillis(1_500);

    @Test
    void chargesEveryCallThatWasDueDuringAStall() throws Exception {
        Duration stall = Duration.ofMillis(500);
        ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
        try (StandInUpstream upstream = upstream(Duration.ZERO, 1)) {
            clock.schedule(() -> upstream.stall(stall), 700, TimeUnit.MILLISECONDS);

            Recording recording = run(upstream.port(), load(false, 200, 8, 10_000));

            // A third of the window stalled, so a third of all calls waited, 250 ms on average;
            // a generator that waits along would have seen eight slow calls.
            Histogram total = recording.timing(Timing.TOTAL);
            assertThat(total.getTotalCount()).isEqualTo(300);
            long slow = total.getCountBetweenValues(
                    TimeUnit.MILLISECONDS.toNanos(100), TimeUnit.MILLISECONDS.toNanos(5_000));
            assertThat(slow).isBetween(60L, 140L);
            assertThat(total.getMaxValue()).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(400));
            assertThat(recording.overdue).isPositive();
            assertThat(recording.dropped).isZero();
            assertThat(recording.failed()).isZero();
        } finally {
            clock.shutdownNow();
        }
    }

    @Test
    void countsTheCallsThatItDropsWhenTheBacklogIsFull() throws Exception {
        try (StandInUpstream upstream = upstream(Duration.ofMillis(300), 1)) {
            Recording recording = run(upstream.port(), load(false, 200, 2, 4));

            assertThat(recording.dropped).isGreaterThan(200);
            assertThat(recording.timing(Timing.TOTAL).getTotalCount() + recording.dropped
                    + recording.failed()).isEqualTo(300);
        }
    }

    @Test
    void keepsSoManyStreamsOpen() throws Exception {
        try (StandInUpstream upstream = upstream(Duration.ofMillis(5), 10)) {
            Recording recording = run(upstream.port(), load(true, 0, 4, 0));

            assertThat(recording.failed()).isZero();
            assertThat(recording.calls).isPositive();
            assertThat(recording.unfinished).isEqualTo(4);
            assertThat(recording.events).isGreaterThan(9 * recording.calls);
            assertThat(recording.timing(Timing.FIRST_CONTENT).getTotalCount()).isPositive();
            assertThat(recording.timing(Timing.EVENT_DELAY).getTotalCount())
                    .isEqualTo(recording.events);
        }
    }

    @Test
    void tellsARefusedConnection() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }

        Recording recording = run(port, load(false, 100, 2, 10));

        assertThat(recording.failures()).containsEntry(CallFailure.CONNECT, 150L);
        assertThat(recording.firstFailure).contains("refused");
    }

    @Test
    void tellsAConnectionThatIsClosedUnanswered() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Thread closer = new Thread(() -> closeEach(server));
            closer.start();

            Recording recording = run(server.getLocalPort(), load(false, 50, 2, 10));

            assertThat(recording.failures()).containsOnlyKeys(CallFailure.RESET);
        }
    }

    @Test
    void chargesACallThatIsNeverAnsweredWithTheTimeItWaited() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Recording recording = run(silent.getLocalPort(), load(false, 10, 100, 10));

            assertThat(recording.failures()).containsEntry(CallFailure.TIMEOUT, 15L);
            Histogram total = recording.timing(Timing.TOTAL);
            assertThat(total.getTotalCount()).isEqualTo(15);
            assertThat(total.getMinValue()).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(900));
        }
    }

    private static void closeEach(ServerSocket server) {
        while (!server.isClosed()) {
            try {
                server.accept().close();
            } catch (IOException e) {
                if (!server.isClosed()) {
                    throw new IllegalStateException(e);
                }
            }
        }
    }

    private static StandInUpstream upstream(Duration pace, int events) {
        return new StandInUpstream(0, pace, pace, events);
    }

    private static Workload load(boolean stream, double rate, int connections, int backlog) {
        return new Workload("m", "k", stream, 100, 16, rate, connections, backlog, 1,
                Duration.ofMillis(200), Duration.ofMillis(50), WINDOW, Duration.ofSeconds(1),
                false, "sent_ns");
    }

    private static Recording run(int port, Workload workload) throws Exception {
        try (LoadGenerator generator = new LoadGenerator(workload)) {
            return generator.run(Endpoint.parse("http://127.0.0.1:" + port + "/v1")).recording();
        }
    }
}
