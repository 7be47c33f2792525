package io.penstock.exchange.call;

import io.penstock.http.HeadWriter;
import io.penstock.limit.Gauge;
import io.penstock.loop.Deadlines;
import io.penstock.loop.Durations;
import io.penstock.loop.Scratch;
import io.penstock.upstream.UpstreamLoop;
import java.util.ArrayDeque;
import java.util.function.Function;

/**
 * What one event loop lends to the calls on it: its clock, its connections to providers, scratch
 * that calls can share because only one of them is at work at a time.
 *
 * <p><b>Thread:</b> confined to the event loop.
 * <br><b>Bounds:</b> {@value #MAX_SPARE_ARRAYS} arrays of {@value #ARRAY_BYTES} bytes are kept.
 */
public final class CallLoop {
    private static final int MAX_SPARE_ARRAYS = 256;
    private static final int ARRAY_BYTES = 1024;

    private final Deadlines deadlines;
    private final UpstreamLoop upstream;
    private final Gauge bodyMemory;
    private final Function<String, Durations> gaps;
    private final ResponseOrigins responseOrigins;
    private final HeadWriter writer = new HeadWriter();
    private final Scratch scratch = new Scratch();
    private final BodyEdits edits = new BodyEdits();
    private final ArrayDeque<byte[]> arrays = new ArrayDeque<>();

    /** For the only loop, whose calls tell no gaps. */
    public CallLoop(Deadlines deadlines, UpstreamLoop upstream, Gauge bodyMemory) {
        this(deadlines, upstream, bodyMemory, new ResponseOrigins(), provider -> Durations.NONE);
    }

    /**
     * For one of several loops.
     *
     * @param bodyMemory counts the request bodies of all loops
     * @param responseOrigins is that of all loops
     * @param gaps takes the times between the reads of a provider's streams
     */
    public CallLoop(Deadlines deadlines, UpstreamLoop upstream, Gauge bodyMemory,
            ResponseOrigins responseOrigins, Function<String, Durations> gaps) {
        this.deadlines = deadlines;
        this.upstream = upstream;
        this.bodyMemory = bodyMemory;
        this.responseOrigins = responseOrigins;
        this.gaps = gaps;
    }

    public Deadlines deadlines() {
        return deadlines;
    }

    public UpstreamLoop upstream() {
        return upstream;
    }

    public Gauge bodyMemory() {
        return bodyMemory;
    }

    /** Which provider made which response. */
    public ResponseOrigins responseOrigins() {
        return responseOrigins;
    }

    /** Takes the times between two reads of that provider's streams. */
    public Durations gapsOf(String provider) {
        return gaps.apply(provider);
    }

    /** For one head at a time. */
    public HeadWriter writer() {
        return writer;
    }

    public Scratch scratch() {
        return scratch;
    }

    /** For one body at a time, while it is sent. */
    public BodyEdits edits() {
        return edits;
    }

    /** An array of {@value #ARRAY_BYTES} bytes at least; {@link #giveBack} should follow. */
    public byte[] borrowArray(int length) {
        byte[] array = length > ARRAY_BYTES ? new byte[length] : arrays.poll();
        return array == null ? new byte[ARRAY_BYTES] : array;
    }

    public void giveBack(byte[] array) {
        if (array.length == ARRAY_BYTES && arrays.size() < MAX_SPARE_ARRAYS) {
            arrays.push(array);
        }
    }
}
