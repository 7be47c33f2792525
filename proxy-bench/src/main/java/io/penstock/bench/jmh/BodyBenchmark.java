package io.penstock.bench.jmh;

import io.netty.buffer.ByteBuf;
import io.penstock.json.JsonSyntaxException;
import io.penstock.json.TopLevelScanner;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Finding {@code model} and {@code stream} in a body that comes in reads of 64 KiB, and splicing.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class BodyBenchmark {
    private static final int READ_BYTES = 64 * 1024;

    /** Length of the prompt. */
    @Param({"1024", "1048576"})
    public int promptBytes;

    private final TopLevelScanner scanner = new TopLevelScanner("model", "stream");
    private final ByteBuf model = Samples.buffer("\"gpt-4o-mini-2024-07-18\"");
    private ByteBuf body;

    @Setup
    public void fill() {
        body = Samples.buffer(Samples.body(promptBytes));
    }

    /** The scan alone. */
    @Benchmark
    public String scan() throws JsonSyntaxException {
        scanner.reset();
        int end = body.writerIndex();
        for (int at = 0; at < end; at += READ_BYTES) {
            scanner.scan(body, at, Math.min(READ_BYTES, end - at));
        }
        scanner.end();
        return scanner.text(0);
    }

    /** The scan, and the slices before and behind another model's name. */
    @Benchmark
    public int scanAndSplice() throws JsonSyntaxException {
        scan();
        ByteBuf before = body.retainedSlice(0, (int) scanner.start(0));
        ByteBuf behind = body.retainedSlice((int) scanner.end(0),
                body.writerIndex() - (int) scanner.end(0));
        int length = before.readableBytes() + model.readableBytes() + behind.readableBytes();
        before.release();
        behind.release();
        return length;
    }
}
