package io.penstock.auth;

import java.util.List;

/**
 * The {@code auth} section; with no key and {@code anonymous} off, whoever reaches loopback may
 * call.
 */
public record AuthSettings(List<ApiKeySettings> keys, boolean anonymous) {
    public static final AuthSettings DEFAULT = new AuthSettings(List.of(), false);

    public AuthSettings {
        keys = List.copyOf(keys);
    }

    /** Whether a call needs a credential. */
    public boolean isRequired() {
        return !keys.isEmpty() && !anonymous;
    }
}
