package io.penstock.bench;

import java.util.Arrays;

/** The median of several rounds' values, with the least and the greatest; NaN without values. */
record Spread(double median, double min, double max) {
    /** Of those values that are numbers. */
    static Spread of(double... values) {
        double[] sorted = Arrays.stream(values).filter(Double::isFinite).sorted().toArray();
        if (sorted.length == 0) {
            return new Spread(Double.NaN, Double.NaN, Double.NaN);
        }
        int middle = sorted.length / 2;
        double median = sorted.length % 2 == 1
                ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Spread(median, sorted[0], sorted[sorted.length - 1]);
    }

    boolean isKnown() {
        return !Double.isNaN(median);
    }
}
