package io.penstock.auth;

import io.penstock.caller.Allowance;
import io.penstock.caller.Caller;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The {@code auth} section; with no key, no {@code jwt} and {@code anonymous} off, whoever reaches
 * loopback may call.
 *
 * @param jwt null when tokens are not taken
 * @param anonymous whether callers without a credential are let in beside those with one
 * @param withoutCredential what each address may ask for that shows no credential, and what all of
 *     them together may use in a month
 */
public record AuthSettings(List<ApiKeySettings> keys, @Nullable JwtSettings jwt, boolean anonymous,
        Allowance withoutCredential) {
    public static final AuthSettings DEFAULT = new AuthSettings(List.of(), false);

    public AuthSettings {
        keys = List.copyOf(keys);
    }

    public AuthSettings(List<ApiKeySettings> keys, boolean anonymous) {
        this(keys, null, anonymous, Allowance.UNBOUNDED);
    }

    /** Whether there is any credential that could be known. */
    public boolean knowsCredentials() {
        return !keys.isEmpty() || jwt != null;
    }

    /** Whether a call needs a credential. */
    public boolean isRequired() {
        return knowsCredentials() && !anonymous;
    }

    /** Whether nobody has said who may call: then only this machine may. */
    public boolean isOpen() {
        return !knowsCredentials() && !anonymous;
    }

    /** Whether somebody's use in a month is bounded. */
    public boolean hasBudget() {
        return withoutCredential.hasBudget() || jwt != null && jwt.granted().hasBudget()
                || keys.stream().anyMatch(key -> key.allowance().hasBudget());
    }

    /** How much the caller of that id may use; null if no such caller is configured. */
    public @Nullable Allowance allowanceOf(String callerId) {
        for (ApiKeySettings key : keys) {
            if (key.id().equals(callerId)) {
                return key.allowance();
            }
        }
        if (callerId.equals(Caller.ANONYMOUS)) {
            return withoutCredential;
        }
        return jwt != null && callerId.startsWith(Caller.TOKEN_PREFIX) ? jwt.granted() : null;
    }
}
