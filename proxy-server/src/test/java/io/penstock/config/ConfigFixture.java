package io.penstock.config;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.penstock.provider.Plugins;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A configuration file of a test, and what loading it says, with the file's name left out. */
final class ConfigFixture {
    private final Path file;
    private Map<String, String> environment = Map.of();
    private Overrides overrides = Overrides.NONE;
    private Plugins plugins;

    ConfigFixture(Path directory, String text) {
        this.file = directory.resolve("penstock.yaml");
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    ConfigFixture with(Map<String, String> variables) {
        environment = variables;
        return this;
    }

    ConfigFixture with(Overrides flags) {
        overrides = flags;
        return this;
    }

    ConfigFixture with(Plugins loaded) {
        plugins = loaded;
        return this;
    }

    Loaded load() throws ConfigException {
        return ConfigLoader.load(file, environment, overrides, plugins);
    }

    Settings settings() throws ConfigException {
        return load().settings();
    }

    List<String> warnings() throws ConfigException {
        return load().warnings().stream().map(this::shown).toList();
    }

    List<String> mistakes() {
        ConfigException[] thrown = new ConfigException[1];
        assertThatExceptionOfType(ConfigException.class).isThrownBy(this::load)
                .satisfies(e -> thrown[0] = e);
        return thrown[0].problems().stream().map(this::shown).toList();
    }

    /** Mistakes and warnings, if there are any. */
    List<String> problems() {
        try {
            return warnings();
        } catch (ConfigException e) {
            return e.problems().stream().map(this::shown).toList();
        }
    }

    private String shown(Problem problem) {
        return problem.toString().replace(file + ":", "");
    }
}
