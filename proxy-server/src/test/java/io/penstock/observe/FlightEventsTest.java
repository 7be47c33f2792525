package io.penstock.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.caller.Caller;
import io.penstock.exchange.Finished;
import io.penstock.exchange.call.Ask;
import io.penstock.exchange.call.AttemptFigures;
import io.penstock.exchange.call.AttemptRecord;
import io.penstock.provider.Api;
import io.penstock.route.Route.TargetName;
import io.penstock.usage.TokenUsage;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FlightEventsTest {
    @TempDir
    Path directory;

    /** An attempt whose phases took 1, 2, 3 and 4 ms. */
    private static final class Figures implements AttemptFigures {
        private static final long MILLI = 1_000_000;

        @Override
        public Ask ask() {
            throw new AssertionError("of no use here");
        }

        @Override
        public int status() {
            return 200;
        }

        @Override
        public long startedNanos() {
            return MILLI;
        }

        @Override
        public long slotNanos() {
            return 2 * MILLI;
        }

        @Override
        public long readyNanos() {
            return 4 * MILLI;
        }

        @Override
        public long headNanos() {
            return 7 * MILLI;
        }

        @Override
        public long contentNanos() {
            return 11 * MILLI;
        }

        @Override
        public long endedNanos() {
            return 21 * MILLI;
        }

        @Override
        public boolean isReplayed() {
            return false;
        }

        @Override
        public TokenUsage booked() {
            return null;
        }

        @Override
        public long bookedNanoDollars() {
            return 0;
        }
    }

    @Test
    void recordsPhasesOfExchangesAndAttempts() throws Exception {
        TargetName target = new TargetName("a", "m");
        Finished finished = new Finished(Caller.ANYONE, "id-1", "smart", Api.CHAT, Api.CHAT, true,
                200, null, List.of(new AttemptRecord(target, null, "cooldown", 0, null),
                        new AttemptRecord(target, Ask.Why.NEXT, "200", 1, new Figures())),
                target, null, 0, 0, 0, 30_000_000, 0, 12_000_000,
                new Finished.Stages(100, 200, 300, 400), null, null);
        FlightEvents events = new FlightEvents();
        events.onFinished(finished); // of which nothing is recorded
        Path file = directory.resolve("recording.jfr");
        try (Recording recording = new Recording()) {
            recording.enable(FlightEvents.ExchangeEvent.class);
            recording.enable(FlightEvents.AttemptEvent.class);
            recording.start();
            events.onFinished(finished);
            recording.stop();
            recording.dump(file);
        }

        List<RecordedEvent> recorded = RecordingFile.readAllEvents(file).stream()
                .filter(each -> each.getEventType().getName().startsWith("io.penstock."))
                .toList();
        assertThat(recorded).extracting(each -> each.getEventType().getName())
                .containsExactlyInAnyOrder("io.penstock.Exchange", "io.penstock.Attempt");
        RecordedEvent exchange = recorded.stream()
                .filter(each -> each.hasField("proxy")).findFirst().orElseThrow();
        assertThat(exchange.getString("requestId")).isEqualTo("id-1");
        assertThat(exchange.getString("outcome")).isEqualTo("ok");
        assertThat(exchange.getDuration("wholeTime")).isEqualTo(Duration.ofMillis(30));
        assertThat(exchange.getDuration("firstContent")).isEqualTo(Duration.ofMillis(12));
        assertThat(exchange.getDuration("proxy")).isEqualTo(Duration.ofNanos(400));
        RecordedEvent attempt = recorded.stream()
                .filter(each -> each.hasField("why")).findFirst().orElseThrow();
        assertThat(attempt.getString("why")).isEqualTo("next");
        assertThat(attempt.getDuration("slot")).isEqualTo(Duration.ofMillis(1));
        assertThat(attempt.getDuration("connect")).isEqualTo(Duration.ofMillis(2));
        assertThat(attempt.getDuration("head")).isEqualTo(Duration.ofMillis(3));
        assertThat(attempt.getDuration("content")).isEqualTo(Duration.ofMillis(4));
        assertThat(attempt.getDuration("wholeTime")).isEqualTo(Duration.ofMillis(20));
    }
}
