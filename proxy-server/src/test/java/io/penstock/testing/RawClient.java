package io.penstock.testing;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/**
 * An HTTP/1.1 caller that sends exactly what it is told, and shows exactly what it gets. It reads
 * only when it is asked to, so not asking is how to be a slow caller.
 *
 * <p><b>Thread:</b> confined to the test's.
 * <br><b>Bounds:</b> no read waits longer than {@link #DEFAULT_TIMEOUT}, or what {@link #timeout}
 * says; then it throws {@link SocketTimeoutException}.
 */
public final class RawClient implements AutoCloseable {
    public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(10);

    private final Socket transport; // below TLS
    private final Socket socket;
    private final OutputStream out;
    private final WireReader in;

    /** A response's head; the names of {@code headers} are in lower case. */
    public record Head(int status, String statusLine, Map<String, List<String>> headers,
            byte[] raw) {
        /** The first value, or null. */
        public String header(String name) {
            return wire().header(name);
        }

        WireReader.Head wire() {
            return new WireReader.Head(statusLine, headers, raw);
        }
    }

    private RawClient(Socket transport, Socket socket) throws IOException {
        this.transport = transport;
        this.socket = socket;
        socket.setSoTimeout((int) DEFAULT_TIMEOUT.toMillis());
        out = socket.getOutputStream();
        in = new WireReader(socket.getInputStream());
    }

    /** Connects to this port of the loopback. */
    public static RawClient connect(int port) throws IOException {
        Socket socket = transport(port, 0);
        return new RawClient(socket, socket);
    }

    /** Connects with a receive buffer so small that not reading soon stops the other side. */
    public static RawClient connectSmall(int port, int receiveBufferBytes) throws IOException {
        Socket socket = transport(port, receiveBufferBytes);
        return new RawClient(socket, socket);
    }

    /** Connects by TLS, in which {@code host} is the name asked for. */
    public static RawClient connectTls(int port, SSLContext context, String host)
            throws IOException {
        Socket transport = transport(port, 0);
        SSLSocket socket = (SSLSocket) context.getSocketFactory()
                .createSocket(transport, host, port, true);
        RawClient client = new RawClient(transport, socket);
        socket.startHandshake();
        return client;
    }

    private static Socket transport(int port, int receiveBufferBytes) throws IOException {
        Socket socket = new Socket();
        if (receiveBufferBytes > 0) {
            socket.setReceiveBufferSize(receiveBufferBytes);
        }
        socket.setTcpNoDelay(true);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
                (int) DEFAULT_TIMEOUT.toMillis());
        return socket;
    }

    public RawClient timeout(Duration timeout) throws SocketException {
        socket.setSoTimeout((int) timeout.toMillis());
        return this;
    }

    public RawClient send(String text) throws IOException {
        return send(text.getBytes(StandardCharsets.UTF_8));
    }

    public RawClient send(byte[] bytes) throws IOException {
        out.write(bytes);
        out.flush();
        return this;
    }

    /** Sends a JSON body with a whole head; {@code fields} are further header lines. */
    public RawClient post(String path, String json, String... fields) throws IOException {
        byte[] body = json.getBytes(StandardCharsets.UTF_8);
        StringBuilder head = new StringBuilder("POST ").append(path).append(" HTTP/1.1\r\n")
                .append("host: localhost\r\ncontent-type: application/json\r\ncontent-length: ")
                .append(body.length).append("\r\n");
        for (String field : fields) {
            head.append(field).append("\r\n");
        }
        send(head.append("\r\n").toString());
        return send(body);
    }

    /** Sends a request without a body; {@code fields} are further header lines. */
    public RawClient get(String path, String... fields) throws IOException {
        String further = fields.length == 0 ? "" : String.join("\r\n", fields) + "\r\n";
        return send("GET " + path + " HTTP/1.1\r\nhost: localhost\r\n" + further + "\r\n");
    }

    public Head readHead() throws IOException {
        WireReader.Head head = in.readHead();
        String[] words = head.startLine().split(" ", 3);
        if (words.length < 2 || !words[0].equals("HTTP/1.1") || !words[1].matches("[0-9]{3}")) {
            throw new IOException("no status line: " + head.startLine());
        }
        return new Head(Integer.parseInt(words[1]), head.startLine(), head.headers(), head.raw());
    }

    /** The body that the head announces, decoded; without an announcement, up to the close. */
    public String readBody(Head head) throws IOException {
        return text(readBodyBytes(head));
    }

    /** The same where it is no text. */
    public byte[] readBodyBytes(Head head) throws IOException {
        return in.readBody(head.wire(), true);
    }

    public byte[] readBytes(int length) throws IOException {
        return in.readExactly(length);
    }

    /** One chunk with its framing. */
    public String readRawChunk() throws IOException {
        return text(in.readRawChunk());
    }

    /** What is in one chunk; nothing for the last. */
    public String readChunk() throws IOException {
        return text(in.readChunk());
    }

    /** All chunks to the last, with their framing. */
    public String readRawChunked() throws IOException {
        return text(in.readRawChunked());
    }

    /** What is in all chunks to the last. */
    public String readChunked() throws IOException {
        return text(in.readChunked());
    }

    /** Everything up to the other side's close; a reset is an error. */
    public String readUntilClose() throws IOException {
        return text(in.readAll());
    }

    /** Whether the other side closes in time; whatever still comes is dropped. */
    public boolean awaitClosed(Duration within) throws IOException {
        return Closing.await(socket, in, within);
    }

    /** Ends what this side sends, and goes on reading. */
    public void shutdownOutput() throws IOException {
        socket.shutdownOutput();
    }

    /** Ends the connection by a reset. */
    public void reset() throws IOException {
        transport.setSoLinger(true, 0);
        transport.close();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
