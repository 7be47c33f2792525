package io.penstock.trace;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.penstock.http.HeadWriter;
import io.penstock.http.HttpSyntaxException;
import io.penstock.http.RequestHead;
import io.penstock.testing.Bytes;
import java.util.PrimitiveIterator;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class LoopTracerTest {
    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final String PARENT = "b7ad6b7169203331";
    private static final String SAMPLED = "traceparent: 00-" + TRACE + "-" + PARENT + "-01\r\n";
    private static final String UNSAMPLED = "traceparent: 00-" + TRACE + "-" + PARENT + "-00\r\n";

    private final PrimitiveIterator.OfLong ids = LongStream.iterate(0, id -> id + 1).iterator();

    private static RequestHead head(String fields) throws HttpSyntaxException {
        RequestHead head = new RequestHead(32 * 1024);
        ByteBuf buffer = Bytes.buffer("POST /v1/messages?key=secret HTTP/1.1\r\nHost: a\r\n"
                + fields + "\r\n");
        try {
            head.parse(buffer);
        } finally {
            buffer.release();
        }
        return head;
    }

    private RequestTrace begin(Sampling sampling, String fields) throws HttpSyntaxException {
        return new LoopTracer(sampling, true, ids::nextLong).begin(head(fields), false);
    }

    private RequestTrace begin(String fields) throws HttpSyntaxException {
        return begin(Sampling.DEFAULT, fields);
    }

    private static String sent(AttemptSpan attempt) {
        HeadWriter out = new HeadWriter();
        attempt.writeTo(out);
        return out.toString();
    }

    @Test
    void beginsATraceWhereTheCallerHasNone() throws Exception {
        RequestTrace trace = begin("");

        assertThat(trace.traceId()).isEqualTo("00000000000000010000000000000002");
        assertThat(trace.spanId()).isEqualTo("0000000000000003");
        assertThat(trace.parentId()).isNull();
        assertThat(trace.isSampled()).isTrue();
        assertThat(sent(trace.newAttempt(null))).isEqualTo("traceparent: "
                + "00-00000000000000010000000000000002-0000000000000004-01\r\n");
    }

    @Test
    void goesOnWithTheCallersTrace() throws Exception {
        RequestTrace trace = begin(SAMPLED + "tracestate: congo=t61\r\nTraceState: rojo=00f\r\n");

        assertThat(trace.traceId()).isEqualTo(TRACE);
        assertThat(trace.parentId()).isEqualTo(PARENT);
        assertThat(trace.spanId()).isEqualTo("0000000000000001");
        assertThat(sent(trace.newAttempt(null))).isEqualTo("traceparent: 00-" + TRACE
                + "-0000000000000002-01\r\ntracestate: congo=t61, rojo=00f\r\n");
        assertThat(sent(trace.newAttempt(null))).contains("-0000000000000003-01");
    }

    @Test
    void ignoresWhatTheCallerSentMalformed() throws Exception {
        RequestTrace malformed = begin("traceparent: 00-a-b-01\r\ntracestate: a=b\r\n");
        RequestTrace twice = begin(SAMPLED + SAMPLED);

        assertThat(malformed.parentId()).isNull();
        assertThat(malformed.state()).isNull();
        assertThat(twice.traceId()).isNotEqualTo(TRACE);
        assertThat(begin(SAMPLED + "tracestate: A=b\r\n").state()).isNull();
        assertThat(begin(SAMPLED + "tracestate: A=b\r\n").traceId()).isEqualTo(TRACE);
    }

    @Test
    void passesTheRandomFlagOnAndNoOther() throws Exception {
        assertThat(sent(begin(SAMPLED.replace("-01", "-ff")).newAttempt(null))).contains("-03\r\n");
        assertThat(sent(begin(SAMPLED.replace("-01", "-02")).newAttempt(null))).contains("-02\r\n");
    }

    @Test
    void followsTheCallersDecisionWhateverTheRatio() throws Exception {
        Sampling none = new Sampling(0, true);

        assertThat(begin(none, SAMPLED).isSampled()).isTrue();
        assertThat(begin(UNSAMPLED).isSampled()).isFalse();
        assertThat(begin(none, "").isSampled()).isFalse();
        assertThat(begin(new Sampling(0, false), SAMPLED).isSampled()).isFalse();
        assertThat(begin(new Sampling(1, false), UNSAMPLED).isSampled()).isTrue();
    }

    @Test
    void tellsTheProviderOfTheTraceThoughNothingIsRecorded() throws Exception {
        assertThat(sent(begin(UNSAMPLED).newAttempt(null)))
                .isEqualTo("traceparent: 00-" + TRACE + "-0000000000000002-00\r\n");
    }

    @Test
    void tellsTheProviderNothingWhereThatIsNotWanted() throws Exception {
        LoopTracer tracer = new LoopTracer(Sampling.DEFAULT, false, ids::nextLong);

        assertThat(sent(tracer.begin(head(SAMPLED), false).newAttempt(null))).isEmpty();
    }

    @Test
    void requestsThatOneWasMadeIntoShareItsTraceAndCaller() throws Exception {
        LoopTracer tracer = new LoopTracer(Sampling.DEFAULT, true, ids::nextLong);
        RequestTrace one = tracer.begin(head(SAMPLED + "tracestate: a=b\r\n"), false);

        RequestTrace part = tracer.begin(head(""), false, one);

        assertThat(part.traceId()).isEqualTo(TRACE);
        assertThat(part.parentId()).isEqualTo(PARENT);
        assertThat(part.spanId()).isNotEqualTo(one.spanId());
        assertThat(part.state()).isEqualTo("a=b");
        assertThat(part.isSampled()).isTrue();
        assertThat(tracer.begin(head(SAMPLED), false, begin(UNSAMPLED)).isSampled()).isFalse();
    }

    @Test
    void samplesByTheLowerHalfOfTheTracesId() {
        assertThat(new Sampling(0.5, true).covers(0x3fffffffffffffffL)).isTrue();
        assertThat(new Sampling(0.5, true).covers(0x4fffffffffffffffL)).isFalse();
        assertThat(new Sampling(0.5, true).covers(0xbfffffffffffffffL)).isTrue();
        assertThat(new Sampling(1, true).covers(-1)).isTrue();
        assertThat(new Sampling(0, true).covers(0)).isFalse();
    }

    @Test
    void keepsOfTheHeadWhatSpansTellAndNoQuery() throws Exception {
        assertThat(begin("user-agent: curl/8\r\n").request())
                .isEqualTo(new RequestTrace.Request("POST", "/v1/messages", false, "curl/8"));
        assertThat(begin(UNSAMPLED).request()).isNull();
    }
}
