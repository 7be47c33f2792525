package io.penstock.http;

import java.nio.charset.StandardCharsets;

/**
 * What a request is for: its method, its target, and whose it is. Kept in HTTP/1.1's own form too,
 * since most lines are sent again and again.
 *
 * <p><b>Thread:</b> immutable.
 */
public final class RequestLine {
    private final String method;
    private final String path;
    private final String query;
    private final String authority;
    private final byte[] http1;

    /**
     * A line in printable ASCII.
     *
     * @param target in origin form (RFC 9112 section 3.2.1)
     */
    public RequestLine(String method, String target, String authority) {
        int mark = target.indexOf('?');
        this.method = method;
        path = mark < 0 ? target : target.substring(0, mark);
        query = mark < 0 ? "" : target.substring(mark + 1);
        this.authority = authority;
        http1 = (method + " " + target + " HTTP/1.1\r\nhost: " + authority + "\r\n")
                .getBytes(StandardCharsets.ISO_8859_1);
    }

    public String method() {
        return method;
    }

    public String path() {
        return path;
    }

    /** Without the question mark; empty for none. */
    public String query() {
        return query;
    }

    public String authority() {
        return authority;
    }

    /** Writes the request line and the Host field. */
    public void writeHttp1(HeadWriter out) {
        out.bytes(http1);
    }
}
