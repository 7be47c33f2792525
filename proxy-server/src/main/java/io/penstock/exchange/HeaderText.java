package io.penstock.exchange;

import io.netty.handler.codec.http.HttpResponseStatus;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ThreadLocalRandom;

/** Text that may stand in a field value, whoever wrote it. */
final class HeaderText {
    private static final int MAX_ID = 128;
    private static final byte[][] STATUS_LINES = new byte[600][];

    static {
        for (int status = 100; status < STATUS_LINES.length; status++) {
            STATUS_LINES[status] = ("HTTP/1.1 " + status + " "
                    + HttpResponseStatus.valueOf(status).reasonPhrase() + "\r\n")
                    .getBytes(StandardCharsets.US_ASCII);
        }
    }

    private static final byte[] SECURITY = ascii("x-content-type-options: nosniff\r\n");
    private static final byte[] SECURITY_OF_TLS = ascii("x-content-type-options: nosniff\r\n"
            + "strict-transport-security: max-age=31536000\r\n");

    private HeaderText() {}

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** Field lines that keep a browser from making something else of a reply than it is. */
    static byte[] securityLines(boolean tls) {
        return tls ? SECURITY_OF_TLS : SECURITY;
    }

    static byte[] statusLine(int status) {
        return STATUS_LINES[status];
    }

    /** The same text if nothing in it can break a field, else with question marks. */
    static String printable(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < ' ' || c > '~' || c == ',') {
                return text.replaceAll("[^ -~]|,", "?");
            }
        }
        return text;
    }

    /** Whether a caller's request id is fit to be repeated in headers and logs. */
    static boolean isSaneId(String id) {
        if (id.isEmpty() || id.length() > MAX_ID) {
            return false;
        }
        for (int i = 0; i < id.length(); i++) {
            char c = id.charAt(i);
            boolean sane = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
                    || c == '-' || c == '_' || c == '.' || c == ':' || c == '/' || c == '+'
                    || c == '=' || c == '@';
            if (!sane) {
                return false;
            }
        }
        return true;
    }

    /** A request id that nobody has had: {@code req_} and 24 hex digits. */
    static String newId() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        byte[] id = new byte[28];
        id[0] = 'r';
        id[1] = 'e';
        id[2] = 'q';
        id[3] = '_';
        long bits = random.nextLong();
        for (int i = 4; i < id.length; i++) {
            if (i == 20) {
                bits = random.nextLong();
            }
            int digit = (int) (bits & 15);
            id[i] = (byte) (digit < 10 ? '0' + digit : 'a' + digit - 10);
            bits >>>= 4;
        }
        return new String(id, StandardCharsets.ISO_8859_1);
    }
}
