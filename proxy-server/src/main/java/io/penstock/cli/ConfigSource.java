package io.penstock.cli;

import io.penstock.config.ConfigException;
import io.penstock.config.ConfigLoader;
import io.penstock.config.DotEnv;
import io.penstock.config.Environment;
import io.penstock.config.Loaded;
import io.penstock.config.Overrides;
import io.penstock.provider.Plugins;
import io.penstock.server.Penstock.Reloaded;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where the configuration comes from: a file, or the environment alone; read afresh each time,
 * {@code .env} included.
 *
 * @param file null for the environment alone
 * @param plugins are loaded once
 */
record ConfigSource(@Nullable Path file, Overrides overrides, Plugins plugins) {
    private static final Path DEFAULT = Path.of("conf", "penstock.yaml");
    private static final Path DOT_ENV = Path.of(".env");

    /** {@code file} null takes the default one if there is one. */
    static ConfigSource of(Path file, Overrides overrides) {
        return new ConfigSource(file != null ? file : Files.exists(DEFAULT) ? DEFAULT : null,
                overrides, new Plugins());
    }

    Loaded load() throws ConfigException {
        Map<String, String> environment = environment();
        return file == null ? ConfigLoader.fromEnvironment(environment, overrides, plugins)
                : ConfigLoader.load(file, environment, overrides, plugins);
    }

    /** The variables that count: the environment's, and those of {@code .env}. */
    static Map<String, String> environment() throws ConfigException {
        return Environment.of(System.getenv(), DotEnv.read(DOT_ENV));
    }

    Reloaded reload() {
        try {
            return new Reloaded(load().settings(), "");
        } catch (ConfigException e) {
            return new Reloaded(null, String.valueOf(e.getMessage()));
        }
    }

    /** Something that differs once a file has changed. */
    String fingerprint() {
        return modified(file) + "/" + modified(DOT_ENV);
    }

    private static String modified(@Nullable Path path) {
        try {
            FileTime time = path == null ? null : Files.getLastModifiedTime(path);
            return time == null ? "" : time + ":" + Files.size(path);
        } catch (IOException e) {
            return "absent"; // a file that comes or goes is a change as well
        }
    }

    @Override
    public String toString() {
        return file == null ? "the environment" : file.toString();
    }
}
