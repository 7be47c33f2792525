package io.penstock.cli;

import io.penstock.config.ConfigException;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code penstock health}: asks a running proxy how it is, for images that have no shell. */
@Command(name = "health", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Asks a running proxy whether it takes calls; exit 0 if it does, 1 if not.")
final class HealthCommand implements Callable<Integer> {
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    @Option(names = "--live",
            description = "Asks only whether it runs: a proxy that drains is alive, not ready.")
    private boolean live;

    @Mixin
    private AdminPort port;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        try {
            AdminPort.Answer answer = port.get(port.address(null),
                    live ? "/health/live" : "/health/ready", PATIENCE);
            if (answer.status() != 200) {
                return fail(Main.FAILED, "penstock: not ready: " + answer.status() + " "
                        + answer.body());
            }
            spec.commandLine().getOut().println(answer.body());
            spec.commandLine().getOut().flush();
            return 0;
        } catch (ConfigException e) {
            return fail(Main.BAD_USAGE, String.valueOf(e.getMessage()));
        } catch (AdminPort.Unanswered e) {
            return fail(Main.FAILED, String.valueOf(e.getMessage()));
        }
    }

    private int fail(int code, String message) {
        spec.commandLine().getErr().println(message);
        spec.commandLine().getErr().flush();
        return code;
    }
}
