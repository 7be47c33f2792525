package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckCommandTest {
    @TempDir
    Path directory;

    private String said;

    private int run(String command) throws Exception {
        Path file = Files.writeString(directory.resolve("penstock.yaml"),
                "plugins: {directory: \"" + directory + "\"}\n"
                        + "providers: [{name: ollama, type: ollama}]\n");
        PrintStream before = System.err;
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
        try {
            return Main.run(command, "-c", file.toString());
        } finally {
            System.setErr(before);
            said = err.toString(StandardCharsets.UTF_8);
        }
    }

    @Test
    void acceptsWhatIsFine() throws Exception {
        assertThat(run("check")).isZero();
        assertThat(said).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"check", "serve"})
    void saysInOneLineWhichPluginIsBad(String command) throws Exception {
        Path jar = Files.writeString(directory.resolve("bad.jar"), "no jar");

        assertThat(run(command)).isEqualTo(2);
        assertThat(said.lines()).singleElement().asString()
                .startsWith(jar + ": is no jar that can be read");
    }
}
