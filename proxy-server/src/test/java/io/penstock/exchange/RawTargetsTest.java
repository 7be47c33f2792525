package io.penstock.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.provider.Authorization;
import io.penstock.provider.FieldSink;
import io.penstock.provider.ProviderType;
import io.penstock.provider.RequestToSign;
import io.penstock.provider.Site;
import io.penstock.route.Route;
import io.penstock.route.Route.TargetName;
import io.penstock.route.RoutePolicy;
import io.penstock.route.Router;
import io.penstock.upstream.BreakerSettings;
import io.penstock.upstream.PoolSettings;
import io.penstock.upstream.Provider;
import io.penstock.upstream.ProviderSettings;
import io.penstock.upstream.TargetHealth;
import io.penstock.upstream.TimeoutSettings;
import io.penstock.upstream.Trial;
import io.penstock.upstream.UpstreamTlsException;
import io.penstock.upstream.UpstreamTlsSettings;
import io.penstock.usage.BudgetSettings;
import io.penstock.usage.Prices;
import java.net.URI;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RawTargetsTest {
    private static final long NOW = 1_000_000;

    /** Signs, as soon as it has something to sign with. */
    private static final class Signing implements ProviderType, Authorization.Signer {
        private boolean ready;

        @Override
        public String configName() {
            return "signing";
        }

        @Override
        public Authorization authorization(String key, Site site) {
            return Authorization.signed(this);
        }

        @Override
        public void sign(RequestToSign request, FieldSink fields) {
            fields.add("x-signature", request.method());
        }

        @Override
        public boolean isReady() {
            return ready;
        }
    }

    private final Signing signing = new Signing();
    private final Provider a = provider("a", signing);
    private final Policy policy = new Policy(new Router(List.of(), List.of()),
            Map.of("a", a, "b", provider("b", () -> "plain")), RetrySettings.DEFAULT,
            BudgetSettings.DEFAULT, Prices.NONE, 1024, true);
    private final AttemptLog log = new AttemptLog();
    private final RawTargets targets = new RawTargets();

    RawTargetsTest() throws UpstreamTlsException {}

    private static Provider provider(String name, ProviderType type) throws UpstreamTlsException {
        return new Provider(new ProviderSettings(name, type, URI.create("http://localhost:1/v1"),
                List.of(), List.of(), true, 1, TimeoutSettings.DEFAULT, PoolSettings.DEFAULT,
                UpstreamTlsSettings.DEFAULT));
    }

    private void beginRouted() {
        assertThat(targets.begin(policy, new Route(List.of(new TargetName("a", "m"),
                new TargetName("b", "m")), RoutePolicy.DEFAULT), false, NOW)).isTrue();
    }

    @Test
    void passesOverWhoHasNothingToSignWith() {
        beginRouted();

        assertThat(targets.next(NOW, log)).hasToString("b/m");
        assertThat(targets.next(NOW, log)).isNull();
        assertThat(log).hasToString("a/m=no_credentials");
        assertThat(log.tried()).isZero();
        signing.ready = true;
        beginRouted();
        assertThat(targets.next(NOW, log)).hasToString("a/m");
    }

    @Test
    void givesTheProbeBackOfWhomItPassesOver() {
        TargetHealth health = a.health("m");
        Trial trial = new Trial();
        for (int i = 0; i < 40; i++) {
            trial.begin(health, 0, false, NOW);
            trial.end(true, NOW);
        }
        long later = NOW + BreakerSettings.DEFAULT.openFor().toNanos();

        for (int i = 0; i < BreakerSettings.DEFAULT.halfOpenProbes() + 1; i++) {
            beginRouted();
            assertThat(targets.next(later, log)).hasToString("b/m");
        }
        signing.ready = true;
        beginRouted();
        assertThat(targets.next(later, log)).hasToString("a/m");
    }

    @Test
    void givesTheOnlyOneOnceAndOnlyIfItHasSomethingToSignWith() {
        targets.begin(policy, new TargetName("a", "files"));
        assertThat(targets.next(NOW, log)).isNull();
        assertThat(log).hasToString("a/files=no_credentials");

        signing.ready = true;
        targets.begin(policy, new TargetName("a", "files"));
        assertThat(targets.next(NOW, log)).hasToString("a/files");
        assertThat(targets.next(NOW, log)).isNull();
    }
}
