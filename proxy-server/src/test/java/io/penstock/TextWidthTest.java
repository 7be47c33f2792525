package io.penstock;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Holds code, and the prose of the documentation, to {@value #COLUMNS} columns. */
class TextWidthTest {
    private static final int COLUMNS = 100;
    private static final Path ROOT = Path.of("..");
    private static final Pattern LINK_TARGET = Pattern.compile("]\\([^)]*\\)");

    /** Written by a program, from texts of any length. */
    private static final Set<String> GENERATED = Set.of("docs/configuration.md");

    /** Pages and packages that are still to be wrapped: nothing is to be added here. */
    private static final Set<String> STILL_WIDE = Set.of("README.md", "docs/access-log.md",
            "docs/authentication.md", "docs/extending.md", "docs/failover.md",
            "docs/life-of-a-request.md", "docs/limits.md", "docs/load-shedding.md",
            "docs/pass-through.md", "docs/providers.md", "docs/routing.md",
            "docs/translation.md", "docs/usage-and-budgets.md");
    private static final Set<String> STILL_WIDE_CODE = Set.of(
            "PluginLoaderTest", "ReplyVerdictTest", "ConfigAuthTest", "CorsTest", "FormScannerTest",
            "UsageFinderTest", "LedgerCrashTest", "EstimatorTest", "UsageFinderFuzz",
            "EventStreamSplitterFuzz", "MessagesToChatTest", "BodyEditsFuzz", "PhaseTest",
            "FormatsIT", "ContinuationIT", "Callers", "AccessLogIT", "LimitsIT", "BudgetCutIT",
            "TypeOnLoop", "ChatChunk", "ResponseRelay", "EventPassage", "Questions");

    /** Its lines are for a shell. */
    private static final String PASTED = "curl -i";

    private static List<Path> files(String glob) throws IOException {
        try (Stream<Path> all = Files.walk(ROOT)) {
            return all.filter(ROOT.getFileSystem().getPathMatcher("glob:" + glob)::matches)
                    .filter(path -> !path.toString().contains("/target/"))
                    .sorted().toList();
        }
    }

    private static List<Integer> wideCode(Path file) throws IOException {
        List<Integer> wide = new ArrayList<>();
        List<String> lines = Files.readAllLines(file);
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            if (isWide(line) && !line.startsWith("import ") && !line.contains(PASTED)) {
                wide.add(i + 1);
            }
        }
        return wide;
    }

    private static boolean isWide(String line) {
        return line.codePointCount(0, line.length()) > COLUMNS;
    }

    private static String name(Path file) {
        return ROOT.relativize(file).toString();
    }

    @Test
    void codeEndsByTheLastColumn() throws IOException {
        List<String> wide = new ArrayList<>();
        List<Path> files = files("**/src/**.java");
        for (Path file : files) {
            String type = file.getFileName().toString().replace(".java", "");
            List<Integer> lines = wideCode(file);
            if (STILL_WIDE_CODE.contains(type)) {
                assertThat(lines).as(name(file) + " is excused, and needs no excuse").isNotEmpty();
            } else {
                lines.forEach(line -> wide.add(name(file) + ":" + line));
            }
        }

        assertThat(files).hasSizeGreaterThan(100);
        assertThat(wide).isEmpty();
    }

    @Test
    void proseIsWrapped() throws IOException {
        List<String> wide = new ArrayList<>();
        List<Path> files = files("../{README.md,docs/**.md}");
        for (Path file : files) {
            if (!GENERATED.contains(name(file)) && !STILL_WIDE.contains(name(file))) {
                wideProse(file).forEach(line -> wide.add(name(file) + ":" + line));
            }
        }

        assertThat(files).hasSizeGreaterThan(20);
        assertThat(wide).isEmpty();
    }

    /** Numbers of the lines that could be wrapped; no code's, no table's, no heading's. */
    private static List<Integer> wideProse(Path file) throws IOException {
        List<Integer> wide = new ArrayList<>();
        List<String> lines = Files.readAllLines(file);
        boolean inCode = false;
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            if (line.strip().startsWith("```")) {
                inCode = !inCode;
            } else if (!inCode && !line.startsWith("|") && !line.startsWith("#")
                    && !line.startsWith("    ")
                    && isWide(LINK_TARGET.matcher(line).replaceAll("]"))) {
                wide.add(i + 1);
            }
        }
        return wide;
    }

    @Test
    void noPageIsExcusedThatIsWrapped() throws IOException {
        for (String name : STILL_WIDE) {
            assertThat(wideProse(ROOT.resolve(name))).as(name).isNotEmpty();
        }
    }
}
