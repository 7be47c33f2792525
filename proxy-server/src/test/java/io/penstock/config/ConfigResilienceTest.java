package io.penstock.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.exchange.call.RetrySettings;
import io.penstock.route.Midstream;
import io.penstock.route.Resilience;
import io.penstock.route.RoutePolicy;
import io.penstock.route.RouteSettings;
import io.penstock.route.TargetTimeouts;
import io.penstock.route.WaitSettings;
import io.penstock.upstream.TimeoutSettings;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Presets, and the single settings that take the place of what they say. */
class ConfigResilienceTest {
    private static final String PROVIDER = """
            providers:
              - {name: p, type: vllm, models: [m]}
              - {name: q, type: vllm, models: [m], timeouts: {head: 1s, gap: 7s}}
            """;
    private static final Duration TEN_SECONDS = Duration.ofSeconds(10);

    @TempDir
    Path directory;

    private Settings load(String text) throws ConfigException {
        return new ConfigFixture(directory, PROVIDER + text).settings();
    }

    private static TargetTimeouts timeouts(RouteSettings route, int target) {
        return route.targets().get(target).terms().timeouts();
    }

    @Test
    void standardIsWhatHoldsWithoutAPreset() throws ConfigException {
        TargetTimeouts standard = Resilience.STANDARD.timeouts();
        TimeoutSettings usual = TimeoutSettings.DEFAULT;

        assertThat(usual.with(null, null, standard.head(), standard.headOfUnary(),
                standard.firstContent(), standard.gap(), standard.total())).isEqualTo(usual);
        assertThat(Resilience.STANDARD.midstream()).isEqualTo(RoutePolicy.DEFAULT.midstream());
        assertThat(Resilience.STANDARD.waits()).isEqualTo(new WaitSettings(
                RetrySettings.DEFAULT.waitForRetryAfter(), WaitSettings.DEFAULT.alone()));
        assertThat(load("").unrouted()).isEqualTo(RoutePolicy.DEFAULT);
        assertThat(load("resilience: standard\n")).isEqualTo(load(""));
    }

    @Test
    void ofAllRoutesHoldsForProvidersAndForModelsWithoutARoute() throws ConfigException {
        Settings settings = load("""
                resilience: interactive
                routes: [{model: r, targets: [p/m, q/m]}]
                """);

        TimeoutSettings usual = TimeoutSettings.DEFAULT;
        assertThat(settings.providers().get(0).timeouts()).isEqualTo(new TimeoutSettings(
                usual.connect(), usual.tls(), TEN_SECONDS, null, TEN_SECONDS, TEN_SECONDS,
                usual.total()));
        assertThat(settings.providers().get(1).timeouts()).isEqualTo(new TimeoutSettings(
                usual.connect(), usual.tls(), Duration.ofSeconds(1), Duration.ofSeconds(1),
                TEN_SECONDS, Duration.ofSeconds(7), usual.total()));
        assertThat(timeouts(settings.routes().get(0), 0)).isNull();
        assertThat(settings.routes().get(0).policy()).isEqualTo(settings.unrouted());
        assertThat(settings.unrouted()).isEqualTo(Resilience.INTERACTIVE.policy());
        assertThat(settings.unrouted().midstream()).isEqualTo(Midstream.CONTINUE);
    }

    @Test
    void ofARouteFillsInWhatNeitherTargetNorProviderSays() throws ConfigException {
        RouteSettings route = load("""
                routes:
                  - model: r
                    resilience: interactive
                    targets: [p/m, q/m, {target: q/n, timeouts: {gap: 3s, first_byte: 4s}}]
                """).routes().get(0);

        Duration total = TimeoutSettings.DEFAULT.total();
        assertThat(timeouts(route, 0)).isEqualTo(new TargetTimeouts(null, null, TEN_SECONDS, null,
                TEN_SECONDS, TEN_SECONDS, total));
        assertThat(timeouts(route, 1)).isEqualTo(new TargetTimeouts(null, null,
                Duration.ofSeconds(1), null, TEN_SECONDS, Duration.ofSeconds(7), total));
        assertThat(timeouts(route, 2)).isEqualTo(new TargetTimeouts(null, null,
                Duration.ofSeconds(4), Duration.ofSeconds(4), Duration.ofSeconds(4),
                Duration.ofSeconds(3), total));
        assertThat(route.policy()).isEqualTo(Resilience.INTERACTIVE.policy());
    }

    @Test
    void ofARouteTakesThePlaceOfThatOfAllRoutes() throws ConfigException {
        RouteSettings route = load("""
                resilience: patient
                routes: [{model: r, resilience: standard, targets: [p/m]}]
                """).routes().get(0);

        assertThat(timeouts(route, 0)).isEqualTo(Resilience.STANDARD.timeouts());
        assertThat(route.policy()).isEqualTo(RoutePolicy.DEFAULT);
    }

    @Test
    void leavesSingleSettingsInForce() throws ConfigException {
        Settings settings = load("""
                resilience: patient
                routes:
                  - {model: r, resilience: interactive, midstream: error, targets: [p/m]}
                  - {model: s, midstream: continue, targets: [p/m]}
                retry: {wait_for_retry_after: 3s}
                """);

        RoutePolicy first = settings.routes().get(0).policy();
        assertThat(first.midstream()).isEqualTo(Midstream.ERROR);
        assertThat(first.waits()).isEqualTo(new WaitSettings(null, TEN_SECONDS));
        RoutePolicy second = settings.routes().get(1).policy();
        assertThat(second.midstream()).isEqualTo(Midstream.CONTINUE);
        assertThat(second.waits()).isEqualTo(new WaitSettings(null, Duration.ofMinutes(2)));
        assertThat(settings.retry().waitForRetryAfter()).isEqualTo(Duration.ofSeconds(3));
    }
}
