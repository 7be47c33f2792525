package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CompletionCommandTest {
    @TempDir
    Path directory;

    private final StringWriter out = new StringWriter();

    private int run(String... args) {
        return Main.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(out))
                .execute(args);
    }

    /** What bash would offer after these words. */
    private String[] offers(String line) throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/bin/bash")));
        assertThat(run("completion", "bash")).isZero();
        Path script = Files.writeString(directory.resolve("penstock.bash"), out.toString());
        String[] words = line.split(" ", -1);
        Process bash = new ProcessBuilder("/bin/bash", "-c", "source '" + script + "'; COMP_WORDS=("
                + line + (line.endsWith(" ") ? "''" : "") + "); COMP_CWORD=" + (words.length - 1)
                + "; _complete_penstock; echo \"${COMPREPLY[@]}\"")
                .redirectError(ProcessBuilder.Redirect.DISCARD) // compopt misses a prompt
                .start();
        String said = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(bash.waitFor()).as(said).isZero();
        return said.strip().split("\\s+");
    }

    @Test
    void offersTheCommands() throws Exception {
        assertThat(offers("penstock ")).contains("serve", "check", "keys", "completion");
    }

    @ParameterizedTest
    @CsvSource({"penstock serve --l, --listen", "penstock mock --fail-r, --fail-ratio",
        "penstock keys n, new"})
    void completesWhatIsBegun(String line, String word) throws Exception {
        assertThat(offers(line)).containsExactly(word);
    }

    @ParameterizedTest
    @ValueSource(strings = {"zsh", "ZSH"})
    void loadsTheCompletionOfZshFirst(String shell) {
        assertThat(run("completion", shell)).isZero();
        assertThat(out.toString()).startsWith("autoload -U +X compinit").contains("serve");
    }

    @Test
    void knowsTwoShells() {
        assertThat(run("completion", "fish")).isEqualTo(Main.BAD_USAGE);
        assertThat(out.toString()).contains("BASH, ZSH");
    }
}
