package io.penstock.server;

import io.penstock.auth.Authenticator;
import io.penstock.auth.Cors;
import io.penstock.config.Settings;
import io.penstock.exchange.call.Policy;
import io.penstock.provider.Api;
import io.penstock.route.Glob;
import io.penstock.route.Router;
import io.penstock.upstream.Provider;
import io.penstock.upstream.ProviderSettings;
import io.penstock.upstream.UpstreamTlsException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Everything that one version of the configuration decides, swapped as a whole at a reload.
 *
 * <p><b>Thread:</b> immutable.
 *
 * @param providers all that are configured, the disabled ones too, in the order of the file
 */
record Snapshot(Settings settings, List<Provider> providers, Policy policy,
        Authenticator authenticator, Cors cors) {

    /**
     * The provider of calls that name no model and keep what they send; null for none.
     *
     * @param anthropic the calls are in Anthropic's API, else in OpenAI's
     */
    @Nullable Provider first(boolean anthropic) {
        Provider first = null;
        for (Provider each : providers) {
            ProviderSettings settings = each.settings();
            if (settings.enabled() && (anthropic ? each.mainApi() == Api.MESSAGES
                    : each.isLikeOpenAi()) && (first == null
                    || settings.priority() < first.settings().priority())) {
                first = each;
            }
        }
        return first;
    }

    /** How many exchanges may wait on each of so many event loops. */
    int maxQueued(int loops) {
        return (int) (((long) settings.limits().queue().size() + loops - 1) / loops);
    }

    /**
     * Builds it; a provider whose settings have not changed is kept, with its connections, and so
     * are the keys of tokens.
     */
    static Snapshot of(Settings settings, List<Provider> known, @Nullable Authenticator previous)
            throws UpstreamTlsException {
        List<Provider> providers = new ArrayList<>();
        Map<String, Provider> enabled = new LinkedHashMap<>();
        List<Router.Candidate> candidates = new ArrayList<>();
        for (ProviderSettings each : settings.providers()) {
            Provider provider = null;
            for (Provider old : known) {
                provider = old.settings().equals(each) ? old : provider;
            }
            provider = provider == null ? new Provider(each) : provider;
            providers.add(provider);
            if (each.enabled()) {
                enabled.put(each.name(), provider);
                candidates.add(new Router.Candidate(each.name(), each.models(), each.priority()));
            }
        }
        Policy policy = new Policy(
                new Router(settings.routes(), candidates, settings.unrouted()), enabled,
                settings.retry(), settings.budget(), settings.prices(),
                settings.limits().bodyBytes(),
                settings.observe().fullHeaders(), settings.cache());
        return new Snapshot(settings, List.copyOf(providers), policy,
                new Authenticator(settings.auth(), glob -> new Glob(glob)::matches, previous),
                new Cors(settings.cors()));
    }

    /** Puts it in force where it reaches beyond itself: in providers that outlive it. */
    void adopt() {
        for (Provider provider : providers) {
            provider.use(settings.breaker(), modelsOf(provider));
        }
    }

    /** The models of that provider which the configuration names. */
    Set<String> modelsOf(Provider provider) {
        Set<String> models = policy.router().targetsOf(provider.name());
        models.addAll(provider.settings().models());
        models.removeIf(model -> model.contains("*"));
        return models;
    }
}
