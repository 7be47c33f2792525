package io.penstock.server;

import io.netty.channel.EventLoopGroup;
import io.penstock.config.Settings;
import io.penstock.listen.ConnectionLimit;
import io.penstock.listen.ListenException;
import io.penstock.listen.ListenLoop;
import io.penstock.listen.ListenSettings;
import io.penstock.listen.Listener;
import io.penstock.loop.Transport;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The ports of the proxy: those for callers, and the one for who runs it, which stays open while
 * the others are closed already.
 *
 * <p><b>Thread:</b> bound and closed by one thread; the addresses are read by any.
 */
final class Listeners {
    private static final int MAX_ADMIN_CONNECTIONS = 256;

    private final List<Listener> callers = new ArrayList<>();
    private volatile @Nullable Listener admin;

    /** Binds all of them; what was bound before one failed stays for {@link #closeToCallers}. */
    void bind(Settings settings, Transport transport, EventLoopGroup group, Workers workers,
            ConnectionLimit limit) throws ListenException {
        List<ListenLoop> loops = workers.list().stream().map(Worker::listen).toList();
        for (ListenSettings listen : settings.listen()) {
            callers.add(Listener.bind(listen, transport, group, loops, limit));
        }
        admin = Listener.bind(
                new ListenSettings(settings.admin().host(), settings.admin().port(), null),
                transport, group,
                workers.list().stream().map(Worker::adminListen).limit(1).toList(),
                new ConnectionLimit(MAX_ADMIN_CONNECTIONS, null));
    }

    /** Where callers are served, the ports the real ones. */
    List<InetSocketAddress> addresses() {
        return callers.stream().map(Listener::address).toList();
    }

    InetSocketAddress adminAddress() {
        Listener bound = admin;
        assert bound != null; // which comes first
        return bound.address();
    }

    void closeToCallers() {
        callers.forEach(Listener::close);
    }

    void closeAdmin() {
        if (admin != null) {
            admin.close();
        }
    }
}
