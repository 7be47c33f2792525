package io.penstock.bench;

import java.io.IOException;
import java.time.Duration;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command line of the benchmarks: exit code 0, 1 when a run fails, 2 for bad usage. */
public final class Main {
    private static final String LEAK_DETECTION = "io.netty.leakDetection.level";

    private Main() {}

    /** Runs, and ends the process. */
    public static void main(String[] args) {
        if (System.getProperty(LEAK_DETECTION) == null) {
            System.setProperty(LEAK_DETECTION, "disabled"); // its sampling would be measured, too
        }
        System.exit(run(args));
    }

    static int run(String... args) {
        CommandLine line = new CommandLine(new BenchCommand());
        line.addSubcommand(new CommandLine(new JmhCommand())
                .setStopAtPositional(true)
                .setUnmatchedOptionsArePositionalParams(true));
        line.registerConverter(Duration.class, new DurationText());
        line.setParameterExceptionHandler((exception, arguments) -> {
            CommandLine command = exception.getCommandLine();
            command.getErr().println("penstock bench: " + exception.getMessage());
            command.getErr().println("Try --help.");
            return CommandLine.ExitCode.USAGE;
        });
        line.setExecutionExceptionHandler((exception, command, parsed) -> {
            if (exception instanceof IOException) { // the run's surroundings failed, not this code
                command.getErr().println("penstock bench: " + exception.getMessage());
                return CommandLine.ExitCode.SOFTWARE;
            }
            throw exception;
        });
        return line.execute(args);
    }

    @Command(name = "jmh", description = "Runs the JMH benchmarks; all arguments are JMH's.")
    static final class JmhCommand implements Runnable {
        @Spec CommandLine.Model.CommandSpec spec;

        @Parameters(arity = "0..*", paramLabel = "ARG", description = "Try -h.")
        String[] arguments = {};

        @Override
        public void run() {
            try {
                org.openjdk.jmh.Main.main(arguments);
            } catch (IOException e) {
                throw new CommandLine.ExecutionException(
                        spec.commandLine(), "JMH: " + e.getMessage(), e);
            }
        }
    }
}
