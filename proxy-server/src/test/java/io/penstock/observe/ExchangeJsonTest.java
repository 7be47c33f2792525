package io.penstock.observe;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.penstock.caller.Caller;
import io.penstock.exchange.Finished;
import io.penstock.exchange.Running;
import io.penstock.exchange.call.Ask;
import io.penstock.exchange.call.AttemptFigures;
import io.penstock.exchange.call.AttemptRecord;
import io.penstock.exchange.call.CacheUse;
import io.penstock.exchange.call.Waiting;
import io.penstock.failure.Failure;
import io.penstock.provider.Api;
import io.penstock.route.Route.TargetName;
import io.penstock.usage.TokenUsage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ExchangeJsonTest {
    private static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long BEGUN = 1000 * MILLI;
    private static final TargetName A = new TargetName("a", "model-a");
    private static final TargetName B = new TargetName("b", "model-b");

    private static AttemptFigures figures(long started, long slot, long ready, long head,
            long content, long ended) {
        return new AttemptFigures.Copy(0, at(started), at(slot), at(ready), at(head), at(content),
                at(ended), false, null, 0);
    }

    private static long at(long millis) {
        return millis == 0 ? 0 : BEGUN + millis * MILLI;
    }

    private interface Written {
        void to(JsonGenerator out) throws IOException;
    }

    private static String json(Written written) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator out = new JsonFactory().createGenerator(bytes)) {
            written.to(out);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private static Finished finished(Failure failure, AttemptRecord... attempts) {
        return new Finished(Caller.ANYONE, "req_1", "smart", Api.CHAT, Api.MESSAGES, true, 200,
                failure, List.of(attempts), B, new TokenUsage(3, 4, 1, 2), 1_500_000, 0, BEGUN,
                BEGUN + 100 * MILLI, 1_700_000_000_000L, 40 * MILLI,
                new Finished.Stages(MILLI, 2 * MILLI, 36 * MILLI, MILLI), CacheUse.MISS, null);
    }

    @Test
    void tellsWhereTheTimeOfEachAttemptWent() throws IOException {
        String text = json(out -> ExchangeJson.write(out, finished(null,
                new AttemptRecord(A, null, "cooldown", 0, null),
                new AttemptRecord(A, Ask.Why.FIRST, "503", 9 * MILLI,
                        figures(3, 4, 6, 11, 0, 12)),
                new AttemptRecord(B, Ask.Why.NEXT, "200", 28 * MILLI,
                        figures(12, 12, 13, 30, 40, 100))), false));

        assertThat(text).isEqualTo("{\"id\":\"req_1\",\"state\":\"finished\","
                + "\"ended_at\":1700000000000,\"caller\":\"anyone\",\"api\":\"chat\","
                + "\"upstream_api\":\"messages\",\"model\":\"smart\",\"stream\":true,"
                + "\"status\":200,\"failure\":null,\"provider\":\"b\","
                + "\"target_model\":\"model-b\",\"ms\":100.0,\"first_content_ms\":40.0,"
                + "\"stages\":{\"receive\":1.0,\"queue\":2.0,\"provider\":36.0,\"proxy\":1.0},"
                + "\"attempts\":[{\"provider\":\"a\",\"model\":\"model-a\","
                + "\"outcome\":\"cooldown\",\"why\":\"skipped\",\"ms\":0.0},"
                + "{\"provider\":\"a\",\"model\":\"model-a\",\"outcome\":\"503\","
                + "\"why\":\"first\",\"ms\":9.0,\"at_ms\":3.0,\"phases\":{\"slot\":1.0,"
                + "\"connect\":2.0,\"head\":5.0,\"reply\":1.0}},"
                + "{\"provider\":\"b\",\"model\":\"model-b\",\"outcome\":\"200\","
                + "\"why\":\"next\",\"ms\":28.0,\"at_ms\":12.0,\"phases\":{\"slot\":0.0,"
                + "\"connect\":1.0,\"head\":17.0,\"content\":10.0,\"reply\":60.0}}],"
                + "\"usage\":{\"prompt\":3,\"completion\":4,\"cached\":1,\"reasoning\":2,"
                + "\"estimated\":false},\"cache\":\"miss\",\"cost_usd\":0.0015}");
    }

    @Test
    void namesThePhaseInWhichAnAttemptEnded() throws IOException {
        assertThat(json(out -> ExchangeJson.write(out, finished(null,
                new AttemptRecord(A, Ask.Why.FIRST, "connect_timeout", 0,
                        figures(1, 2, 0, 0, 0, 9)),
                new AttemptRecord(A, Ask.Why.AGAIN, "head_timeout", 0,
                        figures(10, 11, 12, 0, 0, 20)),
                new AttemptRecord(B, Ask.Why.NEXT, "saturated", 0,
                        figures(20, 0, 0, 0, 0, 25))), false))).contains(
                "\"phases\":{\"slot\":1.0,\"connect\":7.0}",
                "\"phases\":{\"slot\":1.0,\"connect\":1.0,\"head\":8.0}",
                "\"phases\":{\"slot\":5.0}");
    }

    @Test
    void tellsAFailuresDetailToTheOperatorOnly() throws IOException {
        Finished failed = finished(new Failure(Failure.Kind.UPSTREAM_ERROR, "It failed.", null,
                "the provider's own words"));

        assertThat(json(out -> ExchangeJson.write(out, failed, true))).contains(
                "\"message\":\"It failed.\",\"detail\":\"the provider's own words\"");
        assertThat(json(out -> ExchangeJson.write(out, failed, false)))
                .contains("\"failure\":\"upstream_error\",\"message\":\"It failed.\"")
                .doesNotContain("own words");
    }

    @Test
    void tellsWhatARunningExchangeWaitsFor() throws IOException {
        Running running = new Running(Caller.ANYONE, "req_2", null, null, false, Waiting.HEAD,
                5 * MILLI, 7 * MILLI, A, List.of(
                        new AttemptRecord(B, Ask.Why.FIRST, "reset", 2 * MILLI, null)));

        assertThat(json(out -> ExchangeJson.write(out, running))).isEqualTo("{\"id\":\"req_2\","
                + "\"state\":\"running\",\"caller\":\"anyone\",\"api\":null,\"model\":null,"
                + "\"stream\":false,\"ms\":7.0,\"waits_for\":\"head\",\"waits_ms\":5.0,"
                + "\"provider\":\"a\",\"target_model\":\"model-a\",\"attempts\":[{"
                + "\"provider\":\"b\",\"model\":\"model-b\",\"outcome\":\"reset\","
                + "\"why\":\"first\",\"ms\":2.0}]}");
    }
}
