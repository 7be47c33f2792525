package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** Every {@code penstock …} that README and pages print is a command line that is understood. */
class PrintedCommandsTest {
    private static final Path ROOT = Path.of("..");
    private static final Pattern FENCED =
            Pattern.compile("(?ms)^ *```(?:sh|text)\n(.*?)^ *```");
    private static final Pattern INLINE = Pattern.compile("`((?:bin/)?penstock [a-z][^`]*)`");
    private static final Pattern COMMAND = Pattern.compile(
            "^(?:.*?[ (=])??(?:\\$ )?(?:\\S*bin/)?penstock ((?:[a-z]|--version)[^#|<>;)]*)");

    private static List<Path> pages() throws IOException {
        try (Stream<Path> docs = Files.walk(ROOT.resolve("docs"));
                Stream<Path> top = Files.list(ROOT)) {
            return Stream.concat(top, docs).filter(page -> page.toString().endsWith(".md"))
                    .filter(page -> !page.toString().contains("/decisions/")
                            && !page.toString().contains("/benchmarks/")
                            && !page.endsWith("cli.md"))
                    .sorted().toList();
        }
    }

    private static List<String> commands(String page) {
        List<String> commands = new ArrayList<>();
        Matcher inline = INLINE.matcher(page.replaceAll("(?s)```.*?```", ""));
        while (inline.find()) {
            commands.add(inline.group(1).replaceAll("\\s+", " "));
        }
        Matcher fenced = FENCED.matcher(page);
        while (fenced.find()) {
            String code = fenced.group(1).replace("\\\n", " ");
            code.lines().map(String::strip).filter(line -> !line.startsWith("#")
                    && !line.contains("docker") && !line.contains("helm "))
                    .forEach(commands::add);
        }
        return commands;
    }

    /** Null if the line is none of the proxy's. */
    private static String[] arguments(String line) {
        Matcher command = COMMAND.matcher(line);
        if (!command.find()) {
            return null;
        }
        return Arrays.stream(command.group(1).strip().split("\\s+"))
                .filter(word -> !word.equals("…"))
                .map(word -> word.matches("[A-Z]") ? "1" : word) // stands for a number
                .toArray(String[]::new);
    }

    @Test
    void areUnderstood() throws IOException {
        List<String> wrong = new ArrayList<>();
        int seen = 0;
        for (Path page : pages()) {
            for (String line : commands(Files.readString(page))) {
                String[] arguments = arguments(line);
                if (arguments == null || arguments[0].equals("bench")) {
                    continue; // bench is a program of its own
                }
                seen++;
                try {
                    Main.commandLine().parseArgs(arguments);
                } catch (CommandLine.MissingParameterException e) {
                    assertThat(e.getMessage()).isNotEmpty(); // named, not called
                } catch (CommandLine.ParameterException e) {
                    wrong.add(page + ": " + String.join(" ", arguments) + ": " + e.getMessage());
                }
            }
        }

        assertThat(seen).isGreaterThan(30);
        assertThat(wrong).isEmpty();
    }
}
