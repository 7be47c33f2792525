package io.penstock.exchange.passthrough;

import io.netty.buffer.ByteBuf;
import io.penstock.exchange.call.Ask;
import io.penstock.exchange.call.BodyEdits;
import io.penstock.exchange.call.ErrorReply;
import io.penstock.exchange.call.Leg;
import io.penstock.exchange.call.OutboundRequest;
import io.penstock.exchange.call.ReplyReading;
import io.penstock.exchange.call.RequestBody;
import io.penstock.exchange.passthrough.OpaqueReply.Kind;
import io.penstock.http.Chunks;
import io.penstock.http.Field;
import io.penstock.http.HeadWriter;
import io.penstock.http.RequestLine;
import io.penstock.http.ResponseHead;
import io.penstock.listen.DownstreamStream;
import io.penstock.loop.Deadlines;
import io.penstock.provider.Authorization;
import io.penstock.upstream.ProviderTypeException;
import io.penstock.upstream.UpstreamStream;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/**
 * The caller's request as it is, but for its credential and, where a model routes it, the model's
 * name.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Buffers:</b> owns none; the call keeps the body.
 */
final class OpaqueRequest implements OutboundRequest {
    private final PassThroughCall call;

    OpaqueRequest(PassThroughCall call) {
        this.call = call;
    }

    @Override
    public void send(Ask ask, UpstreamStream to) throws ProviderTypeException {
        BodyEdits edits = call.loop().edits().clear();
        String named = ask.target().model();
        String modelName = call.isRouted() && call.modelField().name() != null
                ? ask.provider().modelName(named) : named;
        String query = call.modelField().fit(modelName, edits);
        if (call.path().upgrade()) {
            to.expectUpgrade("websocket");
        }
        writeHead(to, ask, modelName, query, edits);
        RequestBody body = call.body();
        if (call.uploadsChunks()) {
            to.write(Chunks.begin(call.allocator(), body.lengthWith(edits)));
        }
        body.writeTo(to, call.allocator(), edits);
        if (call.uploadsChunks()) {
            to.write(Chunks.end());
        }
        if (call.isUploading()) {
            call.onSentOn();
            to.expectEarlyReply();
        }
    }

    private void writeHead(UpstreamStream to, Ask ask, String modelName, String query,
            BodyEdits edits) throws ProviderTypeException {
        PassThroughPath path = call.path();
        boolean deployed = path.kind() == PassThroughPath.Kind.MODEL
                && call.modelField().name() != null;
        String target = path.kind() == PassThroughPath.Kind.PROVIDER ? path.path() + query
                : ask.provider().requestTarget(path.path(), query, deployed ? modelName : null);
        RequestLine line = new RequestLine(call.method(), target, ask.provider().authority());
        HeadWriter out = call.loop().writer().clear();
        to.beginHead(out, line);
        Set<String> replaced = authorize(ask, line, edits, out);
        if (!path.upgrade()) {
            out.text("accept-encoding: identity\r\n");
        }
        if (call.modelField().isRoutedJson()) {
            out.text("content-type: application/json\r\n");
        }
        ask.writeTrace(out);
        call.writeFields(out, replaced);
        to.writeHead(out, call.bodyLength(edits));
    }

    /** Writes the provider's credential; returns which of the caller's fields it replaces. */
    private Set<String> authorize(Ask ask, RequestLine line, BodyEdits edits, HeadWriter out)
            throws ProviderTypeException {
        Authorization authorization = ask.provider().authorization(ask.key(), line.path());
        ByteBuf whole = authorization instanceof Authorization.Signed && !call.isUploading()
                ? call.body().whole(call.allocator(), edits) : null;
        try {
            return ask.provider().authorize(authorization, out, line.method(), line.path(),
                    line.query(), whole);
        } finally {
            if (whole != null) {
                whole.release();
            }
        }
    }

    @Override
    public ReplyReading read(ResponseHead head, Ask ask) {
        if (head.status() == 101) {
            return new OpaqueReply(call.loop().scratch(), true, false, true, Kind.ANY);
        }
        if (head.status() >= 400) { // byte for byte, wherever it is cut
            return new ErrorReply(ErrorReply.MAX_BYTES, StandardCharsets.ISO_8859_1);
        }
        boolean events = head.valueStartsWith(Field.CONTENT_TYPE, "text/event-stream");
        return new OpaqueReply(call.loop().scratch(), call.mayTellUsage() && (events
                || head.valueStartsWith(Field.CONTENT_TYPE, "application/json")), events,
                call.isImpatient(), kindOf(head));
    }

    private Kind kindOf(ResponseHead head) {
        if (call.path().kind() != PassThroughPath.Kind.MODEL || head.status() >= 300) {
            return Kind.ANY; // nobody else could answer
        }
        return head.valueStartsWith(Field.CONTENT_TYPE, "application/json") ? Kind.JSON
                : head.valueStartsWith(Field.CONTENT_TYPE, "text/html") ? Kind.PAGE : Kind.ANY;
    }

    @Override
    public Leg upgrade(UpstreamStream provider, DownstreamStream downstream,
            ReplyReading reply, Deadlines deadlines, Leg.Listener listener) {
        return new WebSocketLeg(provider, downstream, (OpaqueReply) reply, call.limits(),
                deadlines, listener);
    }
}
