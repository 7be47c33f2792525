package io.penstock.cli;

import io.penstock.config.ConfigException;
import io.penstock.config.Loaded;
import io.penstock.config.Overrides;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code penstock check}: every mistake of a configuration, a line each. */
@Command(name = "check", mixinStandardHelpOptions = true,
        description = "Checks a configuration; exit 0 if it is fine, 2 if not.")
final class CheckCommand implements Callable<Integer> {
    @Option(names = {"-c", "--config"}, paramLabel = "FILE",
            description = "Configuration (default: conf/penstock.yaml if there is one).")
    private Path config;

    @Override
    public Integer call() {
        ConfigSource source = ConfigSource.of(config, Overrides.NONE);
        try {
            Loaded loaded = source.load();
            loaded.warnings().forEach(warning -> System.err.println("warning: " + warning));
            System.out.println(source + ": fine, " + loaded.settings().providers().size()
                    + " providers, " + loaded.settings().routes().size() + " routes, "
                    + accessLog(loaded.settings().observe().accessLog()));
            return 0;
        } catch (ConfigException e) {
            System.err.println(e.getMessage());
            return Main.BAD_USAGE;
        }
    }

    private static String accessLog(@Nullable String path) {
        return path == null ? "no access log"
                : "access log to " + (path.equals("-") ? "standard output" : path);
    }
}
