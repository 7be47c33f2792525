package io.penstock.observe.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Holds the documentation of spans to what they tell. */
class TracesPageTest {
    private static final Path PAGE = Path.of("../docs/observability.md");

    private static List<String> rows(String heading) throws IOException {
        List<String> lines = Files.readAllLines(PAGE);
        int start = lines.indexOf(heading);
        assertThat(start).as(heading).isNotNegative();
        return lines.stream().skip(start + 1L).takeWhile(line -> !line.startsWith("#"))
                .filter(line -> line.startsWith("| `")).toList();
    }

    private static List<String> rows(List<SpanField<?>> fields) {
        return fields.stream().map(field -> "| `" + field.key().getKey() + "` | "
                + field.meaning() + " |").toList();
    }

    @Test
    void thePageListsEachAttributeOfARequest() throws IOException {
        assertThat(rows("### The span of a request"))
                .containsExactlyElementsOf(rows(SpanField.OF_REQUESTS));
    }

    @Test
    void thePageListsEachAttributeOfAnAttempt() throws IOException {
        assertThat(rows("### The span of an attempt"))
                .containsExactlyElementsOf(rows(SpanField.OF_ATTEMPTS));
    }

    @Test
    void thePageNamesEachEvent() throws IOException {
        assertThat(Files.readString(PAGE)).contains("`" + SpanMaker.SENT + "`",
                "`" + SpanMaker.HOLD + "`", "`" + SpanMaker.COMMIT + "`",
                "`" + SpanMaker.HEDGE + "`", "`" + SpanMaker.CONTINUATION + "`");
    }
}
