package io.penstock.exchange.call;

import io.penstock.http.ResponseHead;
import io.penstock.listen.DownstreamStream;
import io.penstock.loop.Deadlines;
import io.penstock.provider.Api;
import io.penstock.upstream.ProviderTypeException;
import io.penstock.upstream.UpstreamStream;
import java.util.List;

/**
 * The request as one target gets it, and the way to read the reply.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Buffers:</b> what it owns goes with {@link #release}; each sending takes slices.
 */
public interface OutboundRequest {
    /** Queues the request, or its head and as much of the body as has come. */
    void send(Ask ask, UpstreamStream to) throws ProviderTypeException;

    /** How the reply with that head is to be read; the head is borrowed. */
    ReplyReading read(ResponseHead head, Ask ask);

    /** In which API the target is asked; null where that is unknown. */
    default Api api() {
        return null;
    }

    /** The caller's fields that the target goes without. */
    default List<String> dropped() {
        return List.of();
    }

    /** The caller's fields that the target gets another value for. */
    default List<String> changed() {
        return List.of();
    }

    /**
     * The connection speaks another protocol from here on, as the request asked for; both sides
     * have been told. The leg has yet to be started.
     */
    default Leg upgrade(UpstreamStream provider, DownstreamStream downstream,
            ReplyReading reply, Deadlines deadlines, Leg.Listener listener) {
        throw new IllegalStateException("no other protocol was asked for");
    }

    /** The request will not be sent again; harmless if that was known before. */
    default void release() {}
}
