package io.penstock.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A forward proxy that gives tunnels, all of them to one port of the loopback, whatever host is
 * asked for; or that answers what the test wants.
 *
 * <p><b>Thread:</b> safe; a thread a connection and direction.
 */
public final class ConnectProxy implements AutoCloseable {
    /** An answer that is none. */
    public static final String HANG_UP = "hang up";

    private final ServerSocket listener;
    private final int target;
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final List<Socket> open = new CopyOnWriteArrayList<>();
    private final CountDownLatch asked = new CountDownLatch(1);
    private volatile String answer = "HTTP/1.1 200 Connection established\r\n\r\n";

    private ConnectProxy(int target) throws IOException {
        this.target = target;
        listener = new ServerSocket(0, 64, InetAddress.getByName("127.0.0.1"));
        daemon(this::accept);
    }

    public static ConnectProxy start(int target) throws IOException {
        return new ConnectProxy(target);
    }

    /** Answers that; one of a 200 at its end is followed by the tunnel. */
    public ConnectProxy answer(String text) {
        answer = text;
        return this;
    }

    public int port() {
        return listener.getLocalPort();
    }

    /** The heads of all requests so far. */
    public List<String> requests() {
        return new ArrayList<>(requests);
    }

    public void awaitRequest() throws InterruptedException {
        if (!asked.await(ScriptedUpstream.TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
            throw new AssertionError("the proxy was not asked");
        }
    }

    private void accept() throws IOException {
        while (true) {
            Socket client = listener.accept();
            open.add(client);
            daemon(() -> serve(client));
        }
    }

    private void serve(Socket client) throws IOException {
        StringBuilder head = new StringBuilder();
        InputStream in = client.getInputStream();
        while (head.indexOf("\r\n\r\n") < 0) {
            int b = in.read();
            if (b < 0) {
                return;
            }
            head.append((char) b);
        }
        requests.add(head.toString());
        asked.countDown();
        if (answer.equals(HANG_UP)) {
            client.close();
            return;
        }
        for (int i = 0; i < answer.length(); i += 7) {
            client.getOutputStream().write(answer.substring(i, Math.min(i + 7, answer.length()))
                    .getBytes(StandardCharsets.ISO_8859_1));
        }
        if (answer.contains(" 200 ")) {
            Socket server = new Socket(InetAddress.getByName("127.0.0.1"), target);
            open.add(server);
            daemon(() -> copy(server, client));
            copy(client, server);
        }
    }

    private static void copy(Socket from, Socket to) throws IOException {
        try (from; to) {
            OutputStream out = to.getOutputStream();
            from.getInputStream().transferTo(out);
        }
    }

    private interface Task {
        void run() throws IOException;
    }

    private static void daemon(Task task) {
        Thread thread = new Thread(() -> {
            try {
                task.run();
            } catch (IOException e) {
                // a side has gone, which is how a tunnel ends
            }
        }, "connect-proxy");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket each : open) {
            each.close();
        }
    }
}
