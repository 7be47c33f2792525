package io.penstock.bench;

import java.util.Locale;

/** Numbers as people read them: three significant digits and a unit. */
final class Figure {
    private static final String[] NANOS = {"ns", "µs", "ms", "s"};
    private static final String[] BYTES = {"B", "KiB", "MiB", "GiB", "TiB"};

    private Figure() {}

    static String of(double value, Metric.Unit unit) {
        if (!Double.isFinite(value)) {
            return "-";
        }
        return switch (unit) {
            case NANOS -> scaled(value, 1000, NANOS);
            case MICROS -> digits(value) + " µs";
            case BYTES -> scaled(value, 1024, BYTES);
            case NUMBER -> digits(value);
        };
    }

    static String of(Spread spread, Metric.Unit unit) {
        if (!spread.isKnown()) {
            return "-";
        }
        String median = of(spread.median(), unit);
        return spread.min() == spread.max() ? median
                : median + " (" + of(spread.min(), unit) + " – " + of(spread.max(), unit) + ")";
    }

    static String ratio(Spread spread) {
        return !spread.isKnown() ? "-" : String.format(Locale.ROOT, "× %.2f (%.2f – %.2f)",
                spread.median(), spread.min(), spread.max());
    }

    /** Without a fraction where there is none. */
    static String plain(double value) {
        return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
    }

    private static String scaled(double value, double step, String[] units) {
        double left = value;
        int unit = 0;
        while (Math.abs(left) >= step && unit < units.length - 1) {
            left /= step;
            unit++;
        }
        return digits(left) + " " + units[unit];
    }

    private static String digits(double value) {
        double size = Math.abs(value);
        if (size >= 100 || value == Math.rint(value)) {
            return String.format(Locale.ROOT, "%.0f", value);
        }
        return String.format(Locale.ROOT, size >= 10 ? "%.1f" : size >= 0.1 ? "%.2f" : "%.3f",
                value);
    }
}
