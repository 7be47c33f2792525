package io.penstock.provider;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * Holds what plugins are compiled against to {@code plugin-api.txt}: a plugin that was compiled for
 * this version has to load in later ones.
 */
class PluginApiTest {
    private static final Path FILE =
            Path.of("src", "test", "resources", "plugin-api.txt");

    PluginApiTest() throws IOException {
        if ("write".equals(System.getProperty("penstock.docs"))) {
            Files.write(FILE, PluginApi.signatures());
        }
    }

    @Test
    void takesNothingAwayThatPluginsMayUse() throws IOException {
        assertThat(PluginApi.signatures())
                .as("plugins break: keep what they use, or name the change in the changelog")
                .containsAll(Files.readAllLines(FILE));
    }

    @Test
    void writesDownWhatIsAdded() throws IOException {
        assertThat(Files.readAllLines(FILE)).as("add it: run with -Dpenstock.docs=write")
                .containsAll(PluginApi.signatures());
    }

    @Test
    void asksOfPluginsNoMoreThanAName() {
        assertThat(PluginApi.abstractMethods())
                .containsExactly("ProviderType.configName", "Signer.sign");
    }
}
