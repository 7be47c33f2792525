package io.penstock.http;

import io.penstock.failure.Failure;
import java.util.Locale;
import java.util.Set;

/**
 * The head of a request (RFC 9112 section 3): what the proxy accepts of it, and nothing doubtful.
 *
 * <p><b>Thread:</b> confined to the event loop, which uses one for all its connections.
 */
public final class RequestHead extends Head {
    private static final int MAX_METHOD_BYTES = 32;
    private static final int MAX_TARGET_BYTES = 8 * 1024;
    private static final int MAX_EMPTY_LINES = 2; // before the request line, RFC 9112 section 2.2

    private int methodStart;
    private int methodEnd;
    private int pathStart;
    private int pathEnd;
    private int targetEnd;
    private int authorityStart;
    private int authorityEnd;

    public RequestHead(int maxBytes) {
        super(maxBytes);
    }

    @Override
    int parseStartLine(int limit) throws HttpSyntaxException {
        byte[] b = bytes;
        int at = 0;
        for (int i = 0; i < MAX_EMPTY_LINES && at + 1 < limit && b[at] == '\r' && b[at + 1] == '\n';
                i++) {
            at += 2;
        }
        if (at + 1 == limit && b[at] == '\r') {
            return INCOMPLETE; // half of an empty line
        }
        methodStart = at;
        while (at < limit && HeadSyntax.isToken(b[at])) {
            at++;
        }
        methodEnd = at;
        if (at == limit || at - methodStart > MAX_METHOD_BYTES) {
            return incomplete(methodStart, at, MAX_METHOD_BYTES, Failure.Kind.NOT_IMPLEMENTED,
                    "method");
        }
        if (b[at] != ' ' || at == methodStart) {
            throw new HttpSyntaxException("a malformed request line");
        }
        int target = ++at;
        while (at < limit && HeadSyntax.isTarget(b[at])) {
            at++;
        }
        if (at == limit || at - target > MAX_TARGET_BYTES) {
            return incomplete(target, at, MAX_TARGET_BYTES, Failure.Kind.URI_TOO_LONG, "target");
        }
        if (b[at] != ' ' || at == target) {
            throw new HttpSyntaxException("a malformed request target");
        }
        parseTarget(target, at);
        int version = ++at;
        while (at < limit && b[at] != '\r' && b[at] != '\n' && at - version <= 16) {
            at++;
        }
        if (at == limit || b[at] == '\r' && at + 1 == limit) {
            return INCOMPLETE;
        }
        if (b[at] != '\r' || b[at + 1] != '\n') {
            throw new HttpSyntaxException("a request line that does not end in CRLF");
        }
        minorVersion = HeadSyntax.minorVersion(b, version, at);
        return at + 2;
    }

    private static int incomplete(int start, int at, int max, Failure.Kind kind, String what)
            throws HttpSyntaxException {
        if (at - start > max) {
            throw new HttpSyntaxException(kind, "a request " + what + " that is too long");
        }
        return INCOMPLETE;
    }

    /** Origin form, or absolute form (RFC 9112 section 3.2); the others have no use here. */
    private void parseTarget(int start, int end) throws HttpSyntaxException {
        byte[] b = bytes;
        authorityStart = authorityEnd = 0;
        int path = start;
        if (b[start] != '/') {
            int authority = start + (startsWith(start, end, "https://") ? 8 : 7);
            if (!startsWith(start, end, "http://") && !startsWith(start, end, "https://")) {
                throw new HttpSyntaxException("a request target that is not a path");
            }
            path = authority;
            while (path < end && b[path] != '/' && b[path] != '?') {
                path++;
            }
            if (path == authority || path == end || b[path] != '/') {
                throw new HttpSyntaxException("a request target without a path");
            }
            authorityStart = authority;
            authorityEnd = path;
        }
        pathStart = path;
        while (path < end && b[path] != '?') {
            path++;
        }
        pathEnd = path;
        targetEnd = end;
    }

    private boolean startsWith(int start, int end, String lowerCase) {
        return end - start > lowerCase.length() && HeadSyntax.equalsIgnoreCase(bytes, start,
                start + lowerCase.length(), lowerCase);
    }

    @Override
    void checkFraming() throws HttpSyntaxException {
        if (minorVersion == 1 && !has(Field.HOST)) {
            throw new HttpSyntaxException("no Host field");
        }
        if (isChunked() && (contentLength() != NO_LENGTH || minorVersion == 0)) {
            throw new HttpSyntaxException("Transfer-Encoding where it must not stand");
        }
        String host = value(Field.HOST);
        if (authorityEnd > 0 && host != null && !HeadSyntax.equalsIgnoreCase(bytes,
                authorityStart, authorityEnd, host.toLowerCase(Locale.ROOT))) {
            throw new HttpSyntaxException("Host and the request target disagree");
        }
    }

    public boolean isMethod(String method) {
        if (methodEnd - methodStart != method.length()) {
            return false;
        }
        for (int i = 0; i < method.length(); i++) {
            if (bytes[methodStart + i] != method.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    public String method() {
        return HeadSyntax.text(bytes, methodStart, methodEnd);
    }

    /** The path without its query, as sent: nothing decoded, nothing normalised. */
    public String path() {
        return HeadSyntax.text(bytes, pathStart, pathEnd);
    }

    public boolean isPath(String path) {
        if (pathEnd - pathStart != path.length()) {
            return false;
        }
        for (int i = 0; i < path.length(); i++) {
            if (bytes[pathStart + i] != path.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** The query with its question mark; empty if there is none. */
    public String query() {
        return HeadSyntax.text(bytes, pathEnd, targetEnd);
    }

    /**
     * Writes the head of a POST to another path, with all field lines but those of these names, in
     * lower case; without the empty line that ends it.
     */
    public void writeAs(HeadWriter out, String path, Set<String> without) {
        out.text("POST ").text(path).text(" HTTP/1.1\r\n");
        writeFieldLines(out, without);
    }

    /** Whether a body follows, or may follow. */
    public boolean hasBody() {
        return isChunked() || contentLength() > 0;
    }
}
