package io.penstock.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class SchemaDocTest {
    private static final Path PAGE = Path.of("..", "docs", "configuration.md");

    @Test
    void thePageSaysWhatTheSchemaSays() throws IOException {
        if ("write".equals(System.getProperty("penstock.docs"))) {
            Files.writeString(PAGE, SchemaDoc.page());
        }

        assertThat(PAGE).as("stale: run with -Dpenstock.docs=write").hasContent(SchemaDoc.page());
    }
}
