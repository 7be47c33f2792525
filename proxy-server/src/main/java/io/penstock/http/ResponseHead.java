package io.penstock.http;

/**
 * The head of a provider's response (RFC 9112 section 4).
 *
 * <p><b>Thread:</b> confined to the event loop, which uses one for all its connections.
 */
public final class ResponseHead extends Head {
    private int status;

    public ResponseHead(int maxBytes) {
        super(maxBytes);
    }

    @Override
    int parseStartLine(int limit) throws HttpSyntaxException {
        byte[] b = bytes;
        int at = 0;
        while (at < limit && b[at] != '\r' && HeadSyntax.isValue(b[at])) {
            at++;
        }
        if (at + 1 >= limit) {
            return INCOMPLETE;
        }
        if (b[at] != '\r' || b[at + 1] != '\n' || at < 12 || b[8] != ' '
                || at > 12 && b[12] != ' ') {
            throw new HttpSyntaxException("a malformed status line");
        }
        minorVersion = HeadSyntax.minorVersion(b, 0, 8);
        status = 0;
        for (int i = 9; i < 12; i++) {
            int digit = b[i] - '0';
            if (digit < 0 || digit > 9) {
                throw new HttpSyntaxException("a malformed status line");
            }
            status = status * 10 + digit;
        }
        if (status < 100 || status > 599) {
            throw new HttpSyntaxException("a status out of range");
        }
        return at + 2;
    }

    @Override
    void checkFraming() throws HttpSyntaxException {
        if (isChunked() && (contentLength() != NO_LENGTH || minorVersion == 0)) {
            throw new HttpSyntaxException("Transfer-Encoding where it must not stand");
        }
    }

    public int status() {
        return status;
    }

    /** An interim response (RFC 9110 section 15.2): the real one follows. */
    public boolean isInterim() {
        return status < 200;
    }

    /** Whether no body follows, whatever the fields say (RFC 9112 section 6.3). */
    public boolean isBodiless() {
        return status < 200 || status == 204 || status == 304;
    }
}
