package io.penstock.answer;

import java.nio.charset.StandardCharsets;

/** Text that is safe in a field value, whatever its origin. */
public final class HeaderText {
    private static final byte[] SECURITY = ascii("x-content-type-options: nosniff\r\n");
    private static final byte[] SECURITY_OF_TLS = ascii("x-content-type-options: nosniff\r\n"
            + "strict-transport-security: max-age=31536000\r\n");

    private HeaderText() {}

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** Field lines that keep a browser from making something else of a reply than it is. */
    public static byte[] securityLines(boolean tls) {
        return tls ? SECURITY_OF_TLS : SECURITY;
    }

    /** The text with question marks in place of characters that could break a field. */
    public static String printable(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < ' ' || c > '~' || c == ',') {
                return text.replaceAll("[^ -~]|,", "?");
            }
        }
        return text;
    }
}
