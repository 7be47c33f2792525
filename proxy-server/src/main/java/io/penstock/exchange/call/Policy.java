package io.penstock.exchange.call;

import io.penstock.cache.CacheSettings;
import io.penstock.route.Router;
import io.penstock.upstream.Provider;
import io.penstock.usage.BudgetSettings;
import io.penstock.usage.Prices;
import java.util.Map;

/**
 * What exchanges go by, as of one version of the configuration. An exchange keeps the one that it
 * began with.
 *
 * @param providers enabled ones, by name
 * @param budget what follows when a caller's budget is spent
 * @param maxBodyBytes of a request
 * @param fullHeaders replies name provider, model, attempts and timings
 * @param cache which replies are given again
 */
public record Policy(Router router, Map<String, Provider> providers, RetrySettings retry,
        BudgetSettings budget, Prices prices, long maxBodyBytes, boolean fullHeaders,
        CacheSettings cache) {
    /** One that gives no reply again. */
    public Policy(Router router, Map<String, Provider> providers, RetrySettings retry,
            BudgetSettings budget, Prices prices, long maxBodyBytes, boolean fullHeaders) {
        this(router, providers, retry, budget, prices, maxBodyBytes, fullHeaders,
                CacheSettings.DEFAULT);
    }

    public Policy {
        providers = Map.copyOf(providers);
    }

    /** The same for an exchange that asks one target, once. */
    public Policy ofOneAttempt() {
        return new Policy(router, providers, retry.ofOneAttempt(), budget, prices, maxBodyBytes,
                fullHeaders, cache);
    }

    /** The same for an exchange that is given no reply again. */
    public Policy withoutCache() {
        return new Policy(router, providers, retry, budget, prices, maxBodyBytes, fullHeaders);
    }
}
