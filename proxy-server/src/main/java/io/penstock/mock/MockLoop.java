package io.penstock.mock;

import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What the connections of one event loop share, so that they share nothing across loops.
 *
 * <p><b>Thread:</b> confined to its event loop, but for the constructor.
 * <br><b>Buffers:</b> owns its scripts until {@link #close()}.
 * <br><b>Bounds:</b> scripts of {@link #MAX_SCRIPTS} models; the one used longest ago goes first.
 */
final class MockLoop {
    static final int MAX_SCRIPTS = 16;

    private final MockServer server;
    private final MockSettings settings;
    private final EventLoop loop;
    private final Pacer pacer;
    private final byte[][] pieces;
    private final Composer composer;
    private final List<ChatScript> scripts = new ArrayList<>(); // the last used first
    private final Set<MockConnection> connections = new HashSet<>();
    private boolean closed;

    MockLoop(MockServer server, EventLoop loop) {
        this.server = server;
        this.loop = loop;
        settings = server.settings();
        pacer = new Pacer(loop);
        pieces = settings.varied() ? Pieces.varied(settings.name())
                : Pieces.of(settings.name(), settings.eventBytes());
        composer = new Composer(server, pieces);
    }

    MockServer server() {
        return server;
    }

    MockSettings settings() {
        return settings;
    }

    Pacer pacer() {
        return pacer;
    }

    /** Answers whatever is not ready-made. */
    Composer composer() {
        return composer;
    }

    long nanoTime() {
        return loop.ticker().nanoTime();
    }

    /** What to say as the model of this name, which is the first {@code length} bytes. */
    ChatScript script(byte[] model, int length) {
        assert loop.inEventLoop();
        for (int i = 0; i < scripts.size(); i++) {
            ChatScript script = scripts.get(i);
            if (script.isFor(model, length)) {
                if (i > 0) {
                    scripts.remove(i);
                    scripts.add(0, script);
                }
                return script;
            }
        }
        if (scripts.size() == MAX_SCRIPTS) {
            scripts.remove(MAX_SCRIPTS - 1).release();
        }
        ChatScript script = new ChatScript(settings.name(), Arrays.copyOf(model, length),
                pieces, settings.varied(), System.currentTimeMillis() / 1000);
        scripts.add(0, script);
        return script;
    }

    /** Takes a new connection in; false when the mock is closed. */
    boolean add(MockConnection connection) {
        assert loop.inEventLoop();
        if (closed) {
            return false;
        }
        connections.add(connection);
        server.onOpened();
        return true;
    }

    void remove(MockConnection connection) {
        if (connections.remove(connection)) {
            server.onClosed();
        }
    }

    /** Ends every connection and lets go of the scripts. */
    void close() {
        assert loop.inEventLoop();
        closed = true;
        List.copyOf(connections).forEach(MockConnection::close);
        scripts.forEach(ChatScript::release);
        scripts.clear();
    }
}
