package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** What {@code docs/migrating.md} shows of LiteLLM becomes what it shows of Penstock. */
class MigratingPageTest {
    private static final Path PAGE = Path.of("..", "docs", "migrating.md");
    private static final Pattern YAML = Pattern.compile("```yaml\n(.*?)```", Pattern.DOTALL);

    @Test
    void showsWhatTheImportWrites() throws IOException {
        String page = Files.readString(PAGE);
        Matcher yaml = YAML.matcher(page);
        assertThat(yaml.find()).isTrue();
        String written = LiteLlmImport.of((Map<?, ?>) new Load(LoadSettings.builder().build())
                .loadFromString(yaml.group(1))).text();
        assertThat(yaml.find()).isTrue();
        if ("write".equals(System.getProperty("penstock.docs"))) {
            page = page.substring(0, yaml.start(1)) + written + page.substring(yaml.end(1));
            Files.writeString(PAGE, page);
        }

        assertThat(page).as("stale: run with -Dpenstock.docs=write").contains(written);
    }
}
