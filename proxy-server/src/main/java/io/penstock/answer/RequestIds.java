package io.penstock.answer;

import io.penstock.http.Field;
import io.penstock.http.RequestHead;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ThreadLocalRandom;

/** The id by which a request is known to its caller and in logs. */
public final class RequestIds {
    private static final int MAX_CHARS = 128;

    private RequestIds() {}

    /** The caller's own if it is sane, else a fresh one. */
    public static String of(RequestHead head) {
        String own = head.has(Field.X_REQUEST_ID) ? head.value(Field.X_REQUEST_ID) : null;
        return own != null && isSane(own) ? own : fresh();
    }

    /** Whether a caller's request id is fit to be repeated in headers and logs. */
    static boolean isSane(String id) {
        if (id.isEmpty() || id.length() > MAX_CHARS) {
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

    /** A request id that is new: {@code req_} and 24 hex digits. */
    public static String fresh() {
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
