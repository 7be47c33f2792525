package io.penstock.cli;

import io.penstock.server.Penstock;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A server in the foreground: SIGTERM and Ctrl-C drain it, SIGHUP and a changed file reload it.
 * A second SIGTERM or Ctrl-C ends it at once. Signals are taken from its making on, before there is
 * a server: a stop that is asked for while it starts drains it as soon as it has started.
 *
 * <p><b>Thread:</b> the main thread waits here; signals come on threads of the JVM's.
 */
final class Lifecycle {
    private static final long FILE_CHECK_SECONDS = 1;

    private final CountDownLatch stop = new CountDownLatch(1);
    // a drain by the admin port is none
    private final AtomicBoolean signalled = new AtomicBoolean();
    private final AtomicBoolean reloadAsked = new AtomicBoolean();
    private volatile Runnable reload = () -> { }; // once there is a server

    /** Takes the signals from now on. */
    Lifecycle() {
        Signals.handle("TERM", this::onStopSignal);
        Signals.handle("INT", this::onStopSignal);
        Signals.handle("HUP", () -> {
            reloadAsked.set(true);
            reload.run();
        });
    }

    /**
     * Returns the exit code once the server has stopped.
     *
     * @param source null where there is nothing to reload
     * @param grace how long open streams may go on
     */
    int run(Penstock server, @Nullable ConfigSource source, Duration grace) {
        server.onDrainAsked(stop::countDown);
        reload = () -> {
            if (source != null && reloadAsked.getAndSet(false)) {
                server.reload();
            }
        };
        reload.run(); // asked for while the server started
        String seen = source == null ? "" : source.fingerprint();
        try {
            while (!stop.await(FILE_CHECK_SECONDS, TimeUnit.SECONDS)) {
                String now = source == null ? "" : source.fingerprint();
                if (!now.equals(seen)) {
                    seen = now;
                    server.reload();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        System.err.println("penstock: draining, " + grace.toSeconds() + " s at most");
        boolean quiet = server.stop(grace);
        System.err.println(quiet ? "penstock: stopped"
                : "penstock: stopped; some streams had to be cut");
        return 0;
    }

    private void onStopSignal() {
        if (signalled.getAndSet(true)) {
            Runtime.getRuntime().halt(Main.FAILED);
        }
        stop.countDown();
    }
}
