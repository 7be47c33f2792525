package io.penstock.cli;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code penstock completion}: the script that completes commands and options in a shell. */
@Command(name = "completion", mixinStandardHelpOptions = true, description = {
    "Prints the script that completes commands and options in a shell.",
    "Use it at once, or from a start file: source <(penstock completion bash)"})
final class CompletionCommand implements Callable<Integer> {
    private static final String ZSH_LOADS = "autoload -U +X compinit && compinit\n";

    /** The shells; zsh runs bash's script, once its own completion is there. */
    enum Shell { BASH, ZSH }

    @Parameters(paramLabel = "SHELL", description = "bash or zsh.")
    private Shell shell;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        spec.commandLine().getOut().print((shell == Shell.ZSH ? ZSH_LOADS : "")
                + AutoComplete.bash("penstock", Main.commandLine()));
        spec.commandLine().getOut().flush();
        return 0;
    }
}
