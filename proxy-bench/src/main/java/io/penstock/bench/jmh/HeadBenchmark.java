package io.penstock.bench.jmh;

import io.netty.buffer.ByteBuf;
import io.penstock.http.HeadWriter;
import io.penstock.http.HttpSyntaxException;
import io.penstock.http.RequestHead;
import io.penstock.http.ResponseHead;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Parsing a head, and writing the lines of it that go on. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class HeadBenchmark {
    private static final int MAX_BYTES = 32 * 1024;

    private final ByteBuf request = Samples.buffer(Samples.REQUEST_HEAD);
    private final ByteBuf response = Samples.buffer(Samples.RESPONSE_HEAD);
    private final RequestHead requestHead = new RequestHead(MAX_BYTES);
    private final ResponseHead responseHead = new ResponseHead(MAX_BYTES);
    private final HeadWriter writer = new HeadWriter();

    /** An official SDK's request head: parsed, and its end-to-end lines written. */
    @Benchmark
    public int requestHead() throws HttpSyntaxException {
        requestHead.parse(request);
        requestHead.writeUpstreamFields(writer.clear(), Set.of());
        return writer.length();
    }

    /** A provider's response head: parsed, and its end-to-end lines written. */
    @Benchmark
    public int responseHead() throws HttpSyntaxException {
        responseHead.parse(response);
        responseHead.writeDownstreamFields(writer.clear(), Set.of());
        return writer.length();
    }
}
