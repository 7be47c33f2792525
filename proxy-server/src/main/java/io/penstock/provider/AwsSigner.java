package io.penstock.provider;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.InvalidKeyException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Signs requests to one AWS service in one region with Signature Version 4. Clock and credentials
 * come in from outside; the key derived from them is kept for the day that it is good for.
 *
 * <p><b>Thread:</b> confined to the event loop.
 * <br><b>Buffers:</b> borrows the body.
 */
public final class AwsSigner {
    private static final String ALGORITHM = "AWS4-HMAC-SHA256";
    private static final String HMAC = "HmacSHA256";
    private static final HexFormat HEX = HexFormat.of();

    /** What AWS knows a caller by; {@code sessionToken} is null unless they are temporary. */
    public record Credentials(String accessKeyId, String secretAccessKey,
            @Nullable String sessionToken) {
        @Override
        public String toString() {
            return "Credentials[" + accessKeyId + "]"; // never the secrets
        }
    }

    /**
     * The fields to send beside those that were signed.
     *
     * @param date of {@code x-amz-date}
     * @param securityToken of {@code x-amz-security-token}
     * @param authorization of {@code authorization}
     */
    public record Signature(String date, @Nullable String securityToken, String authorization) {
        @Override
        public String toString() {
            return "Signature[" + date + "]"; // never the token
        }
    }

    private final String region;
    private final String service;
    private final MessageDigest sha256;
    private final Mac mac;
    private final Mac daysMac; // keyed for the day, the region and the service
    private String day = "";
    private @Nullable Credentials daysCredentials;

    public AwsSigner(String region, String service) {
        this.region = region;
        this.service = service;
        try {
            sha256 = MessageDigest.getInstance("SHA-256");
            mac = Mac.getInstance(HMAC);
            daysMac = Mac.getInstance(HMAC);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /**
     * Signs a request.
     *
     * @param host exactly as the host field will say it
     * @param path percent-encoded as it will be sent
     * @param query as it will be sent, percent-encoded, without the question mark; empty for none
     * @param fields what is to be signed beside host, date and token: names in lower case; none
     *     that anybody on the way may change
     */
    public Signature sign(Credentials credentials, Instant now, String method, String host,
            String path, String query, Map<String, String> fields,
            List<ByteBuffer> body) {
        String date = date(now);
        TreeMap<String, String> signed = new TreeMap<>(fields);
        signed.put("host", host);
        signed.put("x-amz-date", date);
        if (credentials.sessionToken() != null) {
            signed.put("x-amz-security-token", credentials.sessionToken());
        }
        String names = String.join(";", signed.keySet());
        String canonical = canonicalRequest(method, path, query, signed, names, hash(body));
        String scope = date.substring(0, 8) + "/" + region + "/" + service + "/aws4_request";
        String toSign = stringToSign(date, scope, canonical);
        rekey(credentials, date.substring(0, 8));
        String signature = HEX.formatHex(daysMac.doFinal(utf8(toSign)));
        return new Signature(date, credentials.sessionToken(), ALGORITHM + " Credential="
                + credentials.accessKeyId() + "/" + scope + ", SignedHeaders=" + names
                + ", Signature=" + signature);
    }

    /** As in 20260801T120000Z; a formatter of the platform takes ten times as long. */
    private static String date(Instant now) {
        LocalDateTime time = LocalDateTime.ofInstant(now, ZoneOffset.UTC);
        StringBuilder out = new StringBuilder(16).append(time.getYear());
        appendTwo(out, time.getMonthValue());
        appendTwo(out, time.getDayOfMonth());
        out.append('T');
        appendTwo(out, time.getHour());
        appendTwo(out, time.getMinute());
        appendTwo(out, time.getSecond());
        return out.append('Z').toString();
    }

    private static void appendTwo(StringBuilder out, int number) {
        out.append((char) ('0' + number / 10)).append((char) ('0' + number % 10));
    }

    private String hash(List<ByteBuffer> body) {
        sha256.reset();
        for (ByteBuffer part : body) {
            sha256.update(part);
        }
        return HEX.formatHex(sha256.digest());
    }

    static String canonicalRequest(String method, String path, String query,
            Map<String, String> signed, String names, String bodyHash) {
        StringBuilder out = new StringBuilder(512).append(method).append('\n');
        encodePath(out, path);
        out.append('\n').append(canonicalQuery(query)).append('\n');
        signed.forEach((name, value) -> {
            out.append(name).append(':');
            appendSqueezed(out, value);
            out.append('\n');
        });
        return out.append('\n').append(names).append('\n').append(bodyHash).toString();
    }

    String stringToSign(String date, String scope, String canonical) {
        return ALGORITHM + '\n' + date + '\n' + scope + '\n'
                + HEX.formatHex(sha256.digest(utf8(canonical)));
    }

    /** Every service but S3 wants the path encoded a second time. */
    private static void encodePath(StringBuilder out, String path) {
        for (byte b : utf8(path)) {
            boolean plain = b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
                    || b == '-' || b == '.' || b == '_' || b == '~' || b == '/';
            if (plain) {
                out.append((char) b);
            } else {
                out.append('%').append(HEX.toHexDigits(b).toUpperCase(Locale.ROOT));
            }
        }
    }

    private static String canonicalQuery(String query) {
        if (query.isEmpty()) {
            return query;
        }
        String[] parts = query.split("&");
        for (int i = 0; i < parts.length; i++) {
            parts[i] = parts[i].indexOf('=') < 0 ? parts[i] + '=' : parts[i];
        }
        // By name, then by value: a NUL sorts before whatever a longer name goes on with.
        Arrays.sort(parts, (a, b) -> a.replaceFirst("=", "\0").compareTo(
                b.replaceFirst("=", "\0")));
        return String.join("&", parts);
    }

    /** Without blanks at its ends, and with one for each run of them inside. */
    private static void appendSqueezed(StringBuilder out, String value) {
        String trimmed = value.strip();
        for (int i = 0; i < trimmed.length(); i++) {
            char c = trimmed.charAt(i);
            if (c != ' ' || trimmed.charAt(i - 1) != ' ') {
                out.append(c);
            }
        }
    }

    private void rekey(Credentials credentials, String today) {
        if (today.equals(day) && credentials.equals(daysCredentials)) {
            return;
        }
        byte[] key = utf8("AWS4" + credentials.secretAccessKey());
        for (String step : new String[] {today, region, service, "aws4_request"}) {
            init(mac, key);
            key = mac.doFinal(utf8(step));
        }
        init(daysMac, key);
        day = today;
        daysCredentials = credentials;
    }

    private static void init(Mac mac, byte[] key) {
        try {
            mac.init(new SecretKeySpec(key, HMAC));
        } catch (InvalidKeyException e) {
            throw new IllegalStateException("HMAC takes any key", e);
        }
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
