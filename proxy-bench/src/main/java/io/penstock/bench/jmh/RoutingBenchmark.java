package io.penstock.bench.jmh;

import io.penstock.provider.ProviderTypes;
import io.penstock.route.HoldSettings;
import io.penstock.route.Midstream;
import io.penstock.route.Route;
import io.penstock.route.Route.TargetName;
import io.penstock.route.RoutePolicy;
import io.penstock.route.Strategy;
import io.penstock.route.TargetFigures;
import io.penstock.route.TargetOrder;
import io.penstock.upstream.KeySettings;
import io.penstock.upstream.PoolSettings;
import io.penstock.upstream.Provider;
import io.penstock.upstream.ProviderSettings;
import io.penstock.upstream.TargetHealth;
import io.penstock.upstream.TimeoutSettings;
import io.penstock.upstream.Trial;
import io.penstock.upstream.UpstreamTlsException;
import io.penstock.upstream.UpstreamTlsSettings;
import java.net.URI;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Threads;

/** Choosing among three targets, and what one attempt leaves in the books of its target. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class RoutingBenchmark {
    private static final List<TargetName> TARGETS = List.of(new TargetName("p", "a"),
            new TargetName("p", "b"), new TargetName("p", "c"));

    /** What the whole process has. */
    @State(Scope.Benchmark)
    public static class Process {
        private TargetHealth[] healths;

        @Setup
        public void start() throws UpstreamTlsException {
            Provider provider = new Provider(new ProviderSettings("p", ProviderTypes.OPENAI,
                    URI.create("http://localhost:1/v1"), List.of(new KeySettings("key", 1)),
                    List.of("*"), true, 1, TimeoutSettings.DEFAULT, PoolSettings.DEFAULT,
                    UpstreamTlsSettings.DEFAULT));
            healths = TARGETS.stream().map(target -> provider.health(target.model()))
                    .toArray(TargetHealth[]::new);
        }
    }

    /** A strategy, or affinity. */
    @State(Scope.Benchmark)
    public static class Choice {
        @Param({"PRIORITY", "WEIGHTED", "LEAST_LATENCY", "LEAST_BUSY", "affinity"})
        public String by;
        private Route route;
        private long affinity;

        @Setup
        public void route() {
            boolean hashes = by.equals("affinity");
            affinity = hashes ? 1 : TargetOrder.NO_AFFINITY;
            route = new Route(TARGETS, new RoutePolicy(
                    hashes ? Strategy.PRIORITY : Strategy.valueOf(by), null, null,
                    Midstream.ERROR, HoldSettings.DEFAULT, false));
        }
    }

    /** What each event loop has. */
    @State(Scope.Thread)
    public static class Loop implements TargetFigures {
        private final TargetOrder order = new TargetOrder();
        private final Trial trial = new Trial();
        private TargetHealth[] healths;
        private long nowNanos;

        @Setup
        public void start(Process process) {
            healths = process.healths;
        }

        @Override
        public boolean isReady(int target) {
            return healths[target].isPassable(nowNanos);
        }

        @Override
        public int inFlight(int target) {
            return healths[target].inFlight();
        }

        @Override
        public double latencyNanos(int target) {
            return healths[target].averageNanos(true);
        }

        @Override
        public long latencyAgeNanos(int target) {
            return healths[target].ageNanos(true, nowNanos);
        }

        private void attempt(int target) {
            nowNanos += 10_000;
            TargetHealth health = healths[target];
            trial.begin(health, health.tryPass(nowNanos), true, nowNanos);
            trial.onGood(300_000_000 + (nowNanos & 0xfffff), nowNanos);
            trial.end(false, nowNanos);
        }
    }

    /** Choosing, and the whole of an attempt. */
    @Benchmark
    public int chooseAndAttempt(Choice choice, Loop loop) {
        loop.order.arrange(choice.route, loop, choice.affinity);
        int first = loop.order.at(0);
        loop.attempt(first);
        return first;
    }

    /** Passing the breaker, beginning, first content and the end. */
    @Benchmark
    public void attempt(Loop loop) {
        loop.attempt(0);
    }

    /** The same on two event loops that ask one target. */
    @Benchmark
    @Threads(2)
    public void attemptOnTwoLoops(Loop loop) {
        loop.attempt(0);
    }

    /** What a hedge goes by. */
    @Benchmark
    public long percentile(Loop loop) {
        if (loop.nowNanos == 0) {
            for (int i = 0; i < 1000; i++) {
                loop.attempt(0);
            }
        }
        return loop.healths[0].firstContentNanos(0.95, true, loop.nowNanos);
    }
}
