package io.penstock.upstream;

import java.net.URI;
import java.util.HashSet;
import java.util.List;

/**
 * One entry of {@code providers}.
 *
 * @param baseUrl http or https, with a host; a path may follow, a query or fragment may not, but
 *     for Azure's {@code ?api-version=…}
 * @param keys the pool of keys; empty where the provider wants none
 * @param models names that the provider serves; {@code "*"} among them passes any name on
 * @param priority lower is tried first
 * @param limits how many calls it gets at once
 */
public record ProviderSettings(String name, ProviderType type, URI baseUrl, List<KeySettings> keys,
        List<String> models, boolean enabled, int priority, TimeoutSettings timeouts,
        PoolSettings pool, UpstreamTlsSettings tls, LoadSettings limits) {

    /** One with the default limits. */
    public ProviderSettings(String name, ProviderType type, URI baseUrl, List<KeySettings> keys,
            List<String> models, boolean enabled, int priority, TimeoutSettings timeouts,
            PoolSettings pool, UpstreamTlsSettings tls) {
        this(name, type, baseUrl, keys, models, enabled, priority, timeouts, pool, tls,
                LoadSettings.DEFAULT);
    }

    public ProviderSettings {
        if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,63}")) {
            throw new IllegalArgumentException("name: '" + name
                    + "' (expected: 1 to 64 letters, digits, dots, hyphens or underscores)");
        }
        String scheme = baseUrl.getScheme();
        if (!("http".equals(scheme) || "https".equals(scheme)) || baseUrl.getHost() == null
                || baseUrl.getRawQuery() != null && (type != ProviderType.AZURE
                || !baseUrl.getRawQuery().matches("api-version=[A-Za-z0-9.-]{1,40}")) || baseUrl.getRawFragment() != null
                || baseUrl.getRawUserInfo() != null) {
            throw new IllegalArgumentException("base_url: '" + baseUrl
                    + "' (expected: http://HOST[:PORT][/PATH] or https://…)");
        }
        keys = List.copyOf(keys);
        models = List.copyOf(models);
        if (new HashSet<>(models).size() != models.size()) {
            throw new IllegalArgumentException("models: a name stands there twice");
        }
    }
}
