package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class CliDocTest {
    private static final Path PAGE = Path.of("..", "docs", "cli.md");
    private static final Path MANUAL = Path.of("..", "docs", "man", "penstock.1");

    private static void check(Path file, String content) throws IOException {
        if ("write".equals(System.getProperty("penstock.docs"))) {
            Files.createDirectories(file.getParent());
            Files.writeString(file, content);
        }

        assertThat(file).as("stale: run with -Dpenstock.docs=write").hasContent(content);
    }

    @Test
    void thePageSaysWhatTheCommandsSay() throws IOException {
        check(PAGE, CliDoc.page());
    }

    @Test
    void theManualSaysWhatTheCommandsSay() throws IOException {
        check(MANUAL, CliDoc.manual());
    }
}
