package io.penstock.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.penstock.caller.Caller;
import io.penstock.exchange.Finished;
import io.penstock.exchange.call.Ask;
import io.penstock.exchange.call.AttemptRecord;
import io.penstock.failure.Failure;
import io.penstock.http.HttpSyntaxException;
import io.penstock.http.RequestHead;
import io.penstock.provider.Api;
import io.penstock.route.Route.TargetName;
import io.penstock.testing.Bytes;
import io.penstock.trace.LoopTracer;
import io.penstock.trace.Sampling;
import io.penstock.usage.TokenUsage;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class AccessLineTest {
    private static final TargetName A = new TargetName("a", "m");
    private static final TargetName B = new TargetName("b", "n");
    private static final List<AttemptRecord> ATTEMPTS = List.of(
            new AttemptRecord(A, null, "cooldown", 0, null),
            new AttemptRecord(A, Ask.Why.FIRST, "503", 400_000, null),
            new AttemptRecord(B, Ask.Why.NEXT, "200", 1_500_000, null));

    private final StringBuilder out = new StringBuilder();

    private static Finished finished(TokenUsage usage, long nanoDollars) {
        return new Finished(Caller.ANYONE, "id", "smart", Api.CHAT, Api.CHAT, true, 200, null,
                ATTEMPTS, B, usage, nanoDollars, 0, 0, 2_000_000, 0, 1_000_000,
                new Finished.Stages(100_000, 200_000, 600_000, 50_000), null, null);
    }

    @Test
    void tellsTheCostAndWhyAttemptsWereMade() {
        AccessLog.AccessLine.json(out, finished(new TokenUsage(7, 3, 1, 2), 1_230_000),
                Instant.EPOCH);

        assertThat(out).contains("\"attempts\":[\"a/m=cooldown\",\"a/m=503\",\"b/n=200\"],"
                + "\"why\":[\"skipped\",\"first\",\"next\"],\"attempt_ms\":[0.0,0.4,1.5],"
                + "\"ms\":2.0,\"first_content_ms\":1.0,\"receive_ms\":0.1,\"queue_ms\":0.2,"
                + "\"provider_ms\":0.6,\"proxy_ms\":0.05,")
                .contains(",\"outcome\":\"ok\",\"provider\":\"b\"")
                .contains(",\"reasoning_tokens\":2,\"cost_usd\":0.00123}\n");
    }

    @Test
    void namesNoCostWherePricesAreUnknown() {
        AccessLog.AccessLine.json(out, finished(null, 0), Instant.EPOCH);

        assertThat(out).doesNotContain("cost_usd");
    }

    @Test
    void namesTheTraceOfARecordedCallAlone() throws Exception {
        AccessLog.AccessLine.json(out, traced(1), Instant.EPOCH);
        AccessLog.AccessLine.text(out, traced(1), Instant.EPOCH);
        assertThat(out).containsPattern("\"id\":\"id\",\"trace_id\":\"[0-9a-f]{32}\",\"caller\"")
                .containsPattern(" id=id trace_id=[0-9a-f]{32} caller=");

        out.setLength(0);
        AccessLog.AccessLine.json(out, traced(0), Instant.EPOCH);
        AccessLog.AccessLine.text(out, traced(0), Instant.EPOCH);
        assertThat(out).doesNotContain("trace_id");
    }

    private static Finished traced(double ratio) throws HttpSyntaxException {
        RequestHead head = new RequestHead(1024);
        ByteBuf bytes = Bytes.buffer("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        try {
            head.parse(bytes);
        } finally {
            bytes.release();
        }
        return Finished.refused(null, "id", Failure.of(Failure.Kind.UNKNOWN_URL, "no"), null, 0, 1,
                new LoopTracer(new Sampling(ratio, true), true).begin(head, false));
    }

    @Test
    void tellsPeopleTheSame() {
        AccessLog.AccessLine.text(out, finished(new TokenUsage(7, 3, 1, 2, true), 2_000_000_000),
                Instant.EPOCH);

        assertThat(out.toString()).endsWith(" outcome=ok status=200 provider=\"b\""
                + " upstream_api=chat attempts=\"a/m=cooldown, a/m=503, b/n=200\""
                + " why=skipped,first,next attempt_ms=0.0,0.4,1.5 ms=2.0 first_content_ms=1.0"
                + " receive_ms=0.1 queue_ms=0.2 provider_ms=0.6 proxy_ms=0.05"
                + " prompt_tokens=7 completion_tokens=3 cached_tokens=1 reasoning_tokens=2"
                + " estimated=true cost_usd=2\n");
    }
}
