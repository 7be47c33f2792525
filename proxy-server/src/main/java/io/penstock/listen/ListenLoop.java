package io.penstock.listen;

import io.netty.channel.EventLoop;
import io.penstock.http.RequestHead;
import io.penstock.loop.Counter;
import io.penstock.loop.Deadlines;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Function;

/**
 * What one event loop needs to serve its connections.
 *
 * <p><b>Thread:</b> confined to the event loop.
 */
public final class ListenLoop {
    private final EventLoop loop;
    private final Deadlines deadlines;
    private final RequestHead requestHead;
    private final Function<DownstreamStream, RequestHandler> handlers;
    private final Set<DownstreamConnection> connections = new HashSet<>();
    private final Counter handshakes = new Counter();
    private final Counter failedHandshakes = new Counter();
    private boolean draining;

    public ListenLoop(EventLoop loop, Deadlines deadlines, int maxHeadBytes,
            Function<DownstreamStream, RequestHandler> handlers) {
        this.loop = loop;
        this.deadlines = deadlines;
        this.requestHead = new RequestHead(maxHeadBytes);
        this.handlers = handlers;
    }

    public EventLoop eventLoop() {
        return loop;
    }

    Deadlines deadlines() {
        return deadlines;
    }

    RequestHead requestHead() {
        return requestHead;
    }

    RequestHandler newHandler(DownstreamStream stream) {
        return handlers.apply(stream);
    }

    void onOpened(DownstreamConnection connection) {
        connections.add(connection);
    }

    void onClosed(DownstreamConnection connection) {
        connections.remove(connection);
    }

    void onHandshake(boolean good) {
        (good ? handshakes : failedHandshakes).add(1);
    }

    /** TLS handshakes with callers that came to their end; any thread. */
    public long handshakes() {
        return handshakes.get();
    }

    /** TLS handshakes with callers that failed; any thread. */
    public long failedHandshakes() {
        return failedHandshakes.get();
    }

    boolean isDraining() {
        return draining;
    }

    /** Connections open; on the loop. */
    public int connections() {
        return connections.size();
    }

    /** Closes idle connections now, and each other one after its current answer; on the loop. */
    public void drain() {
        draining = true;
        for (DownstreamConnection connection : Set.copyOf(connections)) {
            connection.closeIfIdle();
        }
    }

    /** Ends the exchanges of all connections now; called on the loop. */
    public void shutDown() {
        for (DownstreamConnection connection : Set.copyOf(connections)) {
            connection.shutDown();
        }
    }

    /** Closes all connections, whatever they are at; on the loop. */
    public void closeAll() {
        for (DownstreamConnection connection : Set.copyOf(connections)) {
            connection.abort();
        }
    }
}
