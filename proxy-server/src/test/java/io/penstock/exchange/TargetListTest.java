package io.penstock.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.loop.Deadlines;
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
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TargetListTest {
    private static final long NOW = 1_000_000;

    private final Provider a = provider("a");
    private final Provider b = provider("b");
    private final Policy policy = new Policy(new Router(List.of(), List.of()),
            Map.of("a", a, "b", b), RetrySettings.DEFAULT, BudgetSettings.DEFAULT, Prices.NONE,
            1024, true);
    private final AttemptLog log = new AttemptLog();
    private final TargetList targets = new TargetList();

    TargetListTest() throws UpstreamTlsException {}

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
        targets.begin(policy, new Route(List.of(names), RoutePolicy.DEFAULT), true,
                TargetOrder.NO_AFFINITY, model -> 0, NOW);
    }

    private List<String> rest() {
        List<String> rest = new ArrayList<>();
        for (TargetName next = targets.next(NOW, log); next != null;
                next = targets.next(NOW, log)) {
            rest.add(next.toString());
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
        assertThat(targets.next(NOW, log)).hasToString("a/m");
        targets.exclude("m");
        assertThat(rest()).containsExactly("a/n");
    }

    private void fallBackOn(RoutePolicy policy, TargetName... names) {
        targets.fallBackOn(new Route(List.of(names), policy), TargetOrder.NO_AFFINITY);
    }

    @Test
    void fallsBackOnTheTargetsOfFurtherRoutesThatAreNew() {
        RoutePolicy drains = new RoutePolicy(HoldSettings.DEFAULT, true);
        TargetName again = new TargetName("b", "m");
        TargetName other = new TargetName("b", "o");
        fallBackOn(drains, again, other);
        fallBackOn(RoutePolicy.DEFAULT, new TargetName("b", "o"), new TargetName("a", "o"));

        assertThat(targets.policy(other)).isSameAs(drains);
        assertThat(rest()).containsExactly("a/m", "b/m", "a/n", "b/o", "a/o");
        assertThat(rest()).isEmpty();
        begin();
        assertThat(rest()).containsExactly("a/m", "b/m", "a/n");
    }

    @Test
    void givesNoneToFallBackOnWhereOnlyTheRouteIsAsked() {
        fallBackOn(RoutePolicy.DEFAULT, new TargetName("b", "o"));

        assertThat(targets.nextOfRoute(NOW, log)).hasToString("a/m");
        assertThat(targets.nextOfRoute(NOW, log)).hasToString("b/m");
        assertThat(targets.nextOfRoute(NOW, log)).hasToString("a/n");
        assertThat(targets.nextOfRoute(NOW, log)).isNull();
        assertThat(rest()).containsExactly("b/o");
    }

    @Test
    void fallsBackBeforeItComesBackToKeysWhoseRestIsAGuess() {
        restWithAllModels(a, 10, false);
        fallBackOn(RoutePolicy.DEFAULT, new TargetName("b", "o"));

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

        assertThat(targets.next(NOW, log)).hasToString("b/m"); // a/m is passed over, then b says
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

    @Test
    void hasNothingReadyWithoutTargets() {
        begin(new TargetName[0]);

        assertThat(targets.readyInNanos(NOW)).isEqualTo(Deadlines.NEVER);
        assertThat(targets.next(NOW, log)).isNull();
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
        open(a, "m", false);

        assertThat(rest()).containsExactly("b/m", "a/n");
        assertThat(log).hasToString("a/m=breaker_open");
        assertThat(targets.tryAgain(new TargetName("a", "m"), NOW)).isFalse();
        assertThat(targets.tryAgain(new TargetName("b", "m"), NOW)).isTrue();
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
            assertThat(targets.next(later, log)).hasToString("b/m");
        }
        for (int i = 0; i < BreakerSettings.DEFAULT.halfOpenProbes(); i++) {
            begin(new TargetName("a", "m"));
            assertThat(targets.next(later, log)).hasToString("a/m");
            assertThat(targets.ticket()).isPositive();
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
        targets.begin(policy, new Route(names, List.of(terms), RoutePolicy.DEFAULT), true,
                TargetOrder.NO_AFFINITY, model -> needed, NOW);
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

        TargetName first = targets.next(NOW, log);
        assertThat(targets.timeouts(first)).isEqualTo(new TimeoutSettings(own.connect(),
                own.tls(), second, second, own.firstContent(), own.gap(), second));
        assertThat(targets.timeouts(targets.next(NOW, log))).isEqualTo(own);
    }

    @Test
    void givesTheOrderOfTheStrategy() {
        RoutePolicy busy = new RoutePolicy(Strategy.LEAST_BUSY, null, null, Midstream.ERROR,
                HoldSettings.DEFAULT, false);
        Trial trial = new Trial();
        trial.begin(a.health("m"), 0, true, NOW);
        targets.begin(policy, new Route(List.of(new TargetName("a", "m"), new TargetName("b", "m"),
                new TargetName("a", "n")), busy), true, TargetOrder.NO_AFFINITY, model -> 0, NOW);

        assertThat(rest()).containsExactly("b/m", "a/n", "a/m");
        trial.end(false, NOW);
    }
}
