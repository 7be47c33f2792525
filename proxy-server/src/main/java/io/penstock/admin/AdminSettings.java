package io.penstock.admin;

import org.jspecify.annotations.Nullable;

/** The {@code admin} section; {@code token} null leaves the port open, and so on loopback only. */
public record AdminSettings(String host, int port, @Nullable String token) {
    public static final AdminSettings DEFAULT = new AdminSettings("127.0.0.1", 9091, null);

    @Override
    public String toString() {
        return "AdminSettings[host=" + host + ", port=" + port + ", token="
                + (token == null ? "none" : "****") + "]";
    }
}
