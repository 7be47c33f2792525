package io.penstock.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The rounds of several endpoints that took turns. Ratios and differences are taken within a round,
 * where both sides met the same machine, and only then is their median taken.
 */
final class Comparison {
    private final Map<Endpoint, List<Round>> rounds = new LinkedHashMap<>();
    private final Endpoint reference;
    private final Endpoint direct; // null: there is none

    /** {@code direct}, unless null, is the upstream itself, which the others stand in front of. */
    Comparison(Endpoint direct, List<Endpoint> endpoints) {
        this.direct = direct;
        this.reference = endpoints.get(0);
        if (direct != null) {
            rounds.put(direct, new ArrayList<>());
        }
        endpoints.forEach(endpoint -> rounds.put(endpoint, new ArrayList<>()));
    }

    /** All endpoints in the order of a round, the direct one first. */
    List<Endpoint> endpoints() {
        return List.copyOf(rounds.keySet());
    }

    void add(Endpoint endpoint, Round round) {
        rounds.get(endpoint).add(round);
    }

    List<Round> rounds(Endpoint endpoint) {
        return List.copyOf(rounds.get(endpoint));
    }

    /** The endpoint that the others are compared with. */
    Endpoint reference() {
        return reference;
    }

    Endpoint direct() {
        return direct;
    }

    /** The rounds' recordings in one. */
    Recording whole(Endpoint endpoint) {
        Recording whole = new Recording();
        rounds.get(endpoint).forEach(round -> whole.add(round.recording()));
        return whole;
    }

    double[] values(Endpoint endpoint, Metric metric) {
        return rounds.get(endpoint).stream().mapToDouble(metric::of).toArray();
    }

    Spread value(Endpoint endpoint, Metric metric) {
        return Spread.of(values(endpoint, metric));
    }

    /** The endpoint's value as a multiple of the reference's. */
    Spread ratio(Endpoint endpoint, Metric metric) {
        double[] own = values(endpoint, metric);
        double[] theirs = values(reference, metric);
        double[] ratios = new double[Math.min(own.length, theirs.length)];
        for (int i = 0; i < ratios.length; i++) {
            ratios[i] = theirs[i] == 0 ? Double.NaN : own[i] / theirs[i];
        }
        return Spread.of(ratios);
    }

    /** What the endpoint adds to the direct one's value; unknown without one. */
    Spread added(Endpoint endpoint, Metric metric) {
        if (direct == null) {
            return Spread.of();
        }
        double[] own = values(endpoint, metric);
        double[] theirs = values(direct, metric);
        double[] added = new double[Math.min(own.length, theirs.length)];
        for (int i = 0; i < added.length; i++) {
            added[i] = own[i] - theirs[i];
        }
        return Spread.of(added);
    }

    /** Whether any endpoint has such a figure. */
    boolean isKnown(Metric metric) {
        return endpoints().stream().anyMatch(endpoint -> value(endpoint, metric).isKnown());
    }
}
