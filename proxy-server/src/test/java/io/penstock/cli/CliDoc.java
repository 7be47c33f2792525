package io.penstock.cli;

import io.penstock.admin.Build;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * {@code docs/cli.md} and the manual page {@code docs/man/penstock.1}, written from the commands
 * that picocli parses.
 */
final class CliDoc {
    private static final String[] EXIT_CODES = {
        "0: fine", "1: it failed while running, such as a port that is taken",
        "2: bad usage or configuration"};

    private static final String[] VARIABLES = {
        "PENSTOCK_JAVA_OPTS: further options of the JVM",
        "PENSTOCK_JAVA, JAVA_HOME: the JVM that `bin/penstock` runs; without them the newest it "
                + "finds",
        "PENSTOCK_DATA_DIR: see `serve --data-dir`",
        "PENSTOCK_ADMIN_TOKEN: see `usage --token`"};

    private CliDoc() {}

    private static List<CommandSpec> commands() {
        List<CommandSpec> all = new ArrayList<>();
        add(all, Main.commandLine());
        return all;
    }

    private static void add(List<CommandSpec> all, CommandLine command) {
        all.add(command.getCommandSpec());
        command.getSubcommands().values().forEach(each -> add(all, each));
    }

    static String page() {
        StringBuilder page = new StringBuilder("""
                # Command line

                <!-- Written by CliDocTest from the commands; edit those, then run
                `mvn -pl proxy-server test -Dtest=CliDocTest -Dpenstock.docs=write`. -->

                `bin/penstock COMMAND`, or `java -jar penstock.jar COMMAND`. Every command has
                `--help`; `penstock --version` names release, commit and build time. What is below
                is also a manual page: `man docs/man/penstock.1`. `bin/penstock bench` measures an
                endpoint; it is a program of its own, with its own `--help`.

                ```sh
                source <(bin/penstock completion bash)   # commands and options, completed by Tab
                source <(bin/penstock completion zsh)    # the same in zsh
                ```

                """);
        List<CommandSpec> commands = commands();
        page.append("| command | what it does |\n| --- | --- |\n");
        for (CommandSpec command : commands.subList(1, commands.size())) {
            page.append("| [`").append(name(command)).append("`](#")
                    .append(name(command).replace(' ', '-')).append(") | ")
                    .append(cell(description(command))).append(" |\n");
        }
        page.append("\n## Exit codes and variables\n\n");
        for (String code : EXIT_CODES) {
            page.append("- ").append(code.replaceFirst("^(.): (.*)", "`$1`: $2.\n"));
        }
        for (String variable : VARIABLES) {
            page.append("- ").append(wrapped(coded(variable) + ".", "  ")).append('\n');
        }
        for (CommandSpec command : commands.subList(1, commands.size())) {
            section(page, command);
        }
        return page.toString();
    }

    private static String coded(String variable) {
        int colon = variable.indexOf(':');
        return "`" + variable.substring(0, colon).replace(", ", "`, `") + "`"
                + variable.substring(colon);
    }

    private static void section(StringBuilder page, CommandSpec command) {
        page.append("\n## ").append(name(command)).append("\n\n")
                .append(wrapped(description(command), "")).append("\n\n```text\n")
                .append(synopsis(command)).append("```\n");
        List<ArgSpec> arguments = arguments(command);
        if (!arguments.isEmpty()) {
            page.append("\n| argument | meaning |\n| --- | --- |\n");
            for (ArgSpec argument : arguments) {
                page.append("| `").append(names(argument)).append("` | ")
                        .append(cell(meaning(argument)))
                        .append(argument.required() ? " Required." : "").append(" |\n");
            }
        }
    }

    /** In roff, of the {@code man} macros. */
    static String manual() {
        StringBuilder page = new StringBuilder(".\\\" Written by CliDocTest.\n")
                .append(".TH PENSTOCK 1 \"\" \"Penstock ").append(Build.THIS.version())
                .append("\" \"User Commands\"\n.SH NAME\n")
                .append("penstock \\- a streaming reverse proxy for LLM APIs\n")
                .append(".SH SYNOPSIS\n.B penstock\n.I COMMAND\n[\\fIOPTIONS\\fR]\n.SH COMMANDS\n");
        List<CommandSpec> commands = commands();
        for (CommandSpec command : commands.subList(1, commands.size())) {
            page.append(".SS \"").append(roff(name(command))).append("\"\n")
                    .append(roff(description(command))).append("\n.PP\n.nf\n")
                    .append(roff(synopsis(command))).append(".fi\n");
            for (ArgSpec argument : arguments(command)) {
                page.append(".TP\n.B ").append(roff(names(argument))).append('\n')
                        .append(roff(meaning(argument))).append('\n');
            }
        }
        page.append(".SH EXIT STATUS\n");
        for (String code : EXIT_CODES) {
            page.append(".TP\n.B ").append(code.charAt(0)).append('\n')
                    .append(roff(code.substring(3))).append(".\n");
        }
        page.append(".SH ENVIRONMENT\n");
        for (String variable : VARIABLES) {
            int colon = variable.indexOf(':');
            page.append(".TP\n.B ").append(variable, 0, colon).append('\n')
                    .append(roff(variable.substring(colon + 2))).append(".\n");
        }
        return page.append(".SH FILES\n.TP\n.I conf/penstock.yaml\nthe configuration, unless ")
                .append("\\fB\\-c\\fR names another.\n.TP\n.I .env\nvariables that the ")
                .append("environment does not have.\n").toString();
    }

    private static String roff(String text) {
        return text.replace("\\", "\\e").replace("-", "\\-").replaceAll("(?m)^([.'])", "\\\\&$1")
                .replaceAll("`([^`]*)`", "\\\\fB$1\\\\fR");
    }

    private static String name(CommandSpec command) {
        return command.qualifiedName(" ").substring("penstock ".length());
    }

    private static String description(CommandSpec command) {
        return String.join(" ", command.usageMessage().description());
    }

    private static String synopsis(CommandSpec command) {
        return new Help(command, Help.defaultColorScheme(Help.Ansi.OFF)).synopsis(0);
    }

    /** Without {@code --help} and {@code --version}, which each has. */
    private static List<ArgSpec> arguments(CommandSpec command) {
        List<ArgSpec> arguments = new ArrayList<>();
        for (OptionSpec option : command.options()) {
            if (!option.usageHelp() && !option.versionHelp()) {
                arguments.add(option);
            }
        }
        arguments.addAll(command.positionalParameters());
        return arguments;
    }

    private static String names(ArgSpec argument) {
        if (argument instanceof PositionalParamSpec) {
            return argument.paramLabel();
        }
        String names = String.join(", ", ((OptionSpec) argument).names());
        return argument.arity().max() == 0 ? names : names + " " + argument.paramLabel();
    }

    private static String meaning(ArgSpec argument) {
        String words = argument.completionCandidates() == null ? ""
                : StreamSupport.stream(
                        argument.completionCandidates().spliterator(), false)
                        .collect(Collectors.joining(", "));
        return String.join(" ", argument.description())
                .replace("${DEFAULT-VALUE}", String.valueOf(argument.defaultValue()))
                .replace("${COMPLETION-CANDIDATES}", words);
    }

    private static String cell(String text) {
        return text.replace("|", "\\|");
    }

    private static String wrapped(String text, String indent) {
        StringBuilder out = new StringBuilder();
        int column = indent.length();
        for (String word : text.split(" ")) {
            if (column > indent.length() && column + word.length() > 97) {
                out.append('\n').append(indent);
                column = indent.length();
            } else if (column > indent.length()) {
                out.append(' ');
                column++;
            }
            out.append(word);
            column += word.length();
        }
        return out.toString();
    }
}
