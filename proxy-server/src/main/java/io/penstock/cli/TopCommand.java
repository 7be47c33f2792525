package io.penstock.cli;

import io.penstock.cli.AdminPort.Address;
import io.penstock.config.ConfigException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.ZoneId;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code penstock top}: how the proxy does, live in a terminal. */
@Command(name = "top", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Shows live how the proxy does: rates, times, providers, exchanges.")
final class TopCommand implements Callable<Integer> {
    private static final String PATH = "/admin/events";
    private static final Duration PATIENCE = Duration.ofSeconds(10); // it tells each second
    private static final long RETRY_MILLIS = 1000;

    @Mixin
    private AdminPort port;

    @Option(names = "--token", paramLabel = "T",
            description = "What the admin port asks for (default: PENSTOCK_ADMIN_TOKEN, else the "
                    + "configuration's).")
    private String token;

    @Option(names = "--once", description = "Prints one screen, and ends.")
    private boolean once;

    @Option(names = "--json", description = "Prints the figures as JSON, a line each second.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException {
        Address place;
        try {
            place = port.address(token);
        } catch (ConfigException e) {
            return fail(Main.BAD_USAGE, String.valueOf(e.getMessage()));
        }
        if (once || json) {
            return print(place);
        }
        if (!Terminal.isThere()) {
            return fail(Main.BAD_USAGE, "penstock: standard output is no terminal: ask with "
                    + "--once or --json");
        }
        return show(place);
    }

    private Integer fail(int code, String message) {
        spec.commandLine().getErr().println(message);
        spec.commandLine().getErr().flush();
        return code;
    }

    /** What is done with each event; returns false when that was the last that is wanted. */
    private interface Reader {
        boolean onEvent(String name, String data) throws IOException;
    }

    /** Reads the feed while it lasts and more is wanted; returns why it can't, else nothing. */
    private String read(Address place, Reader reader) throws AdminPort.Unanswered {
        return port.read(place, PATH, PATIENCE, (status, body) -> {
            if (status != 200) {
                return status == 401 ? place.refusal() : "penstock: what answers on "
                        + place.text() + " has no feed for this (status " + status + ")";
            }
            BufferedReader lines = new BufferedReader(
                    new InputStreamReader(body, StandardCharsets.UTF_8));
            String name = "";
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith("event: ")) {
                    name = line.substring("event: ".length());
                } else if (line.startsWith("data: ")
                        && !reader.onEvent(name, line.substring("data: ".length()))) {
                    break;
                }
            }
            return "";
        });
    }

    private Integer print(Address place) {
        PrintWriter out = spec.commandLine().getOut();
        TopScreen screen = new TopScreen(place.text(), ZoneId.systemDefault());
        boolean[] told = {false};
        String problem;
        try {
            problem = read(place, (name, data) -> {
                screen.onEvent(name, data);
                if (!name.equals(json ? "overview" : "running") || !screen.isComplete()) {
                    return true;
                }
                told[0] = true;
                if (json) {
                    out.println(data);
                } else {
                    screen.lines(Terminal.columns(), Integer.MAX_VALUE, Ansi.AUTO.enabled(), "")
                            .forEach(out::println);
                }
                out.flush();
                return !once && !out.checkError();
            });
        } catch (AdminPort.Unanswered e) {
            problem = String.valueOf(e.getMessage());
        }
        return !problem.isEmpty() ? fail(Main.FAILED, problem) : told[0] ? 0
                : fail(Main.FAILED, "penstock: " + place.text() + " ended the feed");
    }

    /** Until Ctrl-C; a proxy that goes is waited for. */
    private Integer show(Address place) throws InterruptedException {
        TopScreen screen = new TopScreen(place.text(), ZoneId.systemDefault());
        try (Terminal terminal = Terminal.take(spec.commandLine().getOut())) {
            while (true) {
                String state = "ended the feed";
                try {
                    String problem = read(place, (name, data) -> {
                        screen.onEvent(name, data);
                        if (name.equals("running")) { // the last of each second
                            terminal.draw(screen, "");
                        }
                        return true;
                    });
                    if (!problem.isEmpty()) {
                        terminal.close();
                        return fail(Main.FAILED, problem);
                    }
                } catch (AdminPort.Unanswered e) {
                    state = "does not answer";
                }
                terminal.draw(screen, state);
                Thread.sleep(RETRY_MILLIS);
            }
        }
    }
}
