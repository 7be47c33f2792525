package io.penstock.exchange.chat;

import io.netty.buffer.ByteBuf;
import io.penstock.exchange.call.Ask;
import io.penstock.exchange.call.BodyEdits;
import io.penstock.exchange.call.OutboundRequest;
import io.penstock.exchange.call.ReplyReading;
import io.penstock.exchange.call.RequestBody;
import io.penstock.http.HeadWriter;
import io.penstock.http.RequestLine;
import io.penstock.http.ResponseHead;
import io.penstock.provider.Api;
import io.penstock.provider.Authorization;
import io.penstock.translate.request.ClientFormat;
import io.penstock.translate.request.Fitted;
import io.penstock.translate.request.RequestFitter;
import io.penstock.upstream.Provider;
import io.penstock.upstream.ProviderTypeException;
import io.penstock.upstream.RequestStart;
import io.penstock.upstream.UpstreamStream;
import java.util.List;
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
    private Fitted fitted; // what was changed for the provider; null for nothing

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
            call.fields().goOn(edits, call.format(), prefix, provider.prefill(), prefixTokens);
        }
        call.strip(edits);
        ByteBuf fitted = fit(provider, modelName, edits);
        try {
            write(ask, to, modelName, edits, fitted);
        } finally {
            if (fitted != null) {
                fitted.release();
            }
        }
    }

    /**
     * The body with the edits made, and what the provider would refuse of it taken out or renamed;
     * null where nothing is, as is mostly so. Gives it.
     */
    private ByteBuf fit(Provider provider, String modelName, BodyEdits edits) {
        ClientFormat format = call.endpoint().asked();
        if (format == null || RequestFitter.takesAnything(format, provider.relayRules())) {
            return null;
        }
        ByteBuf slice = call.body().onlySlice();
        if (slice != null
                && !call.fitter().isAffected(format, provider.relayRules(), slice)) {
            return null; // nor do the edits bring anything that would be
        }
        ByteBuf whole = call.body().whole(call.allocator(), edits);
        try {
            fitted = call.fitter().fit(format, provider.relayRules(), modelName, whole);
            return fitted == null ? null : fitted.apply(whole, call.allocator());
        } finally {
            whole.release();
        }
    }

    /** {@code instead} is what goes out in place of the body, borrowed; null for the body. */
    private void write(Ask ask, UpstreamStream to, String modelName, BodyEdits edits,
            ByteBuf instead) throws ProviderTypeException {
        RequestBody body = call.body();
        long length = instead == null ? body.lengthWith(edits) : instead.readableBytes();
        RequestStart start = ask.provider().requestStart(call.api(), modelName,
                call.isStream());
        HeadWriter out = call.beginHead(start, to);
        Set<String> replaced = authorize(ask, start.line(), edits, instead, out);
        ask.writeTrace(out);
        call.writeFields(out, replaced);
        to.writeHead(out, length);
        if (instead != null) {
            to.write(instead.retainedSlice());
        } else {
            body.writeTo(to, call.allocator(), edits);
        }
    }

    /** Only a signature has to have the body in one piece. */
    private Set<String> authorize(Ask ask, RequestLine line, BodyEdits edits, ByteBuf instead,
            HeadWriter out) throws ProviderTypeException {
        Authorization authorization = call.endpoint().isGoogles()
                ? ask.provider().authorization(ask.key(), line.path())
                : ask.provider().authorization(ask.key());
        ByteBuf whole = !(authorization instanceof Authorization.Signed) ? null
                : instead != null ? instead.retainedSlice()
                : call.body().whole(call.allocator(), edits);
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
    public List<String> dropped() {
        return fitted == null ? List.of() : fitted.dropped();
    }

    @Override
    public List<String> changed() {
        return fitted == null ? List.of() : fitted.changed();
    }

    @Override
    public ReplyReading read(ResponseHead head, Ask ask) {
        return call.replies().ofRelayed(this, head, ask);
    }
}
