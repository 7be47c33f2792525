package io.penstock.bench;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** Draws the plots of a report as SVG; colours are classes {@code c0} to {@code c7} of the page. */
final class Plot {
    private static final int WIDTH = 720;
    private static final int HEIGHT = 320;
    private static final int LEFT = 78;
    private static final int RIGHT = 18;
    private static final int TOP = 14;
    private static final int BOTTOM = 38;
    private static final int ROW = 26;
    private static final int LABELS = 250;
    private static final int COLOURS = 8;
    private static final int POINTS_PER_DECADE = 24;
    private static final double MAX_NINES = 5;

    private Plot() {}

    /** Time against percentile, both logarithmic: each step to the right is another nine. */
    static String percentiles(Map<String, Histogram> histograms) {
        double least = Double.MAX_VALUE;
        double greatest = 1;
        long most = 0;
        for (Histogram histogram : histograms.values()) {
            most = Math.max(most, histogram.getTotalCount());
            least = Math.min(least, Math.max(1, histogram.getValueAtPercentile(0)));
            greatest = Math.max(greatest, histogram.getMaxValue());
        }
        double nines = Math.max(1, Math.min(MAX_NINES, Math.log10(Math.max(10, most))));
        double low = Math.floor(Math.log10(least));
        double high = Math.max(low + 1, Math.ceil(Math.log10(greatest)));
        StringBuilder svg = open(HEIGHT);
        for (int decade = (int) low; decade <= high; decade++) {
            double y = y(decade, low, high);
            grid(svg, LEFT, y, WIDTH - RIGHT, y);
            label(svg, LEFT - 8, y + 4, "end",
                    Figure.of(Math.pow(10, decade), Metric.Unit.NANOS));
        }
        for (int nine = 0; nine <= nines; nine++) {
            double x = LEFT + nine / nines * (WIDTH - LEFT - RIGHT);
            grid(svg, x, TOP, x, HEIGHT - BOTTOM);
            label(svg, x, HEIGHT - BOTTOM + 18, "middle",
                    nine == 0 ? "0" : "p" + Figure.plain(rounded(100 - 100 * Math.pow(10, -nine))));
        }
        int colour = 0;
        for (Map.Entry<String, Histogram> entry : histograms.entrySet()) {
            svg.append("<polyline class=\"line ").append(colour(colour++)).append("\" points=\"");
            Histogram histogram = entry.getValue();
            double end = Math.min(nines, Math.log10(Math.max(1, histogram.getTotalCount())));
            for (double at = 0; at <= end; at += 1.0 / POINTS_PER_DECADE) {
                double value = histogram.getValueAtPercentile(100 - 100 * Math.pow(10, -at));
                point(svg, LEFT + at / nines * (WIDTH - LEFT - RIGHT),
                        y(Math.log10(Math.max(1, value)), low, high));
            }
            svg.append("\"><title>").append(HtmlReport.escaped(entry.getKey()))
                    .append("</title></polyline>\n");
        }
        return close(svg);
    }

    /** Medians as multiples of the reference, with whiskers to the least and the greatest. */
    static String ratios(Comparison comparison, List<Metric> metrics) {
        List<Endpoint> endpoints = comparison.endpoints();
        double reach = 1.25;
        for (Metric metric : metrics) {
            for (Endpoint endpoint : endpoints) {
                Spread ratio = comparison.ratio(endpoint, metric);
                if (ratio.isKnown() && ratio.min() > 0) {
                    reach = Math.max(reach, Math.max(ratio.max(), 1 / ratio.min()));
                }
            }
        }
        double span = Math.log(Math.min(reach, 100));
        int height = TOP + metrics.size() * ROW + BOTTOM;
        StringBuilder svg = open(height);
        for (double at : new double[] {-1, -0.5, 0, 0.5, 1}) {
            double x = ratioX(Math.exp(at * span), span);
            grid(svg, x, TOP, x, height - BOTTOM);
            label(svg, x, height - BOTTOM + 18, "middle",
                    String.format(Locale.ROOT, "× %.2f", Math.exp(at * span)));
        }
        for (int row = 0; row < metrics.size(); row++) {
            Metric metric = metrics.get(row);
            double middle = TOP + row * ROW + ROW / 2.0;
            label(svg, LABELS - 12, middle + 4, "end", metric.label);
            for (int i = 0; i < endpoints.size(); i++) {
                Spread ratio = comparison.ratio(endpoints.get(i), metric);
                if (!ratio.isKnown() || ratio.min() <= 0
                        || endpoints.get(i).equals(comparison.reference())) {
                    continue;
                }
                double y = middle + (i - (endpoints.size() - 1) / 2.0) * 6;
                svg.append(String.format(Locale.ROOT,
                        "<g class=\"%s\"><line class=\"line\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\""
                        + " y2=\"%.1f\"/><circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>"
                        + "<title>%s: %s</title></g>%n",
                        colour(i), ratioX(ratio.min(), span), ratioX(ratio.max(), span), y, y,
                        ratioX(ratio.median(), span), y,
                        HtmlReport.escaped(endpoints.get(i).name()), Figure.ratio(ratio)));
            }
        }
        return close(svg);
    }

    /** One figure, round by round: whether the machine stood still meanwhile. */
    static String rounds(Comparison comparison, Metric metric) {
        double greatest = 0;
        int rounds = 1;
        for (Endpoint endpoint : comparison.endpoints()) {
            double[] values = comparison.values(endpoint, metric);
            rounds = Math.max(rounds, values.length);
            Spread spread = Spread.of(values);
            greatest = spread.isKnown() ? Math.max(greatest, spread.max()) : greatest;
        }
        double high = greatest == 0 ? 1 : greatest * 1.1;
        StringBuilder svg = open(HEIGHT);
        for (int i = 0; i <= 4; i++) {
            double y = y(high * i / 4, 0, high);
            grid(svg, LEFT, y, WIDTH - RIGHT, y);
            label(svg, LEFT - 8, y + 4, "end", Figure.of(high * i / 4, metric.unit));
        }
        double step = (WIDTH - LEFT - RIGHT) / (double) rounds;
        for (int round = 0; round < rounds; round++) {
            label(svg, LEFT + (round + 0.5) * step, HEIGHT - BOTTOM + 18, "middle",
                    "round " + (round + 1));
        }
        int colour = 0;
        for (Endpoint endpoint : comparison.endpoints()) {
            double[] values = comparison.values(endpoint, metric);
            svg.append("<g class=\"").append(colour(colour++))
                    .append("\"><polyline class=\"line\" points=\"");
            StringBuilder dots = new StringBuilder();
            for (int round = 0; round < values.length; round++) {
                if (!Double.isNaN(values[round])) {
                    double x = LEFT + (round + 0.5) * step;
                    double y = y(values[round], 0, high);
                    point(svg, x, y);
                    dots.append(String.format(Locale.ROOT,
                            "<circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\">"
                            + "<title>%s, round %d: %s</title></circle>", x, y,
                            HtmlReport.escaped(endpoint.name()), round + 1,
                            Figure.of(values[round], metric.unit)));
                }
            }
            svg.append("\"/>").append(dots).append("</g>\n");
        }
        return close(svg);
    }

    /** The class of the n-th endpoint's colour. */
    static String colour(int n) {
        return "c" + n % COLOURS;
    }

    private static double ratioX(double ratio, double span) {
        double at = Math.max(-1, Math.min(1, Math.log(ratio) / span));
        return LABELS + (at + 1) / 2 * (WIDTH - LABELS - 2 * RIGHT);
    }

    private static double y(double value, double low, double high) {
        double at = (value - low) / (high - low);
        return HEIGHT - BOTTOM - at * (HEIGHT - BOTTOM - TOP);
    }

    private static double rounded(double percentile) {
        return Math.rint(percentile * 1000) / 1000;
    }

    private static StringBuilder open(int height) {
        return new StringBuilder("<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\"")
                .append(" viewBox=\"0 0 ").append(WIDTH).append(' ').append(height).append("\">\n");
    }

    private static String close(StringBuilder svg) {
        return svg.append("</svg>\n").toString();
    }

    private static void point(StringBuilder svg, double x, double y) {
        svg.append(String.format(Locale.ROOT, "%.1f,%.1f ", x, y));
    }

    private static void grid(StringBuilder svg, double x1, double y1, double x2, double y2) {
        svg.append(String.format(Locale.ROOT,
                "<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>%n",
                x1, y1, x2, y2));
    }

    private static void label(StringBuilder svg, double x, double y, String anchor, String text) {
        svg.append(String.format(Locale.ROOT,
                "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>%n",
                x, y, anchor, HtmlReport.escaped(text)));
    }
}
