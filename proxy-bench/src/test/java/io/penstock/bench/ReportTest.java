package io.penstock.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import java.io.StringReader;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class ReportTest {
    private final Endpoint nginx = Endpoint.parse("nginx=http://127.0.0.1:1/v1");
    private final Endpoint penstock = Endpoint.parse("penstock=http://127.0.0.1:2/v1");
    private final RunDescription run = new RunDescription(Map.of("label", "a<b> & \"c\"\u0001"));

    @Test
    void isAWellFormedPage() throws Exception {
        Document page = parse(HtmlReport.of(run, comparison()));

        assertThat(page.getDocumentElement().getTagName()).isEqualTo("html");
        assertThat(page.getElementsByTagName("svg").getLength()).isGreaterThan(3);
        assertThat(page.getElementsByTagName("td").getLength()).isPositive();
    }

    @Test
    void needsNothingBesideItself() throws Exception {
        Document page = parse(HtmlReport.of(run, comparison()));

        NodeList elements = page.getElementsByTagName("*");
        for (int i = 0; i < elements.getLength(); i++) {
            Element element = (Element) elements.item(i);
            assertThat(element.getTagName()).isNotIn("script", "link", "img", "iframe", "object");
            assertThat(element.hasAttribute("src")).isFalse();
            assertThat(element.hasAttribute("href")).isFalse();
            assertThat(element.hasAttribute("style")).isFalse();
        }
        assertThat(page.getElementsByTagName("style").item(0).getTextContent())
                .doesNotContain("url(", "@import")
                .contains("prefers-color-scheme: dark");
    }

    @Test
    void tellsOfFailuresAndOfDroppedCalls() {
        Comparison comparison = comparison();
        Round bad = ComparisonTest.round(1, 1, 1);
        bad.recording().fail(CallFailure.STATUS, 503, "503 <overloaded>");
        bad.recording().dropped = 7;
        comparison.add(nginx, bad);

        assertThat(HtmlReport.of(run, comparison))
                .contains("&lt;overloaded&gt;", "7 calls were due");
        assertThat(TextReport.of(comparison))
                .contains("nginx: 1 answered 503", "7 calls were due and never sent");
    }

    @Test
    void setsTheRatiosBesideTheFigures() {
        assertThat(TextReport.of(comparison()))
                .contains("CPU per call", "20 µs", "Multiples of nginx", "× 0.50 (0.50 – 0.50)");
    }

    @Test
    void writesJsonThatCanBeReadBack() throws Exception {
        String text = JsonReport.of(run, comparison());

        int names = 0;
        try (JsonParser json = new JsonFactory().createParser(text)) {
            while (json.nextToken() != null) {
                names += "cpu_us_per_call".equals(json.currentName()) ? 1 : 0;
            }
        }
        assertThat(names).isPositive();
        assertThat(text).contains("\"penstock\"", "total_p99_ns", "\"ratio\"");
    }

    @Test
    void keepsTheKeyToItself() {
        assertThat(RunDescription.masked(List.of("--key", "sk-1", "--key=sk-1", "--url", "u")))
                .containsExactly("--key", "***", "--key=***", "--url", "u");
    }

    private Comparison comparison() {
        Comparison comparison = new Comparison(null, List.of(nginx, penstock));
        for (int i = 0; i < 2; i++) {
            comparison.add(nginx, ComparisonTest.round(1_000, 20_000, 50_000));
            comparison.add(penstock, ComparisonTest.round(1_000, 10_000, 40_000));
        }
        return comparison;
    }

    private static Document parse(String page) throws Exception {
        DocumentBuilder parser = DocumentBuilderFactory.newInstance().newDocumentBuilder();
        parser.setErrorHandler(null);
        return parser.parse(new InputSource(new StringReader(page)));
    }
}
