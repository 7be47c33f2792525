package io.penstock.upstream;

import io.penstock.provider.Options;
import io.penstock.provider.ProviderType;
import io.penstock.provider.Site;
import java.net.URI;
import java.util.HashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One entry of {@code providers}.
 *
 * @param baseUrl http or https, with a host; a path may follow, a query only where the type takes
 *     that one, a fragment may not
 * @param keys the pool of keys; empty where the provider wants none
 * @param models names that the provider serves; {@code "*"} among them passes any name on
 * @param priority lower is tried first
 * @param limits how many calls it gets at once
 * @param options what only providers of its type can be told
 * @param proxy the forward proxy on the way to it
 */
public record ProviderSettings(String name, ProviderType type, URI baseUrl, List<KeySettings> keys,
        List<String> models, boolean enabled, int priority, TimeoutSettings timeouts,
        PoolSettings pool, UpstreamTlsSettings tls, LoadSettings limits, Options options,
        @Nullable ProxySettings proxy) {
    private static final int MAX_PORT = 65_535;

    /** One that is reached without a forward proxy. */
    public ProviderSettings(String name, ProviderType type, URI baseUrl, List<KeySettings> keys,
            List<String> models, boolean enabled, int priority, TimeoutSettings timeouts,
            PoolSettings pool, UpstreamTlsSettings tls, LoadSettings limits, Options options) {
        this(name, type, baseUrl, keys, models, enabled, priority, timeouts, pool, tls, limits,
                options, null);
    }

    /** One with no options. */
    public ProviderSettings(String name, ProviderType type, URI baseUrl, List<KeySettings> keys,
            List<String> models, boolean enabled, int priority, TimeoutSettings timeouts,
            PoolSettings pool, UpstreamTlsSettings tls, LoadSettings limits) {
        this(name, type, baseUrl, keys, models, enabled, priority, timeouts, pool, tls, limits,
                Options.NONE);
    }

    /** One with the default limits, and no options. */
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
        Site site = new Site(baseUrl, options);
        String scheme = baseUrl.getScheme();
        if (!("http".equals(scheme) || "https".equals(scheme)) || site.host() == null
                || baseUrl.getRawQuery() != null && !type.takesQuery(baseUrl.getRawQuery())
                || baseUrl.getRawFragment() != null || baseUrl.getRawUserInfo() != null) {
            throw new IllegalArgumentException("base_url: '" + withoutSecrets(baseUrl)
                    + "' (expected: http://HOST[:PORT][/PATH] or https://…)");
        }
        if (site.port() == 0 || site.port() > MAX_PORT) {
            throw new IllegalArgumentException("base_url: port " + site.port()
                    + " (expected: 1 to " + MAX_PORT + ")");
        }
        keys = List.copyOf(keys);
        models = List.copyOf(models);
        new ProviderTerms(type, site, keys); // that it can be had
        if (new HashSet<>(models).size() != models.size()) {
            throw new IllegalArgumentException("models: a name stands there twice");
        }
    }

    /** Name, password and query, which may be a key, must not get into a message. */
    private static String withoutSecrets(URI url) {
        return url.toString().replaceFirst("//.*@", "//****@").replaceFirst("\\?.*", "?****");
    }

    /** Where it is, as its type wants to know it. */
    public Site site() {
        return new Site(baseUrl, options);
    }
}
