package io.penstock.exchange.chat;

import io.netty.buffer.ByteBuf;
import io.penstock.exchange.call.Ask;
import io.penstock.exchange.call.BodyEdits;
import io.penstock.exchange.call.OutboundRequest;
import io.penstock.exchange.call.ReplyReading;
import io.penstock.exchange.call.RequestBody;
import io.penstock.http.HeadWriter;
import io.penstock.http.ResponseHead;
import io.penstock.provider.Api;
import io.penstock.provider.Authorization;
import io.penstock.upstream.Provider;
import io.penstock.upstream.ProviderTypeException;
import io.penstock.upstream.RequestStart;
import io.penstock.upstream.UpstreamStream;
import java.util.Set;

/**
 * The request in the caller's own words, for a target that speaks them: the body's bytes, but for
 * the few that have to be replaced.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Buffers:</b> owns none; the call keeps the body.
 */
final class RelayedRequest implements OutboundRequest {
    private final ChatCall call;
    private final boolean asksForUsage;
    private final String prefix;
    private final long prefixTokens;

    /**
     * A request that has yet to be sent.
     *
     * @param asksForUsage in the caller's place, of a stream
     * @param prefix of the answer, from which the provider is to go on; null for none
     * @param prefixTokens how many that may have come to
     */
    RelayedRequest(ChatCall call, boolean asksForUsage, String prefix, long prefixTokens) {
        this.call = call;
        this.asksForUsage = asksForUsage;
        this.prefix = prefix;
        this.prefixTokens = prefixTokens;
    }

    boolean asksForUsage() {
        return asksForUsage;
    }

    @Override
    public Api api() {
        return call.api();
    }

    @Override
    public void send(Ask ask, UpstreamStream to) throws ProviderTypeException {
        Provider provider = ask.provider();
        String modelName = provider.modelName(ask.target().model());
        BodyEdits edits = call.edits(modelName, asksForUsage);
        if (prefix != null) {
            call.fields().goOn(edits, prefix, provider.prefill(), prefixTokens);
        }
        call.strip(edits);
        RequestBody body = call.body();
        long length = body.lengthWith(edits);
        RequestStart start = provider.requestStart(call.api(), modelName, call.isStream());
        HeadWriter out = call.writer().bytes(start.bytes());
        Set<String> replaced = authorize(ask, start, edits, out);
        out.text("content-length: ").number(length).crlf();
        call.writeFields(out, replaced);
        int room = out.length();
        boolean small = body.isSmall();
        ByteBuf head = call.allocator().directBuffer(small ? room + (int) length : room);
        out.drainTo(head);
        if (small) {
            body.copyTo(head, edits);
            to.write(head);
        } else {
            to.write(head);
            body.writeTo(to, call.allocator(), edits);
        }
    }

    /** Only a signature has to have the body in one piece. */
    private Set<String> authorize(Ask ask, RequestStart start, BodyEdits edits, HeadWriter out)
            throws ProviderTypeException {
        Authorization authorization = ask.provider().authorization(ask.key());
        ByteBuf whole = authorization instanceof Authorization.Signed
                ? call.body().whole(call.allocator(), edits) : null;
        try {
            return ask.provider().authorize(authorization, out, "POST", start.path(),
                    start.query(), whole);
        } finally {
            if (whole != null) {
                whole.release();
            }
        }
    }

    @Override
    public ReplyReading read(ResponseHead head, Ask ask) {
        return call.replies().ofRelayed(this, head, ask);
    }
}
