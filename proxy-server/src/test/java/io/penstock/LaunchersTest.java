package io.penstock;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Every way to start the proxy gives the JVM the same options, but for sizes of memory. */
class LaunchersTest {
    private static final Path BASH = Path.of("..", "bin", "penstock");
    private static final Path DIST = Path.of("src", "dist");
    private static final Pattern OPTION =
            Pattern.compile("(?:-XX:|-D|-Xm|--)[A-Za-z+-][^\\s'\")(,]*");
    private static final Pattern SIZE =
            Pattern.compile("-Xm.*|-XX:Max.*|-XX:[+A-Za-z]*(SharedArchive|AOTCache).*"
                    + "|-Djava.library.path=.*");

    /** In the lines that give options: those that begin with one, or add to a list of them. */
    private static Set<String> options(Path... files) throws IOException {
        Set<String> options = new TreeSet<>();
        for (Path file : files) {
            try (Stream<String> lines = Files.lines(file)) {
                String given = lines.filter(line -> line.matches("\\s*['-].*|.*flags\\+?=.*|"
                        + ".*flags \\+= .*")).collect(Collectors.joining("\n"));
                Matcher option = OPTION.matcher(given);
                while (option.find()) {
                    if (!SIZE.matcher(option.group()).matches()) {
                        options.add(option.group());
                    }
                }
            }
        }
        return options;
    }

    @Test
    void bashAndPowerShellGiveTheSameOptions() throws IOException {
        assertThat(options(BASH)).hasSizeGreaterThan(7)
                .isEqualTo(options(DIST.resolve(Path.of("bin", "penstock.ps1"))));
    }

    @Test
    void soDoTheArchivesWithARuntime() throws IOException {
        assertThat(options(DIST.resolve("jvm.options"), DIST.resolve("jvm-25.options")))
                .isEqualTo(options(BASH));
    }
}
