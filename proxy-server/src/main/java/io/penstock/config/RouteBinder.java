package io.penstock.config;

import io.penstock.route.HedgeSettings;
import io.penstock.route.HoldSettings;
import io.penstock.route.Resilience;
import io.penstock.route.RoutePolicy;
import io.penstock.route.RouteSettings;
import io.penstock.route.RouteSettings.TargetSettings;
import io.penstock.route.TargetTerms;
import io.penstock.route.TargetTimeouts;
import io.penstock.route.WaitSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The routes, each target of which must be a provider that there is. */
final class RouteBinder {
    private final ProviderBinder.Bound providers;
    private final Resilience usual;
    private final boolean waitIsSaid;
    private final Problems problems;

    RouteBinder(ProviderBinder.Bound providers, Section root, Problems problems) {
        this.providers = providers;
        usual = root.get(Schema.RESILIENCE);
        waitIsSaid = root.section(Schema.RETRY).has(Schema.WAIT_FOR_RETRY_AFTER);
        this.problems = problems;
    }

    List<RouteSettings> bind(List<Section> sections) {
        List<RouteSettings> routes = new ArrayList<>();
        Map<String, Place> models = new HashMap<>();
        for (Section section : sections) {
            String model = section.get(RouteSchema.MODEL);
            Place place = section.place(RouteSchema.MODEL);
            Place first = model == null ? null : models.putIfAbsent(model, place);
            if (first != null) {
                problems.error(place, "'" + model + "' is " + first.path()
                        + " already, expected one route for each model");
            }
            RouteSettings route = route(section);
            if (route != null) {
                routes.add(route);
            }
        }
        return routes;
    }

    /** Null when the route has a mistake, or all its providers are left out. */
    private @Nullable RouteSettings route(Section section) {
        int before = problems.errorCount();
        HoldSettings hold = hold(section.section(RouteSchema.HOLD));
        Resilience resilience = section.has(RouteSchema.RESILIENCE)
                ? section.get(RouteSchema.RESILIENCE) : usual;
        RoutePolicy policy = new RoutePolicy(section.get(RouteSchema.STRATEGY),
                section.get(RouteSchema.AFFINITY), hedge(section.get(RouteSchema.HEDGE)),
                section.has(RouteSchema.MIDSTREAM) ? section.get(RouteSchema.MIDSTREAM)
                        : resilience.midstream(), hold,
                section.get(RouteSchema.ON_CANCEL).equals("drain"), waits(resilience),
                section.section(RouteSchema.CACHE).get(RouteSchema.CACHE_TTL));
        List<TargetSettings> kept = targets(section, resilience);
        if (!section.isComplete() || problems.errorCount() > before) {
            return null;
        }
        if (kept.stream().noneMatch(each -> providers.isUsable(each.provider()))) {
            problems.warn(section.place(RouteSchema.TARGETS), kept.isEmpty()
                    ? "every provider of this route is left out, and so is the route"
                    : "every provider of this route is disabled or left out");
        }
        return kept.isEmpty() ? null : section.build(problems,
                () -> new RouteSettings(section.get(RouteSchema.MODEL), kept, policy));
    }

    /** How calls of models without a route are carried out. */
    RoutePolicy unrouted() {
        RoutePolicy policy = usual.policy();
        return new RoutePolicy(policy.strategy(), policy.affinity(), policy.hedge(),
                policy.midstream(), policy.hold(), policy.drains(), waits(usual));
    }

    /** Where {@code retry} says how long to wait beside other targets, that holds everywhere. */
    private WaitSettings waits(Resilience resilience) {
        boolean sameAsUsual = waitIsSaid || resilience == Resilience.STANDARD;
        return new WaitSettings(sameAsUsual ? null : resilience.waits().besideOthers(),
                resilience.waits().alone());
    }

    /** The targets whose providers are not left out. */
    private List<TargetSettings> targets(Section section, Resilience resilience) {
        List<TargetSettings> kept = new ArrayList<>();
        List<Section> targets = section.get(RouteSchema.TARGETS);
        for (Section each : targets == null ? List.<Section>of() : targets) {
            TargetSettings target = each.get(RouteSchema.TARGET);
            if (target == null || providers.names() == null) {
                continue; // reported already, or nothing to compare with
            }
            if (!providers.names().contains(target.provider())) {
                problems.error(each.place(RouteSchema.TARGET), "unknown provider '"
                        + target.provider() + "', "
                        + Suggestion.among(target.provider(), providers.names()));
            } else if (!providers.leftOut().contains(target.provider())) {
                kept.add(new TargetSettings(target.provider(), target.model(),
                        terms(each, target.provider(), resilience)));
            }
        }
        return kept;
    }

    private TargetTerms terms(Section section, String provider, Resilience resilience) {
        TargetTimeouts said = ProviderBinder.said(section.get(RouteSchema.TARGET_TIMEOUTS),
                problems);
        TargetTimeouts timeouts = resilience == usual ? said
                : filledUp(said, providers.timeouts().get(provider), resilience.timeouts());
        Integer window = section.get(RouteSchema.CONTEXT_WINDOW);
        TargetTerms terms = section.build(problems,
                () -> new TargetTerms(section.get(RouteSchema.WEIGHT),
                        window == null ? TargetTerms.UNBOUNDED : window, timeouts));
        return terms == null ? TargetTerms.DEFAULT : terms;
    }

    /** The preset's timers where neither the target nor its provider says its own. */
    private static TargetTimeouts filledUp(@Nullable TargetTimeouts target,
            @Nullable TargetTimeouts provider, TargetTimeouts preset) {
        TargetTimeouts own = target == null ? TargetTimeouts.NONE : target;
        TargetTimeouts providers = provider == null ? TargetTimeouts.NONE : provider;
        return new TargetTimeouts(own.connect(), own.tls(),
                first(own.head(), providers.head(), preset.head()), own.headOfUnary(),
                first(own.firstContent(), providers.firstContent(), preset.firstContent()),
                first(own.gap(), providers.gap(), preset.gap()),
                first(own.total(), providers.total(), preset.total()));
    }

    private static @Nullable Duration first(@Nullable Duration a, @Nullable Duration b,
            @Nullable Duration c) {
        return a != null ? a : b != null ? b : c;
    }

    /** Null for none. */
    private @Nullable HedgeSettings hedge(Section section) {
        String after = section == null ? null : section.get(RouteSchema.HEDGE_AFTER);
        if (after == null) {
            return null; // a mistake in it was reported
        }
        Duration duration = Durations.parse(after);
        double percentile = duration == null ? Integer.parseInt(after.substring(1)) / 100.0 : 0;
        return section.build(problems, () -> new HedgeSettings(percentile, duration,
                section.get(RouteSchema.HEDGE_RATIO)));
    }

    private HoldSettings hold(Section section) {
        return section.build(problems,
                () -> new HoldSettings(section.get(RouteSchema.CONTENT_EVENTS),
                        SettingsBinder.capped(section.get(RouteSchema.HOLD_BYTES)),
                        section.get(RouteSchema.HOLD_TIME),
                        section.get(RouteSchema.MIN_EVENTS_PER_SECOND)));
    }
}
