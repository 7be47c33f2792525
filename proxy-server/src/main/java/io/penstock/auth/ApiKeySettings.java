package io.penstock.auth;

import io.penstock.caller.Allowance;
import io.penstock.caller.Caller;
import java.util.List;
import java.util.Set;

/**
 * One entry of {@code auth.keys}.
 *
 * @param id names the caller in logs and limits
 * @param hash {@code sha256:} and 64 hex digits; the key itself is nowhere in the configuration
 * @param models globs of the model names that this caller may ask for; empty for all
 */
public record ApiKeySettings(String id, String hash, List<String> models, Allowance allowance) {
    private static final Set<String> RESERVED = Set.of(Caller.ANONYMOUS, Caller.ANYONE.id());

    public ApiKeySettings {
        if (!id.matches("[A-Za-z0-9][A-Za-z0-9._@-]{0,127}")) {
            throw new IllegalArgumentException("id: '" + id
                    + "' (expected: 1 to 128 letters, digits, dots, hyphens, underscores or @)");
        }
        if (!hash.matches("sha256:[0-9a-fA-F]{64}")) {
            throw new IllegalArgumentException(
                    "hash: (expected: sha256: and 64 hex digits, as `penstock keys hash` prints)");
        }
        if (RESERVED.contains(id)) {
            throw new IllegalArgumentException("id: '" + id + "' (expected: another name; callers "
                    + "without a credential go by this one)");
        }
        models = List.copyOf(models);
    }

    public ApiKeySettings(String id, String hash, List<String> models) {
        this(id, hash, models, Allowance.UNBOUNDED);
    }
}
