package io.penstock.testing;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLContext;

/**
 * A provider that does what the test tells it to, however wrong: a blocking server on a free port
 * of the loopback. Each request takes the next script of the queue; the last script stays.
 *
 * <p><b>Thread:</b> safe by its monitor; scripts run on the thread of their connection.
 * <br><b>Bounds:</b> no read of a script waits longer than {@link #TIMEOUT}.
 */
public final class ScriptedUpstream implements AutoCloseable {
    public static final Duration TIMEOUT = Duration.ofSeconds(30);

    /** A good unary reply's body. */
    public static final String GOOD_UNARY = "{\"id\":\"chatcmpl-scripted\","
            + "\"object\":\"chat.completion\",\"created\":1755000000,\"model\":\"scripted\","
            + "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
            + "\"content\":\"All is well.\",\"refusal\":null,\"annotations\":[]},"
            + "\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":7,"
            + "\"completion_tokens\":3,\"total_tokens\":10}}";

    private final ServerSocket listener;
    private final SSLContext tls; // null for plain TCP
    private final boolean reads;
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final Deque<Script> scripts = new ArrayDeque<>();
    private final List<Request> requests = new ArrayList<>();
    private final List<Socket> open = new ArrayList<>();
    private final List<IOException> broken = new ArrayList<>();
    private final List<Throwable> failed = new ArrayList<>();
    private Script onConnect;
    private int opened;
    private int closed;

    /** What happens to one request. */
    @FunctionalInterface
    public interface Script {
        void run(Exchange x) throws Exception;
    }

    /** A request as it came; the names of {@code headers} are in lower case. */
    public record Request(String method, String path, Map<String, List<String>> headers,
            byte[] body) {
        /** The first value, or null. */
        public String header(String name) {
            List<String> values = headers.get(name.toLowerCase(Locale.ROOT));
            return values == null ? null : values.get(0);
        }

        public String text() {
            return new String(body, StandardCharsets.UTF_8);
        }
    }

    private ScriptedUpstream(SSLContext tls, boolean reads, Script... scripts) throws IOException {
        this.tls = tls;
        this.reads = reads;
        this.scripts.addAll(List.of(scripts));
        listener = new ServerSocket();
        if (!reads) {
            listener.setReceiveBufferSize(4 * 1024);
        }
        listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1024);
        daemon("scripted-accept", this::accept);
    }

    public static ScriptedUpstream start(Script... scripts) throws IOException {
        return new ScriptedUpstream(null, true, scripts);
    }

    public static ScriptedUpstream startTls(SSLContext tls, Script... scripts)
            throws IOException {
        return new ScriptedUpstream(tls, true, scripts);
    }

    /** Accepts connections, and reads not one byte of them. */
    public static ScriptedUpstream startNeverReading() throws IOException {
        return new ScriptedUpstream(null, false);
    }

    /** A script that answers with {@link #GOOD_UNARY}. */
    public static Script goodUnary() {
        return x -> {
            x.readRequest();
            x.head(200, "content-type: application/json",
                    "content-length: " + GOOD_UNARY.length()).write(GOOD_UNARY).flush();
        };
    }

    /** A script that streams {@link #goodEvents} and {@code [DONE]}. */
    public static Script goodStream(int events) {
        return x -> {
            x.readRequest();
            x.sseHead();
            for (String event : goodEvents(events)) {
                x.event(event);
            }
            x.event("[DONE]").lastChunk();
        };
    }

    /** The JSON of a good stream: a role event, so many content events, the finish event. */
    public static List<String> goodEvents(int events) {
        List<String> all = new ArrayList<>();
        all.add(goodEvent("{\"role\":\"assistant\",\"content\":\"\"}", "null"));
        for (int i = 0; i < events; i++) {
            all.add(goodEvent("{\"content\":\"word" + i + " \"}", "null"));
        }
        all.add(goodEvent("{}", "\"stop\""));
        return all;
    }

    private static String goodEvent(String delta, String finishReason) {
        return "{\"id\":\"chatcmpl-scripted\",\"object\":\"chat.completion.chunk\","
                + "\"created\":1755000000,\"model\":\"scripted\",\"choices\":[{\"index\":0,"
                + "\"delta\":" + delta + ",\"logprobs\":null,\"finish_reason\":" + finishReason
                + "}]}";
    }

    /** Puts a script at the end of the queue. */
    public synchronized ScriptedUpstream then(Script script) {
        scripts.add(script);
        return this;
    }

    /** Runs on every connection before its first request, which may then not come. */
    public synchronized ScriptedUpstream onConnect(Script script) {
        onConnect = script;
        return this;
    }

    public int port() {
        return listener.getLocalPort();
    }

    /** Without a path and without a slash at the end. */
    public String url() {
        return (tls == null ? "http" : "https") + "://127.0.0.1:" + port();
    }

    /** The requests that were read in full, in their order. */
    public synchronized List<Request> requests() {
        return List.copyOf(requests);
    }

    /** Connections accepted so far. */
    public synchronized int opened() {
        return opened;
    }

    /** Connections over by now, whoever ended them. */
    public synchronized int closed() {
        return closed;
    }

    /** How peers broke off what a script was doing. */
    public synchronized List<IOException> broken() {
        return List.copyOf(broken);
    }

    /** Whether so many requests have come in time. */
    public boolean awaitRequests(int count, Duration within) throws InterruptedException {
        return await(() -> requests.size() >= count, within);
    }

    /** Whether so many connections have been accepted in time. */
    public boolean awaitOpened(int count, Duration within) throws InterruptedException {
        return await(() -> opened >= count, within);
    }

    /** Whether so many connections are over in time. */
    public boolean awaitClosed(int count, Duration within) throws InterruptedException {
        return await(() -> closed >= count, within);
    }

    /** Ends all connections; throws what a script threw, unless a peer was the cause. */
    @Override
    public void close() throws IOException {
        stopped.countDown();
        listener.close();
        synchronized (this) {
            for (Socket socket : List.copyOf(open)) {
                socket.close();
            }
            if (!failed.isEmpty()) {
                throw new AssertionError("a script failed", failed.get(0));
            }
        }
    }

    private synchronized boolean await(BooleanSupplier condition, Duration within)
            throws InterruptedException {
        long end = System.nanoTime() + within.toNanos();
        while (!condition.getAsBoolean()) {
            long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            if (left <= 0) {
                return false;
            }
            wait(left);
        }
        return true;
    }

    private boolean isStopped() {
        return stopped.getCount() == 0;
    }

    private void accept() {
        while (!isStopped()) {
            try {
                Socket socket = listener.accept();
                synchronized (this) {
                    opened++;
                    open.add(socket);
                    notifyAll();
                }
                daemon("scripted-connection", () -> serve(socket));
            } catch (IOException e) {
                if (!isStopped()) {
                    fail(e);
                }
                return;
            }
        }
    }

    private void serve(Socket transport) {
        try (transport) {
            if (!reads) {
                stopped.await();
                return;
            }
            transport.setTcpNoDelay(true);
            transport.setSoTimeout((int) TIMEOUT.toMillis());
            Socket socket = tls == null
                    ? transport
                    : tls.getSocketFactory().createSocket(transport, null, true);
            Exchange x = new Exchange(transport, socket);
            Script first = onConnect();
            if (first != null) {
                first.run(x);
            }
            while (!x.isOver() && x.in.awaitByte()) {
                x.requestRead = false;
                nextScript().run(x);
                x.flush();
                if (!x.requestRead) {
                    return; // what is left unread cannot be told from a next request
                }
            }
        } catch (IOException e) {
            synchronized (this) {
                if (!isStopped()) {
                    broken.add(e);
                }
            }
        } catch (Throwable e) {
            fail(e);
        } finally {
            synchronized (this) {
                closed++;
                open.remove(transport);
                notifyAll();
            }
        }
    }

    private synchronized void fail(Throwable cause) {
        failed.add(cause);
    }

    private synchronized Script onConnect() {
        return onConnect;
    }

    private synchronized Script nextScript() {
        if (scripts.isEmpty()) {
            throw new AssertionError("a request came, and there is no script for it");
        }
        return scripts.size() > 1 ? scripts.remove() : scripts.element();
    }

    private static void daemon(String name, Runnable task) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
    }

    /** One request and what the script makes of it; several follow each other on a connection. */
    public final class Exchange {
        private final Socket transport; // below TLS
        private final Socket socket;
        private final WireReader in;
        private final OutputStream out;
        private final ByteArrayOutputStream unsent = new ByteArrayOutputStream();
        private boolean requestRead;

        private Exchange(Socket transport, Socket socket) throws IOException {
            this.transport = transport;
            this.socket = socket;
            in = new WireReader(socket.getInputStream());
            out = socket.getOutputStream();
        }

        /** Reads a request to its end. */
        public Request readRequest() throws IOException {
            WireReader.Head head = in.readHead();
            String[] words = head.startLine().split(" ");
            if (words.length != 3) {
                throw new IOException("no request line: " + head.startLine());
            }
            if ("100-continue".equalsIgnoreCase(head.header("expect"))) {
                write("HTTP/1.1 100 Continue\r\n\r\n").flush();
            }
            Request request = new Request(
                    words[0], words[1], head.headers(), in.readBody(head, false));
            requestRead = true;
            synchronized (ScriptedUpstream.this) {
                requests.add(request);
                ScriptedUpstream.this.notifyAll();
            }
            return request;
        }

        /** Reads a request's head only: the body is the script's to read, or not to. */
        public Request readHead() throws IOException {
            WireReader.Head head = in.readHead();
            String[] words = head.startLine().split(" ");
            Request request = new Request(words[0], words[1], head.headers(), new byte[0]);
            synchronized (ScriptedUpstream.this) {
                requests.add(request);
                ScriptedUpstream.this.notifyAll();
            }
            return request;
        }

        /** Reads so many bytes, whatever they are, and no more. */
        public byte[] readBytes(int length) throws IOException {
            return in.readExactly(length);
        }

        /** Writes without sending; {@link #flush()} sends, as does the end of the script. */
        public Exchange write(String text) throws IOException {
            return write(text.getBytes(StandardCharsets.UTF_8));
        }

        public Exchange write(byte[] bytes) throws IOException {
            unsent.write(bytes);
            return this;
        }

        /** Sends all that was written, in one piece. */
        public Exchange flush() throws IOException {
            if (unsent.size() > 0 && !isOver()) {
                out.write(unsent.toByteArray());
                out.flush();
                unsent.reset();
            }
            return this;
        }

        /** Writes a head; {@code fields} are header lines without their ends. */
        public Exchange head(int status, String... fields) throws IOException {
            write("HTTP/1.1 " + status + " Status " + status + "\r\n");
            for (String field : fields) {
                write(field + "\r\n");
            }
            return write("\r\n");
        }

        /** Writes the head of a stream. */
        public Exchange sseHead() throws IOException {
            return head(200, "content-type: text/event-stream; charset=utf-8",
                    "transfer-encoding: chunked");
        }

        /** Writes a chunk, and sends. */
        public Exchange chunk(String data) throws IOException {
            byte[] bytes = data.getBytes(StandardCharsets.UTF_8);
            write(Integer.toHexString(bytes.length) + "\r\n").write(bytes);
            return write("\r\n").flush();
        }

        /** Writes an event in a chunk of its own, and sends. */
        public Exchange event(String data) throws IOException {
            return chunk("data: " + data + "\n\n");
        }

        /** Writes the end of all chunks, and sends. */
        public Exchange lastChunk() throws IOException {
            return write("0\r\n\r\n").flush();
        }

        /** Sends byte by byte. */
        public Exchange trickle(byte[] bytes, Duration delayPerByte) throws IOException {
            flush();
            for (byte value : bytes) {
                LockSupport.parkNanos(delayPerByte.toNanos());
                write(new byte[] {value}).flush();
            }
            return this;
        }

        /** Lets time pass. */
        public Exchange pause(Duration pause) {
            long end = System.nanoTime() + pause.toNanos();
            for (long left = pause.toNanos(); left > 0; left = end - System.nanoTime()) {
                LockSupport.parkNanos(left); // may return early
            }
            return this;
        }

        /** Ends the connection in order, after all that was written. */
        public void closeFin() throws IOException {
            flush();
            socket.shutdownOutput();
            awaitClosed(TIMEOUT); // to close with input unread would be a reset
            socket.close();
        }

        /** Sends, and ends what this side sends; it may still read. */
        public void endOutput() throws IOException {
            flush();
            socket.shutdownOutput();
        }

        /** Waits until the peer sends no more; then sends a last word, and ends the connection. */
        public void closeAfterPeer(String lastWord) throws IOException {
            if (in.awaitByte()) {
                throw new IOException("the peer goes on");
            }
            write(lastWord).flush();
            socket.close();
        }

        /** Ends the connection by a reset; what was not yet read over there may be lost. */
        public void reset() throws IOException {
            flush();
            transport.setSoLinger(true, 0);
            transport.close();
        }

        /** Sends; whether the peer then ends the connection in time. */
        public boolean awaitClosed(Duration within) throws IOException {
            flush();
            boolean gone = Closing.await(socket, in, within);
            if (gone) {
                transport.close();
            }
            return gone;
        }

        /** Sends, then does nothing until the test ends. */
        public void stall() throws IOException, InterruptedException {
            flush();
            stopped.await();
        }

        private boolean isOver() {
            return transport.isClosed() || socket.isOutputShutdown();
        }
    }
}
