package io.penstock.route;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.route.Route.TargetName;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TargetOrderTest {
    private static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);

    private final TargetOrder order = new TargetOrder();
    private final Figures figures = new Figures();

    /** Figures to set. */
    private static final class Figures implements TargetFigures {
        final boolean[] out = new boolean[8];
        final int[] inFlight = new int[8];
        final double[] latency = new double[8];
        final long[] age = new long[8];

        @Override
        public boolean isReady(int target) {
            return !out[target];
        }

        @Override
        public int inFlight(int target) {
            return inFlight[target];
        }

        @Override
        public double latencyNanos(int target) {
            return latency[target];
        }

        @Override
        public long latencyAgeNanos(int target) {
            return age[target];
        }
    }

    private static Route route(Strategy strategy, int... weights) {
        List<TargetName> targets = new ArrayList<>();
        List<TargetTerms> terms = new ArrayList<>();
        for (int weight : weights) {
            targets.add(new TargetName("p" + targets.size(), "m"));
            terms.add(new TargetTerms(weight, TargetTerms.UNBOUNDED, null));
        }
        return new Route(targets, terms, new RoutePolicy(strategy, null, null, Midstream.ERROR,
                HoldSettings.DEFAULT, false));
    }

    private List<Integer> arrange(Route route, long affinity) {
        order.arrange(route, figures, affinity);
        List<Integer> places = new ArrayList<>();
        for (int i = 0; i < order.count(); i++) {
            places.add(order.at(i));
        }
        return places;
    }

    private List<Integer> arrange(Route route) {
        return arrange(route, TargetOrder.NO_AFFINITY);
    }

    private List<Integer> firsts(Route route, int calls) {
        List<Integer> firsts = new ArrayList<>();
        for (int i = 0; i < calls; i++) {
            firsts.add(arrange(route).get(0));
        }
        return firsts;
    }

    @Test
    void keepsTheOrderOfTheConfigurationWhateverItsTargetsDo() {
        figures.out[0] = true;
        figures.inFlight[1] = 99;

        assertThat(arrange(route(Strategy.PRIORITY, 1, 2, 3))).containsExactly(0, 1, 2);
    }

    @ParameterizedTest
    @EnumSource(Strategy.class)
    void hasNothingToChooseFromOne(Strategy strategy) {
        figures.out[0] = true;

        assertThat(arrange(route(strategy, 1))).containsExactly(0);
        assertThat(arrange(route(strategy, 1), 17)).containsExactly(0);
    }

    @ParameterizedTest
    @EnumSource(value = Strategy.class, names = "PRIORITY", mode = EnumSource.Mode.EXCLUDE)
    void givesEachOnceAndThoseThatAreOutLast(Strategy strategy) {
        figures.out[1] = true;
        figures.out[2] = true;
        for (long affinity = 0; affinity < 50; affinity++) {
            List<Integer> places = arrange(route(strategy, 5, 5, 5, 1), affinity);

            assertThat(places).containsExactlyInAnyOrder(0, 1, 2, 3);
            assertThat(places.subList(2, 4)).containsExactlyInAnyOrder(1, 2);
        }
    }

    // By weight

    @Test
    void takesTurnsByWeightSmoothly() {
        assertThat(firsts(route(Strategy.WEIGHTED, 5, 1, 1), 14))
                .containsExactly(0, 0, 1, 0, 2, 0, 0, 0, 0, 1, 0, 2, 0, 0);
    }

    @Test
    void putsTheOthersBehindByWeight() {
        Route route = route(Strategy.WEIGHTED, 1, 3, 2, 3);

        assertThat(arrange(route)).containsExactly(1, 3, 2, 0);
        assertThat(arrange(route)).containsExactly(3, 1, 2, 0);
        assertThat(arrange(route)).containsExactly(2, 1, 3, 0);
    }

    @Test
    void givesTheTurnsOfOneThatIsOutToTheOthersByTheirWeights() {
        figures.out[0] = true;
        Route route = route(Strategy.WEIGHTED, 6, 2, 1);

        List<Integer> firsts = firsts(route, 300);

        assertThat(Collections.frequency(firsts, 1)).isEqualTo(200);
        assertThat(Collections.frequency(firsts, 2)).isEqualTo(100);
        figures.out[0] = false;
        firsts = firsts(route, 900);
        assertThat(Collections.frequency(firsts, 0)).as("and makes up for nothing").isEqualTo(600);
    }

    @Test
    void takesTurnsAmongAllWhereAllAreOut() {
        figures.out[0] = true;
        figures.out[1] = true;

        assertThat(Collections.frequency(firsts(route(Strategy.WEIGHTED, 3, 1), 40), 0))
                .isEqualTo(30);
    }

    @Test
    void sharesTheTurnsOfAllNamesOfARoute() {
        Route star = new Route(List.of(new TargetName("a", "*"), new TargetName("b", "*")),
                route(Strategy.WEIGHTED, 1).policy());

        assertThat(arrange(star.named("x")).get(0)).isEqualTo(0);
        assertThat(arrange(star.named("y")).get(0)).isEqualTo(1);
        assertThat(star.named("y").targets()).hasToString("[a/y, b/y]");
    }

    // By latency

    @Test
    void takesTheQuickestForItsCallsInFlight() {
        figures.latency[0] = 300 * MILLI;
        figures.latency[1] = 200 * MILLI;
        figures.latency[2] = 900 * MILLI;
        Route route = route(Strategy.LEAST_LATENCY, 1, 1, 1);
        assertThat(arrange(route)).containsExactly(1, 0, 2);

        figures.inFlight[1] = 1;
        assertThat(arrange(route)).containsExactly(0, 1, 2);
        figures.inFlight[0] = 3;
        figures.inFlight[1] = 5;
        assertThat(arrange(route)).containsExactly(2, 0, 1);
    }

    @Test
    void triesOneThatItKnowsNothingOfButNotWithManyAtOnce() {
        figures.latency[0] = 300 * MILLI;
        figures.inFlight[0] = 40;
        Route route = route(Strategy.LEAST_LATENCY, 1, 1);
        assertThat(arrange(route)).containsExactly(1, 0);

        figures.inFlight[1] = 1;
        assertThat(arrange(route)).containsExactly(0, 1);
    }

    @Test
    void looksNowAndThenAtOneThatHasNotBeenHeardOf() {
        figures.latency[0] = 100 * MILLI;
        figures.latency[1] = 5000 * MILLI;
        figures.latency[2] = 9000 * MILLI;
        Route route = route(Strategy.LEAST_LATENCY, 1, 1, 1);
        int calls = 10 * Rotation.EXPLORING_ONE_IN;
        assertThat(firsts(route, calls)).containsOnly(0);

        figures.age[1] = Rotation.STALE_NANOS;
        figures.age[2] = 2 * Rotation.STALE_NANOS;
        assertThat(Collections.frequency(firsts(route, calls), 2)).isEqualTo(10);
        figures.out[2] = true;
        assertThat(Collections.frequency(firsts(route, calls), 1)).isEqualTo(10);
        assertThat(firsts(route, calls)).doesNotContain(2);
    }

    // By calls in flight

    @Test
    void takesTheLeastBusyForItsWeight() {
        Route route = route(Strategy.LEAST_BUSY, 1, 4, 2);
        assertThat(arrange(route)).containsExactly(0, 1, 2);

        figures.inFlight[0] = 1;
        figures.inFlight[1] = 3;
        assertThat(arrange(route)).containsExactly(2, 1, 0);
        figures.inFlight[2] = 2;
        assertThat(arrange(route)).containsExactly(1, 0, 2);
    }

    // By affinity

    private Map<Integer, Integer> firstsByValue(Route route, int values) {
        Map<Integer, Integer> firsts = new TreeMap<>();
        for (int i = 0; i < values; i++) {
            firsts.merge(arrange(route, TargetOrder.affinity("user-" + i)).get(0), 1,
                    Integer::sum);
        }
        return firsts;
    }

    @Test
    void keepsAValueOnItsTarget() {
        Route route = route(Strategy.WEIGHTED, 1, 1, 1);
        for (int i = 0; i < 100; i++) {
            long affinity = TargetOrder.affinity("session-" + i);
            List<Integer> places = arrange(route, affinity);

            assertThat(arrange(route, affinity)).isEqualTo(places);
            assertThat(new TargetOrderTest().arrange(route(Strategy.PRIORITY, 1, 1, 1), affinity))
                    .as("wherever it is asked").isEqualTo(places);
        }
    }

    @Test
    void spreadsValuesByWeight() {
        Map<Integer, Integer> firsts = firstsByValue(route(Strategy.PRIORITY, 1, 2, 5), 8000);

        assertThat(firsts.get(0)).isBetween(900, 1100);
        assertThat(firsts.get(1)).isBetween(1850, 2150);
        assertThat(firsts.get(2)).isBetween(4800, 5200);
    }

    @Test
    void movesOnlyTheValuesOfTheOneThatGoes() {
        Route route = route(Strategy.PRIORITY, 1, 1, 1, 1);
        List<List<Integer>> before = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            before.add(arrange(route, TargetOrder.affinity("s" + i)));
        }
        figures.out[2] = true;
        for (int i = 0; i < 200; i++) {
            List<Integer> places = new ArrayList<>(before.get(i));
            places.remove((Integer) 2);
            places.add(2);
            assertThat(arrange(route, TargetOrder.affinity("s" + i))).isEqualTo(places);
        }
    }

    @Test
    void passesByATargetMarkedlyBusierThanTheOthers() {
        Route route = route(Strategy.PRIORITY, 1, 1);
        long affinity = TargetOrder.affinity("s");
        int home = arrange(route, affinity).get(0);

        figures.inFlight[home] = 10; // of 10: a fair share is 5
        assertThat(arrange(route, affinity).get(0)).isEqualTo(home);
        figures.inFlight[home] = 11;
        assertThat(arrange(route, affinity).get(0)).isEqualTo(1 - home);
        figures.inFlight[1 - home] = 9;
        assertThat(arrange(route, affinity).get(0)).isEqualTo(home);
        Arrays.fill(figures.inFlight, 1000);
        assertThat(arrange(route, affinity).get(0)).isEqualTo(home);
    }

    @Test
    void hashesNoValueToNone() {
        assertThat(TargetOrder.affinity("")).isNotEqualTo(TargetOrder.NO_AFFINITY);
        assertThat(TargetOrder.affinity("a")).isNotEqualTo(TargetOrder.affinity("b"));
    }
}
