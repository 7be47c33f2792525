package io.penstock.exchange.failover;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.exchange.call.AttemptLog;
import io.penstock.exchange.call.Candidate;
import io.penstock.exchange.call.Policy;
import io.penstock.exchange.call.RetrySettings;
import io.penstock.provider.ProviderTypes;
import io.penstock.route.Route.TargetName;
import io.penstock.route.Router;
import io.penstock.upstream.Backoff;
import io.penstock.upstream.KeySettings;
import io.penstock.upstream.PoolSettings;
import io.penstock.upstream.Provider;
import io.penstock.upstream.ProviderSettings;
import io.penstock.upstream.RetryAfter;
import io.penstock.upstream.TimeoutSettings;
import io.penstock.upstream.UpstreamTlsException;
import io.penstock.upstream.UpstreamTlsSettings;
import io.penstock.usage.BudgetSettings;
import io.penstock.usage.Prices;
import java.net.URI;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OneTargetTest {
    private static final long NOW = 1_000_000;

    private final Provider provider = new Provider(new ProviderSettings("a",
            ProviderTypes.OPENAI, URI.create("http://localhost:1/v1"),
            List.of(new KeySettings("key", 1)), List.of(), true, 1, TimeoutSettings.DEFAULT,
            PoolSettings.DEFAULT, UpstreamTlsSettings.DEFAULT));
    private final Policy policy = new Policy(new Router(List.of(), List.of()),
            Map.of("a", provider), RetrySettings.DEFAULT, BudgetSettings.DEFAULT, Prices.NONE,
            1024, true);
    private final AttemptLog log = new AttemptLog();
    private final OneTarget targets = new OneTarget(policy, new TargetName("a", "files"));

    OneTargetTest() throws UpstreamTlsException {}

    private void rest(boolean byProvidersWord) {
        provider.keys().rest(provider.keys().keys().get(0), "files",
                new Backoff(Backoff.Scope.KEY, 10, byProvidersWord, RetryAfter.NONE), NOW);
    }

    @Test
    void givesItsTargetOnceAndAsOftenAsItIsAskedAgain() {
        Candidate only = targets.next(NOW, log);

        assertThat(only.target()).hasToString("a/files");
        assertThat(targets.next(NOW, log)).isNull();
        assertThat(targets.again(only, NOW)).isEqualTo(only);
        assertThat(targets.isAnotherLeft()).isFalse();
    }

    @Test
    void countsForNoTargetsHealth() {
        assertThat(targets.next(NOW, log).health()).isNull();
    }

    @Test
    void passesOverAKeyThatRestsByItsProvidersWord() {
        rest(true);

        assertThat(targets.next(NOW, log)).isNull();
        assertThat(log).hasToString("a/files=cooldown");
        assertThat(targets.readyInNanos(NOW)).isEqualTo(10);
    }

    @Test
    void asksAKeyWhoseRestIsOnlyAGuess() {
        rest(false);

        assertThat(targets.next(NOW, log)).isNotNull();
    }
}
