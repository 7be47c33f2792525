package io.penstock.cli;

import io.penstock.admin.Build;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command line of the proxy. Exit codes: 0 fine, 1 failed, 2 bad usage or configuration. */
@Command(name = "penstock", mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        description = "A streaming reverse proxy that stands in front of LLM APIs.",
        subcommands = {ServeCommand.class, DemoCommand.class, MockCommand.class,
            CheckCommand.class, KeysCommand.class, JwtCommand.class, UsageCommand.class,
            CompareCommand.class, HealthCommand.class, TopCommand.class, ImportCommand.class,
            CompletionCommand.class})
public final class Main implements Runnable {
    static final int FAILED = 1;
    static final int BAD_USAGE = 2;

    @Spec
    private CommandSpec spec;

    /** Runs, and exits with the code of the command. */
    public static void main(String[] args) {
        System.exit(run(args));
    }

    static int run(String... args) {
        return commandLine().execute(args);
    }

    /** All commands. */
    static CommandLine commandLine() {
        return new CommandLine(new Main()).setCaseInsensitiveEnumValuesAllowed(true);
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "Which command?");
    }

    /** What {@code --version} says. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"penstock " + Build.THIS};
        }
    }
}
