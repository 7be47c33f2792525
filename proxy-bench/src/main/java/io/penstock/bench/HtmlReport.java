package io.penstock.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;

/**
 * The figures and their plots as one page that needs nothing else: no script, no font, no network.
 * The page is well-formed XML, too.
 */
final class HtmlReport {
    private static final String HEAD = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <meta name="color-scheme" content="light dark"/>
            <title>Penstock benchmark</title>
            <style>
            :root { --ground: #ffffff; --ink: #1d2430; --faint: #657083; --rule: #dde2ea;
              --c0: #1f6fd6; --c1: #c8501b; --c2: #1b8a4b; --c3: #8a3fc4; --c4: #b0234f;
              --c5: #6b6f12; --c6: #0d8296; --c7: #5c6675; }
            @media (prefers-color-scheme: dark) {
              :root { --ground: #12161d; --ink: #e6eaf1; --faint: #9aa6b8; --rule: #2b3340;
                --c0: #6aaeff; --c1: #ff9a66; --c2: #5fd08d; --c3: #c79bf2; --c4: #ff7d9f;
                --c5: #d3cf5c; --c6: #57cfe2; --c7: #aab4c4; } }
            body { background: var(--ground); color: var(--ink); margin: 0 auto; padding: 1.5rem;
              max-width: 72rem; font: 15px/1.5 system-ui, sans-serif; }
            h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
            p, dt, figcaption { color: var(--faint); }
            dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; }
            dd { margin: 0; overflow-wrap: anywhere; }
            .scroll { overflow-x: auto; }
            table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
            th, td { border-bottom: 1px solid var(--rule); padding: .25rem .9rem .25rem 0;
              text-align: left; white-space: nowrap; }
            td small { color: var(--faint); }
            figure { margin: 0; } svg { width: 100%; height: auto; max-width: 52rem; }
            svg text { fill: var(--faint); font-size: 12px; }
            .grid { stroke: var(--rule); } .line { fill: none; stroke: currentColor;
              stroke-width: 2; } .dot { fill: currentColor; }
            .key span { margin-right: 1.2rem; font-weight: 600; }
            .c0 { color: var(--c0); } .c1 { color: var(--c1); } .c2 { color: var(--c2); }
            .c3 { color: var(--c3); } .c4 { color: var(--c4); } .c5 { color: var(--c5); }
            .c6 { color: var(--c6); } .c7 { color: var(--c7); }
            </style>
            </head>
            <body>
            <h1>Penstock benchmark</h1>
            """;

    private HtmlReport() {}

    static String of(RunDescription run, Comparison comparison) {
        StringBuilder page = new StringBuilder(HEAD).append("<dl>\n");
        run.facts().forEach((name, value) -> page.append("<dt>").append(escaped(name))
                .append("</dt><dd>").append(escaped(value)).append("</dd>\n"));
        page.append("</dl>\n");
        table(page, comparison);
        failures(page, comparison);
        for (Recording.Timing timing : Recording.Timing.values()) {
            percentiles(page, comparison, timing);
        }
        ratios(page, comparison);
        rounds(page, comparison);
        return page.append("</body>\n</html>\n").toString();
    }

    private static void table(StringBuilder page, Comparison comparison) {
        page.append("<h2>Figures</h2>\n<p>Medians over rounds, with the least and the greatest");
        if (comparison.endpoints().size() > 1) {
            page.append("; multiples are of ").append(escaped(comparison.reference().name()));
        }
        page.append(".</p>\n<div class=\"scroll\"><table>\n<tr><th>figure</th>");
        List<Endpoint> endpoints = comparison.endpoints();
        for (int i = 0; i < endpoints.size(); i++) {
            page.append("<th class=\"").append(Plot.colour(i)).append("\">")
                    .append(escaped(endpoints.get(i).name())).append("</th>");
        }
        page.append("</tr>\n");
        for (Metric metric : Metric.values()) {
            if (!comparison.isKnown(metric)) {
                continue;
            }
            page.append("<tr><th>").append(escaped(metric.label)).append("</th>");
            for (Endpoint endpoint : endpoints) {
                String value = Figure.of(comparison.value(endpoint, metric), metric.unit);
                page.append("<td>").append(escaped(value));
                if (metric.isCompared() && !endpoint.equals(comparison.reference())) {
                    note(page, Figure.ratio(comparison.ratio(endpoint, metric)), "");
                }
                if (metric.isCompared() && metric.unit == Metric.Unit.NANOS
                        && !endpoint.equals(comparison.direct())) {
                    note(page, Figure.of(comparison.added(endpoint, metric), metric.unit),
                            "added: ");
                }
                page.append("</td>");
            }
            page.append("</tr>\n");
        }
        page.append("</table></div>\n");
    }

    private static void note(StringBuilder page, String text, String before) {
        if (!text.equals("-")) {
            page.append("<br/><small>").append(before).append(escaped(text)).append("</small>");
        }
    }

    private static void failures(StringBuilder page, Comparison comparison) {
        for (Endpoint endpoint : comparison.endpoints()) {
            Recording whole = comparison.whole(endpoint);
            if (whole.failed() > 0) {
                page.append("<p><strong>").append(escaped(endpoint.name())).append(": ")
                        .append(whole.failed()).append(" failed calls</strong>, the first: ")
                        .append(escaped(whole.firstFailure)).append("</p>\n");
            }
            if (whole.dropped > 0) {
                page.append("<p><strong>").append(escaped(endpoint.name())).append(": ")
                        .append(whole.dropped).append(" calls were due and never sent</strong>;")
                        .append(" the percentiles leave them out.</p>\n");
            }
        }
    }

    private static void percentiles(
            StringBuilder page, Comparison comparison, Recording.Timing timing) {
        Map<String, Histogram> histograms = new LinkedHashMap<>();
        boolean any = false;
        for (Endpoint endpoint : comparison.endpoints()) {
            Histogram histogram = comparison.whole(endpoint).timing(timing);
            any |= histogram.getTotalCount() > 0;
            histograms.put(endpoint.name(), histogram);
        }
        if (any) {
            figure(page, comparison, timing.code.replace('_', ' ') + " by percentile",
                    timing.meaning + "; all rounds", Plot.percentiles(histograms));
        }
    }

    private static void ratios(StringBuilder page, Comparison comparison) {
        List<Metric> metrics = new ArrayList<>();
        for (Metric metric : Metric.values()) {
            if (metric.isCompared() && comparison.endpoints().stream()
                    .filter(endpoint -> !endpoint.equals(comparison.reference()))
                    .anyMatch(endpoint -> comparison.ratio(endpoint, metric).isKnown())) {
                metrics.add(metric);
            }
        }
        if (!metrics.isEmpty()) {
            figure(page, comparison, "Multiples of " + comparison.reference().name(),
                    "ratio within each round: median, least and greatest",
                    Plot.ratios(comparison, metrics));
        }
    }

    private static void rounds(StringBuilder page, Comparison comparison) {
        for (Metric metric : List.of(Metric.CPU_PER_CALL, Metric.CPU_PER_EVENT,
                Metric.CALLS_PER_SECOND, Metric.EVENTS_PER_SECOND, Metric.TOTAL_P50,
                Metric.TOTAL_P99, Metric.TTFT_P50, Metric.GAP_P99, Metric.EVENT_DELAY_P50,
                Metric.RESIDENT)) {
            if (comparison.isKnown(metric)) {
                figure(page, comparison, metric.label + ", round by round",
                        "a level line is a machine that stood still",
                        Plot.rounds(comparison, metric));
            }
        }
    }

    private static void figure(StringBuilder page, Comparison comparison, String title,
            String caption, String svg) {
        page.append("<h2>").append(escaped(title)).append("</h2>\n<figure>\n<div class=\"key\">");
        List<Endpoint> endpoints = comparison.endpoints();
        for (int i = 0; i < endpoints.size(); i++) {
            page.append("<span class=\"").append(Plot.colour(i)).append("\">")
                    .append(escaped(endpoints.get(i).name())).append("</span>");
        }
        page.append("</div>\n").append(svg).append("<figcaption>").append(escaped(caption))
                .append("</figcaption>\n</figure>\n");
    }

    /** Text as the content of an element or of an attribute in double quotes. */
    static String escaped(String text) {
        StringBuilder escaped = new StringBuilder(text.length() + 16);
        text.codePoints().forEach(point -> {
            switch (point) {
                case '&' -> escaped.append("&amp;");
                case '<' -> escaped.append("&lt;");
                case '>' -> escaped.append("&gt;");
                case '"' -> escaped.append("&quot;");
                default -> escaped.appendCodePoint(
                        point < ' ' && point != '\n' && point != '\t' ? '\uFFFD' : point);
            }
        });
        return escaped.toString();
    }
}
