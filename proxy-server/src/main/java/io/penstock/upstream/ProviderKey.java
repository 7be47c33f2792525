package io.penstock.upstream;

import io.penstock.provider.Authorization;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One key of a provider at run time, and how long it rests, for which models.
 *
 * <p><b>Thread:</b> safe.
 */
public final class ProviderKey {
    private static final int FINGERPRINT_BYTES = 8;

    private final KeySettings settings;
    private final @Nullable Authorization authorization; // null where nothing is shown
    private final String fingerprint;
    private final RestTable rests = new RestTable();
    private int share; // smooth weighted round robin; guarded by the pool

    ProviderKey(KeySettings settings, @Nullable Authorization authorization) {
        this.settings = settings;
        this.authorization = authorization;
        fingerprint = fingerprint(settings.value());
    }

    private static String fingerprint(String value) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256")
                    .digest(value.getBytes(StandardCharsets.UTF_8)), 0, FINGERPRINT_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    @Nullable Authorization authorization() {
        return authorization;
    }

    /** Names the key without giving it away. */
    String fingerprint() {
        return fingerprint;
    }

    String value() {
        return settings.value();
    }

    public String masked() {
        return settings.masked();
    }

    /** When the key, or one model asked with it, may be asked again. */
    RestTable rests() {
        return rests;
    }

    /** Nanoseconds of rest left for all models; 0 if the key as a whole doesn't rest. */
    public long restNanos(long nowNanos) {
        return rests.restOfAllNanos(nowNanos);
    }

    /** Nanoseconds of rest left of each model that rests by itself, by name. */
    public Map<String, Long> restsOfModels(long nowNanos) {
        return rests.models(nowNanos);
    }

    int weight() {
        return settings.weight();
    }

    int share() {
        return share;
    }

    void setShare(int share) {
        this.share = share;
    }
}
