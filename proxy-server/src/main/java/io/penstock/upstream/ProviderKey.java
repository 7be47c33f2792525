package io.penstock.upstream;

import io.penstock.provider.Authorization;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One key of a provider at run time, and how long it rests, for which models.
 *
 * <p><b>Thread:</b> safe.
 */
public final class ProviderKey {
    private final KeySettings settings;
    private final @Nullable Authorization authorization; // null where nothing is shown
    private final RestTable rests = new RestTable();
    private int share; // smooth weighted round robin; guarded by the pool

    ProviderKey(KeySettings settings, @Nullable Authorization authorization) {
        this.settings = settings;
        this.authorization = authorization;
    }

    @Nullable Authorization authorization() {
        return authorization;
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
