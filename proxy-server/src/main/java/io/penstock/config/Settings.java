package io.penstock.config;

import io.penstock.admin.AdminSettings;
import io.penstock.auth.AuthSettings;
import io.penstock.auth.CorsSettings;
import io.penstock.cache.CacheSettings;
import io.penstock.exchange.call.RetrySettings;
import io.penstock.limit.LimitSettings;
import io.penstock.listen.ListenSettings;
import io.penstock.observe.ObserveSettings;
import io.penstock.redis.RedisSettings;
import io.penstock.route.RoutePolicy;
import io.penstock.route.RouteSettings;
import io.penstock.upstream.BreakerSettings;
import io.penstock.upstream.ProviderSettings;
import io.penstock.usage.BudgetSettings;
import io.penstock.usage.Prices;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A whole configuration, checked: what the proxy is built from, at start and at each reload.
 *
 * @param shutdownGrace how long open streams may go on after a stop was asked for
 * @param debug whether the log tells what peers do wrong, too
 * @param unrouted how calls of models without a route are carried out
 * @param cache which replies are given again
 * @param redis where proxies share what they know
 * @param text all of it for people to read
 */
public record Settings(List<ListenSettings> listen, AdminSettings admin,
        List<ProviderSettings> providers, List<RouteSettings> routes, AuthSettings auth,
        CorsSettings cors, LimitSettings limits, BudgetSettings budget, Prices prices,
        BreakerSettings breaker, RetrySettings retry, ObserveSettings observe,
        Duration shutdownGrace, boolean debug, RoutePolicy unrouted, CacheSettings cache,
        RedisSettings redis, Text text) {

    /**
     * Settings as YAML, without the secrets. Two files may say the same in other words, so all
     * texts are equal: they make no settings differ.
     *
     * @param yaml empty where neither file nor environment made the settings
     */
    public record Text(String yaml) {
        static final Text NONE = new Text("");

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Text;
        }

        @Override
        public int hashCode() {
            return 0;
        }

        @Override
        public String toString() {
            return "Text";
        }
    }


    /** One that carries out calls of models without a route by default, and caches nothing. */
    public Settings(List<ListenSettings> listen, AdminSettings admin,
            List<ProviderSettings> providers, List<RouteSettings> routes, AuthSettings auth,
            CorsSettings cors, LimitSettings limits, BudgetSettings budget, Prices prices,
            BreakerSettings breaker, RetrySettings retry, ObserveSettings observe,
            Duration shutdownGrace, boolean debug) {
        this(listen, admin, providers, routes, auth, cors, limits, budget, prices, breaker, retry,
                observe, shutdownGrace, debug, RoutePolicy.DEFAULT, CacheSettings.DEFAULT,
                RedisSettings.NONE);
    }

    /** One that nobody wrote down. */
    public Settings(List<ListenSettings> listen, AdminSettings admin,
            List<ProviderSettings> providers, List<RouteSettings> routes, AuthSettings auth,
            CorsSettings cors, LimitSettings limits, BudgetSettings budget, Prices prices,
            BreakerSettings breaker, RetrySettings retry, ObserveSettings observe,
            Duration shutdownGrace, boolean debug, RoutePolicy unrouted, CacheSettings cache,
            RedisSettings redis) {
        this(listen, admin, providers, routes, auth, cors, limits, budget, prices, breaker, retry,
                observe, shutdownGrace, debug, unrouted, cache, redis, Text.NONE);
    }

    public Settings {
        listen = List.copyOf(listen);
        providers = List.copyOf(providers);
        routes = List.copyOf(routes);
    }

    /** These settings with that response cache. */
    public Settings withCache(CacheSettings other) {
        return new Settings(listen, admin, providers, routes, auth, cors, limits, budget, prices,
                breaker, retry, observe, shutdownGrace, debug, unrouted, other, redis);
    }

    /** These settings without an access log. */
    public Settings withoutAccessLog() {
        return new Settings(listen, admin, providers, routes, auth, cors, limits, budget,
                prices, breaker, retry, observe.withoutAccessLog(), shutdownGrace, debug,
                unrouted, cache, redis, text);
    }
}
