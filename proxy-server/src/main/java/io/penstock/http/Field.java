package io.penstock.http;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The fields that the proxy has a rule for. */
public enum Field {
    HOST(Field.NOT_UP), CONNECTION(Field.HOP), CONTENT_LENGTH(Field.HOP),
    TRANSFER_ENCODING(Field.HOP), KEEP_ALIVE(Field.HOP), PROXY_CONNECTION(Field.HOP),
    PROXY_AUTHENTICATE(Field.HOP), PROXY_AUTHORIZATION(Field.HOP), TE(Field.HOP),
    TRAILER(Field.HOP), UPGRADE(Field.HOP), HTTP2_SETTINGS(Field.HOP), EXPECT(Field.HOP),

    // The caller's credentials are the proxy's business alone.
    AUTHORIZATION(Field.NOT_UP), X_API_KEY(Field.NOT_UP), API_KEY(Field.NOT_UP),
    X_GOOG_API_KEY(Field.NOT_UP), X_GOOG_USER_PROJECT(Field.NOT_UP), COOKIE(Field.NOT_UP),
    OPENAI_ORGANIZATION(Field.NOT_UP | Field.NOT_DOWN),
    OPENAI_PROJECT(Field.NOT_UP | Field.NOT_DOWN),

    // Who the caller is and how it came here is none of a third party's business.
    FORWARDED(Field.NOT_UP), X_FORWARDED_FOR(Field.NOT_UP), X_FORWARDED_HOST(Field.NOT_UP),
    X_FORWARDED_PORT(Field.NOT_UP), X_FORWARDED_PROTO(Field.NOT_UP), X_REAL_IP(Field.NOT_UP),
    TRUE_CLIENT_IP(Field.NOT_UP), X_CLIENT_IP(Field.NOT_UP), X_GOOG_API_CLIENT(Field.NOT_UP),
    VIA(Field.NOT_UP | Field.NOT_DOWN), ORIGIN(Field.NOT_UP), REFERER(Field.NOT_UP),
    TRACEPARENT(Field.NOT_UP), TRACESTATE(Field.NOT_UP), BAGGAGE(Field.NOT_UP),

    // A coded reply could not be read as it goes by.
    ACCEPT_ENCODING(Field.NOT_UP),

    // State of the provider's edge, and figures that describe the proxy's own key.
    SET_COOKIE(Field.NOT_DOWN), ALT_SVC(Field.NOT_DOWN), STRICT_TRANSPORT_SECURITY(Field.NOT_DOWN),
    SERVER(Field.NOT_DOWN), SERVER_TIMING(Field.NOT_DOWN), REPORT_TO(Field.NOT_DOWN),
    NEL(Field.NOT_DOWN), X_REQUEST_ID(Field.NOT_UP | Field.NOT_DOWN),

    // The proxy says this itself.
    X_CONTENT_TYPE_OPTIONS(Field.NOT_DOWN),

    RETRY_AFTER(0), RETRY_AFTER_MS(0), X_SHOULD_RETRY(0), CONTENT_TYPE(0), CONTENT_ENCODING(0),
    CACHE_CONTROL(0), DATE(0), ACCEPT(0), USER_AGENT(0),

    // Of Anthropic's own: nobody else knows them.
    REQUEST_ID(0), ANTHROPIC_VERSION(Field.NOT_DOWN), ANTHROPIC_BETA(Field.NOT_DOWN),

    // By prefix: see #of. Anthropic's replies tell figures of the proxy's own key.
    ANTHROPIC(Field.NOT_UP | Field.NOT_DOWN),
    X_RATELIMIT(Field.NOT_DOWN), X_PENSTOCK(Field.NOT_UP | Field.NOT_DOWN),
    X_ACCEL(Field.NOT_DOWN), CF(Field.NOT_UP | Field.NOT_DOWN), SEC_FETCH(Field.NOT_UP),

    // Which pages may read a reply is not for the provider to say.
    ACCESS_CONTROL(Field.NOT_UP | Field.NOT_DOWN);

    private static final int HOP = 3;
    private static final int NOT_UP = 1;
    private static final int NOT_DOWN = 2;

    private static final Field[] TABLE = new Field[256];
    private static final Field[] PREFIXES = {X_RATELIMIT, X_PENSTOCK, X_ACCEL, CF, SEC_FETCH,
        ACCESS_CONTROL, ANTHROPIC};

    static {
        for (Field field : values()) {
            int slot = slot(field.name, 0, field.name.length);
            while (TABLE[slot] != null) {
                slot = slot + 1 & TABLE.length - 1;
            }
            TABLE[slot] = field;
        }
    }

    private final byte[] name = name().toLowerCase(Locale.ROOT).replace('_', '-')
            .getBytes(StandardCharsets.US_ASCII);
    private final int flags;

    Field(int flags) {
        this.flags = flags;
    }

    /** Whether a provider may see it. */
    boolean goesUp() {
        return (flags & NOT_UP) == 0;
    }

    /** Whether what callers send under that name, in lower case, may reach a provider. */
    public static boolean goesUp(String name) {
        byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
        Field field = of(bytes, 0, bytes.length);
        return field == null || field.goesUp();
    }

    /** Whether a caller may see it. */
    boolean goesDown() {
        return (flags & NOT_DOWN) == 0;
    }

    /** Whether it belongs to one connection (RFC 9110 section 7.6.1, or framing of the message). */
    boolean isHopByHop() {
        return (flags & HOP) == HOP && ordinal() <= EXPECT.ordinal();
    }

    /** The field of that name, in any case; null for one without a rule. */
    static @Nullable Field of(byte[] bytes, int start, int length) {
        for (int slot = slot(bytes, start, length); TABLE[slot] != null;
                slot = slot + 1 & TABLE.length - 1) {
            byte[] name = TABLE[slot].name;
            if (name.length == length && startsWith(bytes, start, name)) {
                return TABLE[slot];
            }
        }
        for (Field prefix : PREFIXES) {
            byte[] name = prefix.name;
            if (length > name.length && bytes[start + name.length] == '-'
                    && startsWith(bytes, start, name)) {
                return prefix;
            }
        }
        return null;
    }

    private static boolean startsWith(byte[] bytes, int start, byte[] lowerCase) {
        for (int i = 0; i < lowerCase.length; i++) {
            if (HeadSyntax.lowerCase(bytes[start + i]) != lowerCase[i]) {
                return false;
            }
        }
        return true;
    }

    private static int slot(byte[] bytes, int start, int length) {
        int first = bytes[start] | 0x20;
        int middle = bytes[start + (length >> 1)] | 0x20;
        int last = bytes[start + length - 1] | 0x20;
        return (length * 31 + first * 7 + middle * 13 + last) & 255;
    }
}
