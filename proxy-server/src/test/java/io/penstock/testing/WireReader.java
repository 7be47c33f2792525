package io.penstock.testing;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Reads HTTP/1.1 from a blocking stream, strictly, and byte for byte where that is asked for. */
final class WireReader {
    private static final int MAX_LINE_BYTES = 1024 * 1024;

    private final InputStream in;

    WireReader(InputStream in) {
        this.in = new BufferedInputStream(in);
    }

    /** A start line and what follows it; the names of {@code headers} are in lower case. */
    record Head(String startLine, Map<String, List<String>> headers, byte[] raw) {
        String header(String name) {
            List<String> values = headers.get(name.toLowerCase(Locale.ROOT));
            return values == null ? null : values.get(0);
        }

        boolean isChunked() {
            return "chunked".equalsIgnoreCase(header("transfer-encoding"));
        }
    }

    /** The next byte, or -1 at the end. */
    int read() throws IOException {
        return in.read();
    }

    /** Whether something comes before the end; it stays to be read. */
    boolean awaitByte() throws IOException {
        in.mark(1);
        int next = in.read();
        in.reset();
        return next >= 0;
    }

    Head readHead() throws IOException {
        ByteArrayOutputStream raw = new ByteArrayOutputStream();
        String startLine = line(raw);
        Map<String, List<String>> headers = new LinkedHashMap<>();
        for (String line = line(raw); !line.isEmpty(); line = line(raw)) {
            int colon = line.indexOf(':');
            if (colon <= 0) {
                throw new IOException("no header line: " + line);
            }
            headers.computeIfAbsent(line.substring(0, colon).toLowerCase(Locale.ROOT),
                    name -> new ArrayList<>()).add(line.substring(colon + 1).trim());
        }
        return new Head(startLine, headers, raw.toByteArray());
    }

    /** The body that the head announces; {@code untilEnd} where its silence means that. */
    byte[] readBody(Head head, boolean untilEnd) throws IOException {
        if (head.isChunked()) {
            return readChunked();
        }
        String length = head.header("content-length");
        if (length != null) {
            return readExactly(Integer.parseInt(length));
        }
        return untilEnd ? in.readAllBytes() : new byte[0];
    }

    byte[] readExactly(int length) throws IOException {
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException("ended after " + bytes.length + " of " + length + " bytes");
        }
        return bytes;
    }

    byte[] readAll() throws IOException {
        return in.readAllBytes();
    }

    /** One chunk with its framing; the last chunk comes with its trailer. */
    byte[] readRawChunk() throws IOException {
        ByteArrayOutputStream raw = new ByteArrayOutputStream();
        chunk(raw, new ByteArrayOutputStream());
        return raw.toByteArray();
    }

    /** What is in one chunk; nothing for the last. */
    byte[] readChunk() throws IOException {
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        chunk(new ByteArrayOutputStream(), data);
        return data.toByteArray();
    }

    /** All chunks with their framing. */
    byte[] readRawChunked() throws IOException {
        ByteArrayOutputStream raw = new ByteArrayOutputStream();
        while (chunk(raw, new ByteArrayOutputStream()) > 0) {
            continue;
        }
        return raw.toByteArray();
    }

    /** What is in all chunks. */
    byte[] readChunked() throws IOException {
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        while (chunk(new ByteArrayOutputStream(), data) > 0) {
            continue;
        }
        return data.toByteArray();
    }

    private int chunk(ByteArrayOutputStream raw, ByteArrayOutputStream data) throws IOException {
        String line = line(raw);
        int size = Integer.parseInt(line.split(";", 2)[0].trim(), 16);
        if (size == 0) {
            while (!line(raw).isEmpty()) {
                continue;
            }
            return 0;
        }
        byte[] bytes = readExactly(size);
        raw.write(bytes);
        data.write(bytes);
        if (!line(raw).isEmpty()) {
            throw new IOException("a chunk is longer than its size of " + size);
        }
        return size;
    }

    private String line(ByteArrayOutputStream raw) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int value = in.read(); value != '\n'; value = in.read()) {
            if (value < 0) {
                throw new EOFException("ended within a line, after: "
                        + line.toString(StandardCharsets.ISO_8859_1));
            }
            if (line.size() == MAX_LINE_BYTES) {
                throw new IOException("a line is longer than " + MAX_LINE_BYTES);
            }
            line.write(value);
        }
        raw.write(line.toByteArray());
        raw.write('\n');
        String text = line.toString(StandardCharsets.ISO_8859_1);
        if (!text.endsWith("\r")) {
            throw new IOException("a line ends without CR: " + text);
        }
        return text.substring(0, text.length() - 1);
    }
}
