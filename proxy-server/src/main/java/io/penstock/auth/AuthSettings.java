package io.penstock.auth;

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
}
