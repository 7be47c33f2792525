package io.penstock.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Help.Ansi;

/**
 * The terminal while a command has it to itself: another screen, without a cursor, as large as the
 * window is. However the process ends, but for a kill, the terminal is given back as it was.
 *
 * <p><b>Thread:</b> drawn on by one thread; signals come on others.
 */
final class Terminal implements AutoCloseable {
    private static final TerminalSize USUAL = new TerminalSize(80, 24);
    private static final long ASK_SECONDS = 1;
    private static final String TAKE = "\u001b[?1049h\u001b[?25l"; // other screen, no cursor
    private static final String GIVE_BACK = "\u001b[?25h\u001b[?1049l";
    private static final String TOP = "\u001b[H";
    private static final String END_OF_LINE = "\u001b[K";
    private static final String REST = "\u001b[J";

    private final PrintWriter out;
    private final Thread atExit = new Thread(this::giveBack, "penstock-terminal");
    private volatile TerminalSize size = ask();
    private boolean taken = true; // guarded by this

    private Terminal(PrintWriter out) {
        this.out = out;
    }

    /** Whether standard output is one; a JDK's console no longer says so. */
    static boolean isThere() {
        try {
            Process test = new ProcessBuilder("test", "-t", "1").inheritIO().start();
            return test.waitFor(ASK_SECONDS, TimeUnit.SECONDS) && test.exitValue() == 0;
        } catch (IOException e) {
            return false; // no POSIX
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Takes the terminal, until it is closed or the process ends. */
    static Terminal take(PrintWriter out) {
        Terminal terminal = new Terminal(out);
        Runtime.getRuntime().addShutdownHook(terminal.atExit); // Ctrl-C runs it, too
        Signals.handle("WINCH", () -> terminal.size = ask());
        out.print(TAKE);
        out.flush();
        return terminal;
    }

    /** As wide as the terminal is, if there is one. */
    static int columns() {
        return isThere() ? ask().columns() : USUAL.columns();
    }

    /** Draws the screen in place of what was there. */
    synchronized void draw(TopScreen screen, String state) {
        if (!taken) {
            return;
        }
        TerminalSize now = size;
        List<String> lines =
                screen.lines(now.columns(), now.rows(), Ansi.AUTO.enabled(), state);
        StringBuilder text = new StringBuilder(TOP);
        for (int i = 0; i < lines.size(); i++) {
            text.append(i == 0 ? "" : "\r\n").append(lines.get(i)).append(END_OF_LINE);
        }
        out.print(text.append(REST));
        out.flush();
    }

    private synchronized void giveBack() {
        if (taken) {
            taken = false;
            out.print(GIVE_BACK);
            out.flush();
        }
    }

    @Override
    public void close() {
        giveBack();
    }

    private static TerminalSize ask() {
        TerminalSize size = TerminalSize.ask();
        return size == null ? USUAL : size;
    }
}
