package io.penstock.exchange.failover;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.exchange.call.AttemptLog;
import io.penstock.exchange.call.Candidate;
import io.penstock.exchange.call.Policy;
import io.penstock.exchange.call.RetrySettings;
import io.penstock.exchange.call.Whom;
import io.penstock.provider.ProviderTypes;
import io.penstock.route.HoldSettings;
import io.penstock.route.Midstream;
import io.penstock.route.Route;
import io.penstock.route.Route.TargetName;
import io.penstock.route.RoutePolicy;
import io.penstock.route.Router;
import io.penstock.route.Strategy;
import io.penstock.route.TargetOrder;
import io.penstock.route.TargetTerms;
import io.penstock.route.TargetTimeouts;
import io.penstock.upstream.Backoff;
import io.penstock.upstream.BreakerSettings;
import io.penstock.upstream.KeySettings;
import io.penstock.upstream.PoolSettings;
import io.penstock.upstream.Provider;
import io.penstock.upstream.ProviderSettings;
import io.penstock.upstream.RetryAfter;
import io.penstock.upstream.TargetHealth;
import io.penstock.upstream.TimeoutSettings;
import io.penstock.upstream.Trial;
import io.penstock.upstream.UpstreamTlsException;
import io.penstock.upstream.UpstreamTlsSettings;
import io.penstock.usage.BudgetSettings;
import io.penstock.usage.Prices;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RoutedTargetsTest {
    private static final long NOW = 1_000_000;

    private final Provider a = provider("a");
    private final Provider b = provider("b");
    private final Policy policy = new Policy(new Router(List.of(), List.of()),
            Map.of("a", a, "b", b), RetrySettings.DEFAULT, BudgetSettings.DEFAULT, Prices.NONE,
            1024, true);
    private final AttemptLog log = new AttemptLog();
    private RoutedTargets targets;

    RoutedTargetsTest() throws UpstreamTlsException {}

    private static Provider provider(String name) throws UpstreamTlsException {
        return new Provider(new ProviderSettings(name, ProviderTypes.OPENAI,
                URI.create("http://localhost:1/v1"), List.of(new KeySettings("key", 1)), List.of(),
                true, 1, TimeoutSettings.DEFAULT, PoolSettings.DEFAULT,
                UpstreamTlsSettings.DEFAULT));
    }

    @BeforeEach
    void begin() {
        begin(new TargetName("a", "m"), new TargetName("b", "m"), new TargetName("a", "n"));
    }

    private void begin(TargetName... names) {
        targets = of(model -> 0, new Route(List.of(names), RoutePolicy.DEFAULT));
    }

    private RoutedTargets of(ToLongFunction<String> tokens, Route... routes) {
        long[] affinities = new long[routes.length];
        Arrays.fill(affinities, TargetOrder.NO_AFFINITY);
        return new RoutedTargets(policy, new Whom.Routed(List.of(routes), affinities), true,
                tokens, NOW);
    }

    private String next() {
        return name(targets.next(NOW, log));
    }

    private static String name(Candidate candidate) {
        return candidate == null ? null : candidate.target().toString();
    }

    private List<String> rest() {
        List<String> rest = new ArrayList<>();
        for (String next = next(); next != null; next = next()) {
            rest.add(next);
        }
        return rest;
    }

    private static void restWithAllModels(Provider provider, long nanos, boolean byProvidersWord) {
        provider.keys().rest(provider.keys().keys().get(0), "any",
                new Backoff(Backoff.Scope.KEY, nanos, byProvidersWord, RetryAfter.NONE), NOW);
    }

    @Test
    void givesTargetsInOrderEachOnce() {
        assertThat(rest()).containsExactly("a/m", "b/m", "a/n");
        assertThat(rest()).isEmpty();
        assertThat(log).hasToString("");
    }

    @Test
    void passesOverAModelWhosePromptIsTooLongWhereverItIsServed() {
        assertThat(next()).isEqualTo("a/m");
        targets.exclude("m");
        assertThat(rest()).containsExactly("a/n");
    }

    private void fallBackOn(Route... further) {
        List<Route> routes = new ArrayList<>(List.of(new Route(List.of(new TargetName("a", "m"),
                new TargetName("b", "m"), new TargetName("a", "n")), RoutePolicy.DEFAULT)));
        routes.addAll(List.of(further));
        targets = of(model -> 0, routes.toArray(Route[]::new));
    }

    private static Route route(RoutePolicy policy, TargetName... names) {
        return new Route(List.of(names), policy);
    }

    @Test
    void fallsBackOnTheTargetsOfFurtherRoutesThatAreNew() {
        RoutePolicy drains = new RoutePolicy(HoldSettings.DEFAULT, true);
        fallBackOn(route(drains, new TargetName("b", "m"), new TargetName("b", "o")),
                route(RoutePolicy.DEFAULT, new TargetName("b", "o"), new TargetName("a", "o")));

        assertThat(next()).isEqualTo("a/m");
        assertThat(next()).isEqualTo("b/m");
        assertThat(next()).isEqualTo("a/n");
        Candidate other = targets.next(NOW, log);
        assertThat(other.target()).hasToString("b/o");
        assertThat(other.policy()).isSameAs(drains);
        assertThat(rest()).containsExactly("a/o");
        assertThat(rest()).isEmpty();
    }

    @Test
    void givesNoneToFallBackOnWhereOnlyTheRouteIsAsked() {
        fallBackOn(route(RoutePolicy.DEFAULT, new TargetName("b", "o")));

        assertThat(name(targets.nextOfRoute(NOW, log))).isEqualTo("a/m");
        assertThat(name(targets.nextOfRoute(NOW, log))).isEqualTo("b/m");
        assertThat(name(targets.nextOfRoute(NOW, log))).isEqualTo("a/n");
        assertThat(targets.nextOfRoute(NOW, log)).isNull();
        assertThat(rest()).containsExactly("b/o");
    }

    @Test
    void fallsBackBeforeItComesBackToKeysWhoseRestIsAGuess() {
        restWithAllModels(a, 10, false);
        fallBackOn(route(RoutePolicy.DEFAULT, new TargetName("b", "o")));

        assertThat(rest()).containsExactly("b/m", "b/o", "a/m", "a/n");
        assertThat(targets.readyInNanos(NOW)).isZero();
    }

    @Test
    void passesOverKeysThatRestByTheirProvidersWordForGood() {
        restWithAllModels(a, 10, true);

        assertThat(rest()).containsExactly("b/m");
        assertThat(log).hasToString("a/m=cooldown, a/n=cooldown");
        assertThat(targets.readyInNanos(NOW)).isZero();
    }

    @Test
    void passesOverTheOneModelThatItsProviderLimits() {
        a.keys().rest(a.keys().keys().get(0), "m",
                new Backoff(Backoff.Scope.MODEL, 10, true, RetryAfter.NONE), NOW);

        assertThat(rest()).containsExactly("b/m", "a/n");
        assertThat(log).hasToString("a/m=cooldown");
    }

    @Test
    void comesBackToKeysWhoseRestIsAGuessWhenNothingElseIsLeft() {
        restWithAllModels(a, 10, false);

        assertThat(rest()).containsExactly("b/m", "a/m", "a/n");
        assertThat(log).hasToString("a/m=cooldown, a/n=cooldown");
    }

    @Test
    void doesNotComeBackToARestingTargetWhoseModelThePromptIsTooLongFor() {
        restWithAllModels(a, 10, false);

        assertThat(next()).isEqualTo("b/m"); // a/m is passed over, then b says
        targets.exclude("m");
        assertThat(rest()).containsExactly("a/n");
    }

    @Test
    void knowsWhenSomeTargetIsReady() {
        restWithAllModels(a, 30, true);
        restWithAllModels(b, 20, true);

        assertThat(rest()).isEmpty();
        assertThat(targets.readyInNanos(NOW)).isEqualTo(20);
        begin();
        assertThat(rest()).isEmpty();
    }

    // Breakers

    private void open(Provider provider, String model, boolean partlyGood) {
        TargetHealth health = provider.health(model);
        Trial trial = new Trial();
        for (int i = 0; i < 40; i++) {
            trial.begin(health, 0, true, NOW);
            if (partlyGood && i % 2 == 0) {
                trial.onGood(5, NOW);
                trial.end(false, NOW);
            } else {
                trial.end(true, NOW);
            }
        }
        assertThat(health.breakerState()).isEqualTo("open");
    }

    @Test
    void passesOverATargetWhoseBreakerIsOpen() {
        Candidate first = targets.next(NOW, log);
        open(a, "m", false);
        begin();

        Candidate second = targets.next(NOW, log);
        assertThat(second.target()).hasToString("b/m");
        assertThat(rest()).containsExactly("a/n");
        assertThat(log).hasToString("a/m=breaker_open");
        assertThat(targets.again(first, NOW)).isNull();
        assertThat(targets.again(second, NOW).target()).isEqualTo(second.target());
    }

    @Test
    void comesBackToTheLeastBadWhenNothingElseIsLeft() {
        open(a, "m", false);
        open(b, "m", true);
        open(a, "n", false);

        assertThat(rest()).containsExactly("b/m");
        assertThat(log).hasToString("a/m=breaker_open, b/m=breaker_open, a/n=breaker_open");
        assertThat(targets.readyInNanos(NOW))
                .isEqualTo(BreakerSettings.DEFAULT.openFor().toNanos());
    }

    @Test
    void takesThePlaceOfAProbeOnlyWhenItGivesTheTarget() {
        open(a, "m", false);
        long later = NOW + BreakerSettings.DEFAULT.openFor().toNanos();

        for (int i = 0; i < BreakerSettings.DEFAULT.halfOpenProbes(); i++) {
            begin(new TargetName("b", "m"), new TargetName("a", "m"));
            assertThat(name(targets.next(later, log))).isEqualTo("b/m");
        }
        for (int i = 0; i < BreakerSettings.DEFAULT.halfOpenProbes(); i++) {
            begin(new TargetName("a", "m"));
            assertThat(targets.next(later, log).ticket()).isPositive();
        }
        begin(new TargetName("a", "m"));
        assertThat(targets.next(later, log)).isNull();
    }

    // What targets say of themselves

    private void begin(int needed, TargetTerms... terms) {
        List<TargetName> names = new ArrayList<>();
        for (int i = 0; i < terms.length; i++) {
            names.add(new TargetName(i % 2 == 0 ? "a" : "b", "m" + i));
        }
        targets = of(model -> needed, new Route(names, List.of(terms), RoutePolicy.DEFAULT));
    }

    private static TargetTerms window(int tokens) {
        return new TargetTerms(1, tokens, null);
    }

    @Test
    void asksNobodyWhoseContextWindowIsTooSmallWhileAnotherFits() {
        begin(100, window(99), window(100), window(50), TargetTerms.DEFAULT);

        assertThat(rest()).containsExactly("b/m1", "b/m3");
        assertThat(log).hasToString("a/m0=context_window, a/m2=context_window");
    }

    @Test
    void asksTheLargestWhereTheCallFitsNowhere() {
        begin(100, window(10), window(99), window(50), window(99));

        assertThat(rest()).containsExactly("b/m1", "b/m3");
        assertThat(log).hasToString("a/m0=context_window, a/m2=context_window");
    }

    @Test
    void putsATargetsOwnTimeoutsInPlaceOfItsProviders() {
        Duration second = Duration.ofSeconds(1);
        begin(0, new TargetTerms(1, TargetTerms.UNBOUNDED,
                new TargetTimeouts(null, null, second, null, null, second)),
                TargetTerms.DEFAULT);
        TimeoutSettings own = TimeoutSettings.DEFAULT;

        assertThat(targets.next(NOW, log).timeouts()).isEqualTo(new TimeoutSettings(own.connect(),
                own.tls(), second, second, own.firstContent(), own.gap(), second));
        assertThat(targets.next(NOW, log).timeouts()).isEqualTo(own);
    }

    @Test
    void givesTheOrderOfTheStrategy() {
        RoutePolicy busy = new RoutePolicy(Strategy.LEAST_BUSY, null, null, Midstream.ERROR,
                HoldSettings.DEFAULT, false);
        Trial trial = new Trial();
        trial.begin(a.health("m"), 0, true, NOW);
        targets = of(model -> 0, route(busy, new TargetName("a", "m"), new TargetName("b", "m"),
                new TargetName("a", "n")));

        assertThat(rest()).containsExactly("b/m", "a/n", "a/m");
        trial.end(false, NOW);
    }
}
