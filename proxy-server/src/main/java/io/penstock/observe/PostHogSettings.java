package io.penstock.observe;

import java.net.URI;

/** The {@code observe.posthog} section: where events go, and the project's API key. */
public record PostHogSettings(URI host, String apiKey) {
    public PostHogSettings {
        String scheme = host.getScheme();
        if (!"http".equals(scheme) && !"https".equals(scheme) || host.getHost() == null
                || host.getRawUserInfo() != null || host.getRawQuery() != null) {
            throw new IllegalArgumentException("host: unexpected value"
                    + " (expected: http://HOST[:PORT][/PATH] or https://…)");
        }
    }

    /** Where batches of events go. */
    URI batches() {
        return URI.create(host.toString().replaceFirst("/+$", "") + "/batch/");
    }

    @Override
    public String toString() {
        return "PostHogSettings[host=" + host + ", apiKey=****]";
    }
}
