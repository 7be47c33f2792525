package io.penstock.bench.jmh;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.ReferenceCountUtil;
import io.penstock.http.BodySink;
import io.penstock.http.ChunkScanner;
import io.penstock.http.HttpSyntaxException;
import io.penstock.http.ResponseHead;
import io.penstock.loop.PendingBytes;
import io.penstock.loop.Scratch;
import io.penstock.relay.ResponseRelay;
import io.penstock.sse.FamiliarEnd;
import io.penstock.translate.ChatStream;
import io.penstock.usage.TokenUsage;
import io.penstock.usage.UsageScanner;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** What an event costs on its way through: each stage, and all of them in memory. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class StreamBenchmark implements ResponseRelay.Observer {
    private static final int EVENTS = Samples.VARIETY;
    private static final int MAX_HEAD_BYTES = 32 * 1024;

    private final ByteBuf[] events =
            Stream.of(Samples.events()).map(Samples::buffer).toArray(ByteBuf[]::new);
    private final ByteBuf[] singles = Stream.of(Samples.events()).map(Samples::chunk)
            .map(Samples::buffer).toArray(ByteBuf[]::new);
    private final ByteBuf burst = Samples.buffer(
            Stream.of(Samples.events()).map(Samples::chunk).collect(Collectors.joining()));
    private final ByteBuf usageEvent = Samples.buffer(Samples.USAGE_EVENT);
    private final ChunkScanner chunks = new ChunkScanner();
    private final ChatStream chatStream = new ChatStream();
    private final UsageScanner usageScanner = new UsageScanner();
    private final FamiliarEnd familiarEnd = new FamiliarEnd();
    private final ResponseRelay relay =
            new ResponseRelay(PooledByteBufAllocator.DEFAULT, this, new Scratch());
    private final EmbeddedChannel downstream = new EmbeddedChannel(new Discarding(),
            new ChannelInboundHandlerAdapter());
    private int turn;
    private int seen;

    @Setup
    public void begin() throws HttpSyntaxException {
        ByteBuf event = events[0];
        chatStream.glance(event, 0, event.readableBytes(), true);
        familiarEnd.learn(event, chatStream.unfinishedAt(), event.readableBytes());
        ResponseHead head = new ResponseHead(MAX_HEAD_BYTES);
        head.parse(Samples.buffer(Samples.RESPONSE_HEAD));
        relay.begin(head, false, true, true, null);
        relay.commit(new Sink(downstream.pipeline().lastContext()));
    }

    @TearDown
    public void end() {
        relay.discard();
        downstream.finishAndReleaseAll();
    }

    /** As a caller's HTTP/1.1 connection takes what is written. */
    private record Sink(ChannelHandlerContext context) implements BodySink {
        @Override
        public void write(ByteBuf bytes) {
            context.write(bytes, context.voidPromise());
        }

        @Override
        public boolean takesChunks() {
            return true;
        }

        @Override
        public long pendingBytes() {
            return PendingBytes.of(context.channel());
        }
    }

    /** Following the framing of one event's chunk. */
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public int followChunks() throws HttpSyntaxException {
        int at = 0;
        int end = burst.writerIndex();
        while (chunks.next(burst, at, end) == ChunkScanner.Step.DATA) {
            at = chunks.position();
        }
        return at;
    }

    private ByteBuf next() {
        turn = (turn + 1) % EVENTS;
        return events[turn];
    }

    /** Seeing whether an event ends like the first, which hardly any does. */
    @Benchmark
    public boolean familiarEnd() {
        ByteBuf event = next();
        return familiarEnd.isFamiliar(event, 0, event.readableBytes());
    }

    /** Searching an event that holds nothing of interest. */
    @Benchmark
    public ChatStream.Meaning glance() {
        ByteBuf event = next();
        return chatStream.glance(event, 0, event.readableBytes(), true);
    }

    /** Reading an event closely, as while a reply is held. */
    @Benchmark
    public ChatStream.Meaning readClosely() {
        ByteBuf event = next();
        return chatStream.read(event, 0, event.readableBytes());
    }

    /** Finding and reading a usage object. */
    @Benchmark
    public TokenUsage scanUsage() {
        return usageScanner.scan(usageEvent, 0, usageEvent.readableBytes());
    }

    /** One event of a burst, from the read buffer to the write: all stages, no sockets. */
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public int relayBurst() throws HttpSyntaxException {
        relay.take(burst.retainedDuplicate());
        return seen;
    }

    /** One event that comes alone. */
    @Benchmark
    public int relaySingle() throws HttpSyntaxException {
        turn = (turn + 1) % EVENTS;
        relay.take(singles[turn].retainedDuplicate());
        return seen;
    }

    @Override
    public boolean onEvent(ByteBuf buffer, int index, int length) {
        if (familiarEnd.isFamiliar(buffer, index, length)
                || chatStream.glance(buffer, index, length, true) == ChatStream.Meaning.CONTENT) {
            seen++;
        }
        return true;
    }

    @Override
    public void onOversizedEvent() {
        throw new AssertionError("there is none");
    }

    @Override
    public void onPayload(ByteBuf buffer, int index, int length) {
        throw new AssertionError("it is a stream");
    }

    /** The end of the way. */
    private static final class Discarding extends ChannelOutboundHandlerAdapter {
        @Override
        public void write(ChannelHandlerContext ctx, Object msg, ChannelPromise promise) {
            ReferenceCountUtil.release(msg);
        }
    }
}
