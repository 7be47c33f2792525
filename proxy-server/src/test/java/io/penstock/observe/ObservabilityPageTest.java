package io.penstock.observe;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.SummarySnapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is written about metrics, in pages and in files for other programs, is what there is. */
class ObservabilityPageTest {
    private static final Path ROOT = Path.of("..");
    private static final Pattern NAME = Pattern.compile("\\b(penstock|jvm|process)_[a-z0-9_]+");
    private static final Pattern LABELLED =
            Pattern.compile("\\b(penstock_[a-z0-9_]+)\\{([^}]*)}|by ?\\(([^)]*)\\)");
    private static final Readings NOW = new Readings("1", 1, true, 0, 0, List.of(), List.of(),
            new Readings.OfCache(0, 0, 0, 0, 0, 0));

    private static String page() throws IOException {
        return Files.readString(ROOT.resolve("docs/observability.md"));
    }

    private static List<MetricSnapshot> ofTheJvm() {
        return new PrometheusPage().snapshots(new Metrics(), NOW, true).stream()
                .filter(each -> !each.getMetadata().getPrometheusName().startsWith("penstock_"))
                .toList();
    }

    private static String row(Metric metric) {
        String labels = metric.labels().stream().map(label -> "`" + label + "`")
                .collect(Collectors.joining(", "));
        return "| `" + metric.exposedName() + "` | "
                + metric.kind().name().toLowerCase(Locale.ROOT) + " | " + labels + " | "
                + metric.help().replaceFirst("\\.$", "") + " |";
    }

    private static String row(MetricSnapshot snapshot) {
        String type = snapshot instanceof CounterSnapshot ? "counter"
                : snapshot instanceof SummarySnapshot ? "summary"
                : snapshot instanceof InfoSnapshot ? "info" : "gauge";
        return "| `" + exposed(snapshot) + "` | " + type + " | "
                + snapshot.getMetadata().getHelp().replaceFirst("\\.$", "") + " |";
    }

    private static String exposed(MetricSnapshot snapshot) {
        String name = snapshot.getMetadata().getPrometheusName();
        return snapshot instanceof CounterSnapshot ? name + "_total"
                : snapshot instanceof InfoSnapshot ? name + "_info" : name;
    }

    private static Set<String> rows(String heading, String page) {
        String section = page.substring(page.indexOf(heading));
        return section.lines().dropWhile(line -> !line.startsWith("| metric |")).skip(2)
                .takeWhile(line -> line.startsWith("|"))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void thePageListsEachMetricWithTypeLabelsAndMeaning() throws IOException {
        assertThat(rows("## Prometheus", page())).isEqualTo(Stream.of(Metric.values())
                .map(ObservabilityPageTest::row).collect(Collectors.toCollection(TreeSet::new)));
    }

    /** Some depend on the machine: on /proc, and on the garbage collector. */
    @Test
    void thePageListsEachMetricOfTheJvm() throws IOException {
        assertThat(rows("### The JVM", page())).containsAll(ofTheJvm().stream()
                .map(ObservabilityPageTest::row).toList());
    }

    @Test
    void everyLabelIsExplained() throws IOException {
        String labels = page().substring(page().indexOf("| label |"));
        Set<String> explainedByName = Set.of("provider", "model", "stream", "version");
        for (Metric metric : Metric.values()) {
            assertThat(metric.labels()).allSatisfy(label -> assertThat(
                    explainedByName.contains(label) || labels.contains("| `" + label + "`"))
                    .as(label).isTrue());
        }
    }

    private static Set<String> series() {
        Set<String> names = new TreeSet<>();
        new PrometheusPage().snapshots(new Metrics(), NOW, true).forEach(each -> {
            names.add(exposed(each));
            if (each instanceof HistogramSnapshot || each instanceof SummarySnapshot) {
                names.addAll(Stream.of("_bucket", "_count", "_sum")
                        .map(exposed(each)::concat).toList());
            }
        });
        return names;
    }

    @ParameterizedTest
    @ValueSource(strings = {"conf/prometheus/alerts.yml", "conf/grafana/penstock.json"})
    void filesForOtherProgramsQueryWhatThereIs(String file) throws IOException {
        String text = Files.readString(ROOT.resolve(file)).replace("\\\"", "\"");
        Set<String> used = new TreeSet<>();
        Matcher name = NAME.matcher(text);
        while (name.find()) {
            used.add(name.group());
        }
        assertThat(used).hasSizeGreaterThan(5).isSubsetOf(series());

        Set<String> labels = Stream.of(Metric.values()).flatMap(each -> each.labels().stream())
                .collect(Collectors.toCollection(TreeSet::new));
        labels.addAll(Set.of("le", "job", "instance", "area", "gc"));
        Matcher labelled = LABELLED.matcher(text);
        while (labelled.find()) {
            String list = labelled.group(2) != null ? labelled.group(2) : labelled.group(3);
            Stream.of(list.split(",")).map(each -> each.replaceFirst("[=!].*", "").strip())
                    .filter(each -> !each.isEmpty())
                    .forEach(each -> assertThat(labels).as(labelled.group()).contains(each));
        }
    }

    @Test
    void theDashboardIsJsonWithAQueryInEachPanel() throws IOException {
        List<String> titles = new ArrayList<>();
        List<String> queries = new ArrayList<>();
        try (JsonParser parser = new JsonFactory().createParser(
                ROOT.resolve("conf/grafana/penstock.json").toFile())) {
            while (parser.nextToken() != null) {
                if (parser.currentToken() == JsonToken.VALUE_STRING) {
                    ("expr".equals(parser.currentName()) ? queries : titles)
                            .add(parser.getText());
                }
            }
        }
        assertThat(titles).isNotEmpty();
        assertThat(queries).hasSizeGreaterThan(10).allSatisfy(query ->
                assertThat(query).contains("_"));
    }
}
