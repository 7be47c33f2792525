package io.penstock.compare;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.CompositeByteBuf;
import io.penstock.answer.LocalReply;
import io.penstock.exchange.call.BodyFailure;
import io.penstock.exchange.call.CallLoop;
import io.penstock.exchange.call.RequestBody;
import io.penstock.failure.Failure;
import io.penstock.http.Chunks;
import io.penstock.http.HeadWriter;
import io.penstock.http.HttpSyntaxException;
import io.penstock.http.RequestHead;
import io.penstock.json.JsonSyntaxException;
import io.penstock.json.JsonText;
import io.penstock.json.TopLevelScanner;
import io.penstock.listen.DownstreamStream;
import io.penstock.listen.OpenRequest;
import io.penstock.listen.RequestHandler;
import io.penstock.sse.EventData;
import io.penstock.translate.ReplyFormat;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One request that asks several models the same, and answers with all that they say. Each model is
 * asked by an exchange of its own, as if its caller had sent one chat for each: with its own
 * limits, attempts and line in the log. Nothing that one of them does delays another.
 *
 * <p><b>Thread:</b> confined to the event loop of the caller's stream.
 * <br><b>Buffers:</b> takes the body, and shares it between the exchanges.
 * <br><b>Bounds:</b> {@value CompareFields#MAX_MODELS} models, each with what a {@link Lane} keeps,
 * and all of that within the memory for bodies. Events are not kept: the exchanges pause while
 * their caller has no room.
 * <br>The caller goes: all exchanges end. A provider dies: its model's result says so.
 */
public final class Comparison implements OpenRequest {
    public static final String PATH = "/v1/compare_models";
    private static final String UNVERSIONED_PATH = "/compare_models";

    private static final String CHAT_PATH = "/v1/chat/completions";
    private static final Set<String> REPLACED = Set.of("content-length", "transfer-encoding",
            "expect", "connection", "x-request-id", "content-encoding");
    private static final String EXAMPLE = "{\"models\":[\"gpt-4o\",\"claude-sonnet-4-6\"],"
            + "\"messages\":[{\"role\":\"user\",\"content\":\"Why is the sky blue?\"}],"
            + "\"stream\":false}";
    private static final byte[] DONE = "data: [DONE]\n\n".getBytes(StandardCharsets.US_ASCII);

    /** Where the exchanges are to be had. */
    public interface Host {
        /**
         * Makes the handler of a lane's one request.
         *
         * @param mayFailOver more than one target of the model may be asked
         */
        RequestHandler newHandler(Lane lane, boolean mayFailOver);

        /** The comparison is over: its answer is about to end. */
        void onComparisonOver();
    }

    private enum Phase { RECEIVING, ASKING, STREAMING, OVER }

    private final CallLoop loop;
    private final DownstreamStream to;
    private final Host host;
    private final Supplier<LocalReply> replies;
    private final String requestId;
    private final long maxBodyBytes;
    private final int maxHeadBytes;
    private final byte[] head; // of each exchange's request, but for its last lines
    private final RequestBody body;
    private final TopLevelScanner scanner = CompareFields.newScanner();
    private final StringBuilder waiting = new StringBuilder(); // results before the first chunk
    private Phase phase = Phase.RECEIVING;
    private List<Lane> lanes = List.of();
    private boolean stream;
    private int left; // models that have yet to end

    /**
     * A comparison whose head was accepted.
     *
     * @param replies makes a reply with the fields that all replies to this request have
     */
    public Comparison(CallLoop loop, DownstreamStream to, RequestHead head, Host host,
            Supplier<LocalReply> replies, String requestId, long maxBodyBytes) {
        this.loop = loop;
        this.to = to;
        this.host = host;
        this.replies = replies;
        this.requestId = requestId;
        this.maxBodyBytes = maxBodyBytes;
        maxHeadBytes = head.maxBytes() + REPLACED.size() * 64 + requestId.length();
        body = new RequestBody(loop.bodyMemory());
        HeadWriter out = loop.writer().clear();
        head.writeAs(out, CHAT_PATH, REPLACED);
        this.head = new byte[out.length()];
        out.drainTo(this.head);
    }

    /** Whether it is the path of comparisons. */
    public static boolean isPath(String path) {
        return path.equals(PATH) || path.equals(UNVERSIONED_PATH);
    }

    /** What is wrong with the head of a comparison; null if nothing is. */
    public static @Nullable Failure mistakeIn(RequestHead head, long maxBodyBytes) {
        String coding = head.value("content-encoding");
        if (coding != null && !coding.equalsIgnoreCase("identity")) {
            return Failure.of(Failure.Kind.UNSUPPORTED_MEDIA_TYPE,
                    "The body of a comparison must not be compressed.");
        }
        return head.contentLength() > maxBodyBytes ? BodyFailure.tooLarge(maxBodyBytes) : null;
    }

    /** What comparisons are, for a caller who asks. */
    public static String explanation() {
        return "{\"object\":\"model_comparison.help\",\"description\":\"POST a chat completion"
                + " with 'models', a list of " + CompareFields.MIN_MODELS + " to "
                + CompareFields.MAX_MODELS + " names, in place of 'model': each model answers,"
                + " side by side. 'stream': true sends events 'chunk' and 'result'; 'failover':"
                + " true lets each model fail over to its further targets.\",\"example\":" + EXAMPLE
                + "}";
    }

    private void moveTo(Phase next) {
        phase = next;
    }

    boolean isStream() {
        return stream;
    }

    // The request comes

    @Override
    public void onRequestBody(ByteBuf bytes) {
        if (phase != Phase.RECEIVING) {
            bytes.release();
            return;
        }
        Failure mistake = null;
        try {
            scanner.scan(bytes);
            if (body.length() + bytes.readableBytes() > maxBodyBytes) {
                mistake = BodyFailure.tooLarge(maxBodyBytes);
            }
        } catch (JsonSyntaxException e) {
            mistake = BodyFailure.invalidJson(e);
        }
        if (mistake != null) {
            bytes.release();
        } else if (!body.add(to.allocator(), bytes)) {
            mistake = BodyFailure.noRoom();
        }
        if (mistake != null) {
            refuse(mistake);
        }
    }

    @Override
    public void onRequestEnd() {
        if (phase != Phase.RECEIVING) {
            return;
        }
        CompareFields fields;
        try {
            scanner.end();
            fields = CompareFields.of(scanner);
        } catch (JsonSyntaxException e) {
            refuse(BodyFailure.invalidJson(e));
            return;
        }
        Failure mistake = fields.mistake();
        if (mistake != null) {
            refuse(mistake);
        } else {
            ask(fields);
        }
    }

    @Override
    public void onBadRequest(Failure failure) {
        if (phase == Phase.RECEIVING) {
            refuse(failure);
        }
    }

    /** Answers before any model was asked. */
    private void refuse(Failure why) {
        moveTo(Phase.OVER);
        body.release();
        host.onComparisonOver();
        replies.get().error(to, ReplyFormat.CHAT, why, requestId, null);
    }

    private void ask(CompareFields fields) {
        moveTo(Phase.ASKING);
        stream = fields.isStream();
        lanes = new ArrayList<>();
        for (String model : fields.models()) {
            lanes.add(new Lane(this, to, lanes.size(), model, loop.scratch()));
        }
        left = lanes.size();
        List<ByteBuf> bodies = new ArrayList<>();
        for (Lane lane : lanes) {
            fields.ask(lane.model(), loop.edits());
            bodies.add(body.whole(to.allocator(), loop.edits()));
        }
        body.release();
        RequestHead parsed = new RequestHead(maxHeadBytes);
        for (Lane lane : lanes) {
            ByteBuf each = bodies.get(lane.index());
            if (phase == Phase.OVER) { // the caller has gone meanwhile
                each.release();
            } else {
                parse(parsed, lane.index(), each.readableBytes());
                lane.begin(host.newHandler(lane, fields.mayFailOver()), parsed, each);
            }
        }
    }

    /** The head of the request to that model. */
    private void parse(RequestHead into, int index, int length) {
        HeadWriter out = loop.writer().clear().bytes(head).text("x-request-id: ").text(requestId)
                .text("-").number(index).text("\r\ncontent-length: ").number(length).crlf().crlf();
        ByteBuf text = to.allocator().directBuffer(out.length());
        out.drainTo(text);
        try {
            into.parse(text);
        } catch (HttpSyntaxException e) {
            throw new IllegalStateException("cannot happen: it was parsed before", e);
        } finally {
            text.release();
        }
    }

    // The caller goes, the proxy stops

    @Override
    public void onClosed() {
        if (phase == Phase.OVER) {
            return;
        }
        moveTo(Phase.OVER);
        body.release();
        lanes.forEach(Lane::onCallerGone);
        host.onComparisonOver();
    }

    @Override
    public void onShutdown() {
        if (phase == Phase.RECEIVING) {
            refuse(Failure.of(Failure.Kind.OVERLOADED, "The proxy is shutting down."));
        } else {
            List.copyOf(lanes).forEach(Lane::onShutdown);
        }
    }

    @Override
    public void onWritabilityChanged(boolean writable) {
        lanes.forEach(lane -> lane.onWritabilityChanged(writable));
    }

    // The answers

    /** Whether there is memory for so many more bytes of whole answers. */
    boolean tryKeep(int bytes) {
        return loop.bodyMemory().tryTake(bytes);
    }

    void giveBack(int bytes) {
        loop.bodyMemory().release(bytes);
    }

    /** A model begins to answer: so there is something to tell. */
    void onStreamBegun() {
        if (phase == Phase.ASKING) {
            beginStream();
        }
    }

    private void beginStream() {
        moveTo(Phase.STREAMING);
        replies.get().field("cache-control", "no-cache").field("x-accel-buffering", "no")
                .head(to, 200, requestId, "text/event-stream", DownstreamStream.UNKNOWN_LENGTH);
        if (!waiting.isEmpty()) {
            send(waiting.toString());
            waiting.setLength(0);
        }
    }

    /** Sends the data of one event of that model's stream. */
    void sendChunk(Lane lane, EventData data) {
        StringBuilder start = JsonText.quote(new StringBuilder("event: chunk\ndata: {\"index\":")
                .append(lane.index()).append(",\"model\":"), lane.model()).append(",\"chunk\":");
        byte[] bytes = data.bytes();
        for (int i = 0; i < data.length(); i++) {
            if (bytes[i] == '\n' || bytes[i] == '\r') {
                bytes[i] = ' '; // between tokens: no string of JSON holds one
            }
        }
        ByteBuf event = to.allocator().directBuffer(start.length() + data.length() + 16);
        ByteBufUtil.writeUtf8(event, start);
        event.writeBytes(bytes, 0, data.length());
        ByteBufUtil.writeAscii(event, "}\n\n");
        send(event);
    }

    private void send(String events) {
        send(ByteBufUtil.writeUtf8(to.allocator(), events));
    }

    /** Takes it. */
    private void send(ByteBuf events) {
        Chunks.write(to, to.allocator(), events);
    }

    /** That model has said all that it had to say, or can't. */
    void onOver(Lane lane) {
        if (phase == Phase.OVER) {
            return;
        }
        left--;
        if (stream) {
            String result = ArmReport.write(new StringBuilder("event: result\ndata: "), lane)
                    .append("}\n\n").toString();
            if (phase == Phase.STREAMING) {
                send(result);
            } else if (ArmReport.isGood(lane)) {
                waiting.append(result); // a whole answer in place of a stream: it goes first
                beginStream();
            } else {
                waiting.append(result);
            }
        }
        if (left > 0) {
            if (phase == Phase.STREAMING) {
                to.flush();
            }
        } else if (phase == Phase.STREAMING) {
            endStream();
        } else {
            answerAll();
        }
    }

    private void endStream() {
        moveTo(Phase.OVER);
        send(to.allocator().directBuffer(DONE.length).writeBytes(DONE));
        Chunks.writeLast(to);
        finish();
    }

    /** Answers with all results at once: of whole answers, or of none that is good. */
    private void answerAll() {
        moveTo(Phase.OVER);
        boolean good = lanes.stream().anyMatch(ArmReport::isGood);
        CompositeByteBuf all = to.allocator().compositeDirectBuffer(Integer.MAX_VALUE);
        StringBuilder text = new StringBuilder("{\"object\":\"model_comparison\",\"created\":")
                .append(TimeUnit.MILLISECONDS.toSeconds(System.currentTimeMillis()))
                .append(good ? "" : ",\"error\":" + ArmReport.error(Failure.of(
                        Failure.Kind.UPSTREAM_ERROR, "No model brought an answer.")))
                .append(",\"results\":[");
        for (Lane lane : lanes) {
            ArmReport.write(text.append(lane.index() == 0 ? "" : ","), lane)
                    .append(",\"response\":");
            ByteBuf whole = ArmReport.isGood(lane) ? lane.whole() : null;
            if (whole == null) {
                text.append("null}");
            } else {
                all.addComponent(true, ByteBufUtil.writeUtf8(to.allocator(), text));
                all.addComponent(true, whole.retainedSlice());
                text.setLength(0);
                text.append('}');
            }
        }
        all.addComponent(true, ByteBufUtil.writeUtf8(to.allocator(), text.append("]}")));
        replies.get().field("cache-control", "no-store").head(to, good ? 200
                : Failure.Kind.UPSTREAM_ERROR.status(), requestId, "application/json",
                all.readableBytes());
        to.write(all);
        finish();
    }

    private void finish() {
        lanes.forEach(Lane::release);
        host.onComparisonOver();
        to.endResponse(); // a next request may begin inside
    }
}
