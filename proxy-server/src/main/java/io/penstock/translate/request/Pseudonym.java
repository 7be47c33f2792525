package io.penstock.translate.request;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/** Names for end users that tell nothing of them, where a provider refuses or bounds the others. */
final class Pseudonym {
    private static final int MAX_USER_ID_CHARS = 256;
    private static final Pattern PHONE = Pattern.compile("\\+?[0-9][0-9 ()./-]{5,}[0-9]");

    private Pseudonym() {}

    /** For Anthropic, which refuses e-mail addresses and phone numbers. */
    static String forUser(String id) {
        boolean refused = id.length() > MAX_USER_ID_CHARS || id.indexOf('@') > 0
                || PHONE.matcher(id).matches();
        return refused ? hash(id) : id;
    }

    /** The name itself if it is that short. */
    static String atMost(int maxChars, String id) {
        return id.length() > maxChars ? hash(id).substring(0, Math.min(64, maxChars)) : id;
    }

    private static String hash(String id) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256")
                    .digest(id.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
