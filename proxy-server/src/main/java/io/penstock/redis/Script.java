package io.penstock.redis;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A Lua script that changes one key, all at once, by the server's own clock. It is sent by its
 * digest, and whole to a server that does not know it yet. Since it names one key only, it runs on
 * a cluster as on a single server.
 */
public final class Script {
    private final byte[] text;
    private final String digest;

    private Script(byte[] text) {
        this.text = text;
        try {
            digest = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-1").digest(text));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-1", e);
        }
    }

    public static Script of(String text) {
        return new Script(text.getBytes(StandardCharsets.UTF_8));
    }

    byte[] text() {
        return text;
    }

    String digest() {
        return digest;
    }
}
