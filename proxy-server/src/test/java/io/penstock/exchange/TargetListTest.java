package io.penstock.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.loop.Deadlines;
import io.penstock.route.HoldSettings;
import io.penstock.route.RoutePolicy;
import io.penstock.route.Route;
import io.penstock.route.Route.TargetName;
import io.penstock.route.Router;
import io.penstock.upstream.KeySettings;
import io.penstock.upstream.PoolSettings;
import io.penstock.upstream.Provider;
import io.penstock.upstream.ProviderSettings;
import io.penstock.upstream.ProviderType;
import io.penstock.upstream.TimeoutSettings;
import io.penstock.upstream.UpstreamTlsException;
import io.penstock.upstream.UpstreamTlsSettings;
import java.net.URI;
import io.penstock.usage.BudgetSettings;
import io.penstock.usage.Prices;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TargetListTest {
    private static final long NOW = 1_000_000;

    private final Provider a = provider("a");
    private final Provider b = provider("b");
    private final AttemptLog log = new AttemptLog();
    private final TargetList targets = new TargetList();

    TargetListTest() throws UpstreamTlsException {}

    private static Provider provider(String name) throws UpstreamTlsException {
        return new Provider(new ProviderSettings(name, ProviderType.OPENAI,
                URI.create("http://localhost:1/v1"), List.of(new KeySettings("key", 1)), List.of(),
                true, 1, TimeoutSettings.DEFAULT, PoolSettings.DEFAULT,
                UpstreamTlsSettings.DEFAULT));
    }

    @BeforeEach
    void begin() {
        begin(new TargetName("a", "m"), new TargetName("b", "m"), new TargetName("a", "n"));
    }

    private void begin(TargetName... names) {
        targets.begin(new Policy(new Router(List.of(), List.of()), Map.of("a", a, "b", b),
                RetrySettings.DEFAULT, BudgetSettings.DEFAULT, Prices.NONE, 1024, true), new Route(List.of(names),
                RoutePolicy.DEFAULT));
    }

    private List<String> rest() {
        List<String> rest = new ArrayList<>();
        for (TargetName next = targets.next(NOW, log); next != null;
                next = targets.next(NOW, log)) {
            rest.add(next.toString());
        }
        return rest;
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
        targets.fallBackOn(new Route(List.of(names), policy));
    }

    @Test
    void fallsBackOnTheTargetsOfFurtherRoutesThatAreNew() {
        RoutePolicy drains = new RoutePolicy(HoldSettings.DEFAULT, true);
        fallBackOn(drains, new TargetName("b", "m"), new TargetName("b", "o"));
        fallBackOn(RoutePolicy.DEFAULT, new TargetName("b", "o"), new TargetName("a", "o"));

        assertThat(targets.policy(new TargetName("b", "o"))).isSameAs(drains);
        assertThat(targets.policy(new TargetName("b", "m"))).isSameAs(RoutePolicy.DEFAULT);
        assertThat(rest()).containsExactly("a/m", "b/m", "a/n", "b/o", "a/o");
        assertThat(rest()).isEmpty();
        begin();
        assertThat(rest()).containsExactly("a/m", "b/m", "a/n");
    }

    @Test
    void fallsBackBeforeItComesBackToKeysWhoseRestIsAGuess() {
        a.keys().keys().get(0).rest(NOW, 10, false);
        fallBackOn(RoutePolicy.DEFAULT, new TargetName("b", "o"));

        assertThat(rest()).containsExactly("b/m", "b/o", "a/m", "a/n");
        assertThat(targets.readyInNanos(NOW)).isZero();
    }

    @Test
    void passesOverKeysThatRestByTheirProvidersWordForGood() {
        a.keys().keys().get(0).rest(NOW, 10, true);

        assertThat(rest()).containsExactly("b/m");
        assertThat(log).hasToString("a/m=cooldown, a/n=cooldown");
        assertThat(targets.readyInNanos(NOW)).isZero();
    }

    @Test
    void comesBackToKeysWhoseRestIsAGuessWhenNothingElseIsLeft() {
        a.keys().keys().get(0).rest(NOW, 10, false);

        assertThat(rest()).containsExactly("b/m", "a/m", "a/n");
        assertThat(log).hasToString("a/m=cooldown, a/n=cooldown");
    }

    @Test
    void doesNotComeBackToARestingTargetWhoseModelThePromptIsTooLongFor() {
        a.keys().keys().get(0).rest(NOW, 10, false);

        assertThat(targets.next(NOW, log)).hasToString("b/m"); // a/m is passed over, then b says
        targets.exclude("m");
        assertThat(rest()).containsExactly("a/n");
    }

    @Test
    void knowsWhenSomeTargetIsReady() {
        a.keys().keys().get(0).rest(NOW, 30, true);
        b.keys().keys().get(0).rest(NOW, 20, true);

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
}
