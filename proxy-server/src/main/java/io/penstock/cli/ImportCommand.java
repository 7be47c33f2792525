package io.penstock.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code penstock import}: configurations of other proxies, written as Penstock's. */
@Command(name = "import", mixinStandardHelpOptions = true,
        description = "Writes another proxy's configuration as one of Penstock's.",
        subcommands = ImportCommand.LiteLlm.class)
final class ImportCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "Which one: litellm?");
    }

    /** {@code penstock import litellm}. */
    @Command(name = "litellm", mixinStandardHelpOptions = true,
            description = "Prints the models, fallbacks and master key of LiteLLM's config.yaml as "
                    + "a configuration of Penstock, and as comments what it left out.")
    static final class LiteLlm implements Callable<Integer> {
        private static final long MAX_BYTES = 16 * 1024 * 1024;

        @Parameters(paramLabel = "FILE", description = "LiteLLM's config.yaml.")
        private Path file;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            try {
                if (Files.size(file) > MAX_BYTES) {
                    return fail("is too large");
                }
                Object read = new Load(LoadSettings.builder().setLabel(file.toString()).build())
                        .loadFromString(Files.readString(file));
                if (!(read instanceof Map<?, ?> config) || !config.containsKey("model_list")) {
                    return fail("has no model_list: it is no configuration of LiteLLM's");
                }
                spec.commandLine().getOut().print(LiteLlmImport.of(config).text());
                spec.commandLine().getOut().flush();
                return 0;
            } catch (YamlEngineException e) {
                return fail("is no YAML: " + e.getMessage());
            } catch (IOException e) {
                return fail("cannot be read: " + e.getMessage());
            }
        }

        private int fail(String why) {
            spec.commandLine().getErr().println("penstock: " + file + " " + why);
            spec.commandLine().getErr().flush();
            return Main.BAD_USAGE;
        }
    }
}
