package io.penstock.testing;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import javax.net.ssl.SSLException;

/** Waits for the other side of a connection to go. */
final class Closing {
    private Closing() {}

    /** Whether it goes in time, in order or by a reset; whatever still comes is dropped. */
    static boolean await(Socket socket, WireReader in, Duration within) throws IOException {
        int timeout = socket.getSoTimeout();
        long end = System.nanoTime() + within.toNanos();
        try {
            for (long left = within.toNanos(); left > 0; left = end - System.nanoTime()) {
                socket.setSoTimeout((int) Math.max(1, left / 1_000_000));
                if (in.read() < 0) {
                    return true;
                }
            }
            return false;
        } catch (SocketTimeoutException e) {
            return false;
        } catch (SocketException | SSLException e) {
            return true; // a reset is a way to go
        } finally {
            if (!socket.isClosed()) {
                socket.setSoTimeout(timeout);
            }
        }
    }
}
