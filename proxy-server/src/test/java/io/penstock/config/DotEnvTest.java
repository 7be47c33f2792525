package io.penstock.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.entry;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DotEnvTest {
    @TempDir
    Path directory;

    private Path file(String text) throws IOException {
        return Files.writeString(directory.resolve(".env"), text);
    }

    @Test
    void readsAssignmentsOfEveryForm() throws IOException, ConfigException {
        assertThat(DotEnv.read(file("""
                # a comment

                PLAIN=one two
                  export EXPORTED = spaced
                EMPTY=
                COMMENTED=value # not part of it
                HASH=a#b
                SINGLE='single # $X \\n'  # after
                DOUBLE="double # \\"q\\" \\n\\t\\\\ \\$X \\d"
                URL=https://host/?a=b
                NOTHING= # but a comment
                """))).containsExactly(entry("PLAIN", "one two"), entry("EXPORTED", "spaced"),
                entry("EMPTY", ""), entry("COMMENTED", "value"), entry("HASH", "a#b"),
                entry("SINGLE", "single # $X \\n"), entry("DOUBLE", "double # \"q\" \n\t\\ $X \\d"),
                entry("URL", "https://host/?a=b"), entry("NOTHING", ""));
    }

    @Test
    void readsFilesOfOtherSystems() throws IOException, ConfigException {
        assertThat(DotEnv.read(file("\uFEFFA=1\r\nB=2\r\n")))
                .containsExactly(entry("A", "1"), entry("B", "2"));
    }

    @Test
    void isEmptyWhereThereIsNoFile() throws ConfigException {
        assertThat(DotEnv.read(directory.resolve("none"))).isEmpty();
    }

    @Test
    void reportsEveryBadLineWithoutShowingIt() throws IOException {
        Path file = file("A=1\nsk-secret\n2B=x\nC=\"open\nD='x' y\n");

        assertThatExceptionOfType(ConfigException.class).isThrownBy(() -> DotEnv.read(file))
                .satisfies(e -> assertThat(e.problems()).extracting(Problem::toString)
                        .containsExactly(
                                file + ":2:1: not an assignment, expected KEY=VALUE or a # comment",
                                file + ":3:1: not an assignment, expected KEY=VALUE or a # comment",
                                file + ":4:1: C: the quotes do not match, expected one closing "
                                        + "quote at the end of the line",
                                file + ":5:1: D: the quotes do not match, expected one closing "
                                        + "quote at the end of the line"));
    }

    @Test
    void losesToTheRealEnvironment() {
        assertThat(Environment.of(Map.of("A", "real", "B", ""), Map.of("A", "x", "B", "x", "C",
                "x"))).containsOnly(entry("A", "real"), entry("B", ""), entry("C", "x"));
    }
}
