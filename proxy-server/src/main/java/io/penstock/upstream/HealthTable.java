package io.penstock.upstream;

import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * How each model of one provider is.
 *
 * <p><b>Thread:</b> safe.
 * <br><b>Bounds:</b> {@value #MAX_MODELS} models, those of the configuration first. All beyond
 * share one whose breaker never opens: what one of them does must not be held against the others.
 */
final class HealthTable {
    static final int MAX_MODELS = 10_000;
    private static final String OTHERS = "*";

    private final String provider;
    private final ConcurrentHashMap<String, TargetHealth> models = new ConcurrentHashMap<>();
    private final TargetHealth others;
    private volatile BreakerSettings settings = BreakerSettings.DEFAULT;
    private volatile Weather weather = Weather.UNTOLD;

    HealthTable(String provider) {
        this.provider = provider;
        BreakerSettings any = BreakerSettings.DEFAULT;
        others = new TargetHealth(provider, OTHERS, new BreakerSettings(false,
                any.failureRatio(), any.minRequests(), any.window(), any.openFor(),
                any.halfOpenProbes()), () -> weather);
    }

    TargetHealth of(String model) {
        TargetHealth health = models.get(model);
        return health != null ? health : add(model);
    }

    private TargetHealth add(String model) {
        if (models.size() >= MAX_MODELS) {
            return others;
        }
        // Two threads that meet here may exceed the bound by their number.
        return models.computeIfAbsent(model,
                name -> new TargetHealth(provider, name, settings, () -> weather));
    }

    /** Goes by these settings from now on, and has a place for each of these models. */
    void use(BreakerSettings settings, Set<String> configured) {
        this.settings = settings;
        configured.forEach(this::add);
        models.forEach((model, health) -> health.use(settings, configured.contains(model)));
    }

    /** Says whom to tell when a breaker opens. */
    void tell(Weather weather) {
        this.weather = weather;
    }

    /** Another proxy's breaker of that model has opened; nothing happens where none knows it. */
    void onOpenedElsewhere(String model) {
        TargetHealth known = models.get(model);
        if (known != null) {
            known.onOpenedElsewhere();
        }
    }

    /** Whether the configuration names that model. */
    boolean isConfigured(String model) {
        TargetHealth known = models.get(model);
        return known != null && known.isConfigured();
    }

    /** All that are known, by name. */
    List<TargetHealth> all() {
        return models.values().stream()
                .sorted(Comparator.comparing(TargetHealth::model)).toList();
    }
}
