package io.penstock.mock;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Refuses what is not signed as AWS wants it (Signature Version 4) by the one caller that a mock
 * knows. A Bearer key is let through, whatever it is.
 *
 * <p><b>Thread:</b> immutable.
 */
final class SignatureCheck {
    static final Duration MAX_SKEW = Duration.ofMinutes(5);

    private static final String SERVICE = "bedrock";
    private static final HexFormat HEX = HexFormat.of();
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmssX").withZone(ZoneOffset.UTC);
    private static final Pattern AUTHORIZATION = Pattern.compile("AWS4-HMAC-SHA256 "
            + "Credential=([^/]+)/([0-9]{8})/([^/]+)/([^/]+)/aws4_request, ?"
            + "SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})");

    private final SigningKey key;
    private final InstantSource clock;

    SignatureCheck(SigningKey key, InstantSource clock) {
        this.key = key;
        this.clock = clock;
    }

    void check(RequestReader request) throws ProviderError {
        check(request.method(), request.path(), request.query(), request.head(), request.body());
    }

    /** {@code head} is all lines of it; path and query stand as they came. */
    void check(String method, String path, String query, String head, byte[] body)
            throws ProviderError {
        String authorization = RequestReader.header(head, "authorization");
        if (authorization == null) {
            throw ProviderError.invalidSignature("Missing Authentication Token");
        }
        if (authorization.startsWith("Bearer ")) {
            return;
        }
        Matcher parts = AUTHORIZATION.matcher(authorization);
        if (!parts.matches()) {
            throw ProviderError.invalidSignature("Authorization header is no signature.");
        }
        String token = RequestReader.header(head, "x-amz-security-token");
        if (!parts.group(1).equals(key.accessKeyId())
                || !String.valueOf(token).equals(String.valueOf(key.sessionToken()))) {
            throw ProviderError.invalidKey();
        }
        if (!parts.group(3).equals(key.region()) || !parts.group(4).equals(SERVICE)) {
            throw ProviderError.invalidSignature("Credential should be scoped to a valid region "
                    + "and service.");
        }
        String date = date(head, parts.group(2));
        List<String> names = List.of(parts.group(5).split(";"));
        checkSigned(names, token != null);
        String canonical = canonical(method, path, query, head, names, body);
        String scope = parts.group(2) + '/' + key.region() + '/' + SERVICE + "/aws4_request";
        String toSign = "AWS4-HMAC-SHA256\n" + date + '\n' + scope + '\n' + hash(utf8(canonical));
        if (!signature(parts.group(2), toSign).equals(parts.group(6))) {
            throw ProviderError.invalidSignature("The request signature we calculated does not "
                    + "match the signature you provided. Check your AWS Secret Access Key and "
                    + "signing method. Consult the service documentation for details.");
        }
    }

    private String date(String head, String day) throws ProviderError {
        String date = String.valueOf(RequestReader.header(head, "x-amz-date"));
        try {
            Instant time = DATE.parse(date, Instant::from);
            if (date.startsWith(day)
                    && Duration.between(time, clock.instant()).abs().compareTo(MAX_SKEW) <= 0) {
                return date;
            }
        } catch (DateTimeParseException e) {
            throw ProviderError.invalidSignature("x-amz-date is no date: " + date);
        }
        throw ProviderError.invalidSignature("Signature expired: " + date);
    }

    private static void checkSigned(List<String> names, boolean temporary) throws ProviderError {
        if (!names.equals(names.stream().sorted().distinct().toList())
                || !names.contains("host") || !names.contains("x-amz-date")
                || temporary && !names.contains("x-amz-security-token")) {
            throw ProviderError.invalidSignature("'host', 'x-amz-date' and the token must be "
                    + "among the signed headers, which must be sorted.");
        }
    }

    private static String canonical(String method, String path, String query, String head,
            List<String> names, byte[] body) {
        StringBuilder out = new StringBuilder(method).append('\n').append(encoded(path))
                .append('\n').append(sorted(query)).append('\n');
        for (String name : names) {
            List<String> values = new ArrayList<>();
            for (String line : head.split("\r?\n")) {
                int colon = line.indexOf(':');
                if (colon == name.length() && line.regionMatches(true, 0, name, 0, colon)) {
                    values.add(line.substring(colon + 1).trim().replaceAll(" +", " "));
                }
            }
            out.append(name).append(':').append(String.join(",", values)).append('\n');
        }
        return out.append('\n').append(String.join(";", names)).append('\n').append(hash(body))
                .toString();
    }

    /** Encoded once more, as every service but S3 wants it. */
    private static String encoded(String path) {
        StringBuilder out = new StringBuilder();
        for (byte b : utf8(path)) {
            String c = String.valueOf((char) (b & 0xff));
            out.append(c.matches("[A-Za-z0-9._~/-]") ? c : "%%%02X".formatted(b & 0xff));
        }
        return out.toString();
    }

    private static String sorted(String query) {
        return query.isEmpty() ? "" : String.join("&", List.of(query.split("&")).stream()
                .map(each -> each.contains("=") ? each : each + "=").sorted().toList());
    }

    private String signature(String day, String toSign) {
        byte[] derived = utf8("AWS4" + key.secretAccessKey());
        for (String step : List.of(day, key.region(), SERVICE, "aws4_request")) {
            derived = hmac(derived, step);
        }
        return HEX.formatHex(hmac(derived, toSign));
    }

    private static byte[] hmac(byte[] key, String text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return mac.doFinal(utf8(text));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has HMAC-SHA-256", e);
        }
    }

    private static String hash(byte[] bytes) {
        try {
            return HEX.formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
