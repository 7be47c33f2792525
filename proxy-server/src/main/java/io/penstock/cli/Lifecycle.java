package io.penstock.cli;

import io.penstock.server.Penstock;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A server in the foreground: SIGTERM and Ctrl-C drain it, SIGHUP and a changed file reload it.
 * A second SIGTERM or Ctrl-C ends it at once.
 *
 * <p><b>Thread:</b> the main thread waits here; signals come on threads of the JVM's.
 */
final class Lifecycle {
    private static final long FILE_CHECK_SECONDS = 1;

    private final Penstock server;
    private final @Nullable ConfigSource source; // null where there is nothing to reload
    private final Duration grace;
    private final CountDownLatch stop = new CountDownLatch(1);
    // a drain by the admin port is none
    private final AtomicBoolean signalled = new AtomicBoolean();

    Lifecycle(Penstock server, @Nullable ConfigSource source, Duration grace) {
        this.server = server;
        this.source = source;
        this.grace = grace;
    }

    /** Returns the exit code once the server has stopped. */
    int run() {
        server.onDrainAsked(stop::countDown);
        Signals.handle("TERM", this::onStopSignal);
        Signals.handle("INT", this::onStopSignal);
        Signals.handle("HUP", () -> {
            if (source != null) {
                server.reload();
            }
        });
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
