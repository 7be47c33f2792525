package io.penstock.bench;

import java.util.ArrayList;
import java.util.List;

/** The figures as a table: a line per figure, a column per endpoint. */
final class TextReport {
    private TextReport() {}

    static String of(Comparison comparison) {
        List<Endpoint> endpoints = comparison.endpoints();
        StringBuilder out = new StringBuilder();
        out.append("Medians over rounds (least – greatest)\n");
        List<List<String>> values = new ArrayList<>();
        values.add(heading("figure", endpoints));
        for (Metric metric : Metric.values()) {
            if (comparison.isKnown(metric)) {
                List<String> row = new ArrayList<>(List.of(metric.label));
                endpoints.forEach(each ->
                        row.add(Figure.of(comparison.value(each, metric), metric.unit)));
                values.add(row);
            }
        }
        append(out, values);
        if (endpoints.size() > 1) {
            out.append("\nMultiples of ").append(comparison.reference().name()).append('\n');
            append(out, ratios(comparison));
        }
        if (comparison.direct() != null) {
            out.append("\nAdded to ").append(comparison.direct().name()).append('\n');
            append(out, added(comparison));
        }
        appendFailures(out, comparison);
        return out.toString();
    }

    private static List<List<String>> ratios(Comparison comparison) {
        List<Endpoint> others = new ArrayList<>(comparison.endpoints());
        others.remove(comparison.reference());
        List<List<String>> rows = new ArrayList<>();
        rows.add(heading("figure", others));
        for (Metric metric : Metric.values()) {
            if (metric.isCompared()
                    && comparison.value(comparison.reference(), metric).isKnown()) {
                List<String> row = new ArrayList<>(List.of(metric.label));
                others.forEach(each -> row.add(Figure.ratio(comparison.ratio(each, metric))));
                rows.add(row);
            }
        }
        return rows;
    }

    private static List<List<String>> added(Comparison comparison) {
        List<Endpoint> others = new ArrayList<>(comparison.endpoints());
        others.remove(comparison.direct());
        List<List<String>> rows = new ArrayList<>();
        rows.add(heading("figure", others));
        for (Metric metric : Metric.values()) {
            if (metric.isCompared() && metric.unit == Metric.Unit.NANOS
                    && comparison.value(comparison.direct(), metric).isKnown()) {
                List<String> row = new ArrayList<>(List.of(metric.label));
                others.forEach(each ->
                        row.add(Figure.of(comparison.added(each, metric), metric.unit)));
                rows.add(row);
            }
        }
        return rows;
    }

    private static void appendFailures(StringBuilder out, Comparison comparison) {
        for (Endpoint endpoint : comparison.endpoints()) {
            Recording whole = comparison.whole(endpoint);
            whole.failures().forEach((failure, count) -> out.append('\n')
                    .append(endpoint.name()).append(": ").append(count).append(" failed, ")
                    .append(failure.code).append(" (").append(failure.meaning).append(')'));
            whole.failedStatuses().forEach((status, count) -> out.append('\n')
                    .append(endpoint.name()).append(": ").append(count)
                    .append(" answered ").append(status));
            if (whole.firstFailure != null) {
                out.append('\n').append(endpoint.name()).append(": the first was ")
                        .append(whole.firstFailure);
            }
            if (whole.dropped > 0) {
                out.append('\n').append(endpoint.name()).append(": ").append(whole.dropped)
                        .append(" calls were due and never sent; the percentiles leave them out");
            }
        }
        if (out.charAt(out.length() - 1) != '\n') {
            out.append('\n');
        }
    }

    private static List<String> heading(String first, List<Endpoint> endpoints) {
        List<String> row = new ArrayList<>(List.of(first));
        endpoints.forEach(endpoint -> row.add(endpoint.name()));
        return row;
    }

    private static void append(StringBuilder out, List<List<String>> rows) {
        int[] widths = new int[rows.get(0).size()];
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        for (List<String> row : rows) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                text.append(row.get(i)).append(" ".repeat(widths[i] - row.get(i).length() + 2));
            }
            out.append(text.toString().stripTrailing()).append('\n');
        }
    }
}
