package io.penstock.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** How large the terminal is, as {@code stty} says it. */
record TerminalSize(int columns, int rows) {
    private static final long PATIENCE_SECONDS = 1;

    /** Asks; null where that is not to be learnt. */
    static @Nullable TerminalSize ask() {
        try {
            Process stty = new ProcessBuilder("stty", "size")
                    .redirectInput(ProcessBuilder.Redirect.INHERIT)
                    .redirectError(ProcessBuilder.Redirect.DISCARD).start();
            if (!stty.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                stty.destroy();
                return null;
            }
            String said = new String(stty.getInputStream().readAllBytes(),
                    StandardCharsets.US_ASCII).strip();
            if (!said.matches("[1-9][0-9]{0,3} [1-9][0-9]{1,3}")) {
                return null;
            }
            String[] sides = said.split(" ");
            return new TerminalSize(Integer.parseInt(sides[1]), Integer.parseInt(sides[0]));
        } catch (IOException e) {
            return null; // no such program here, as on Windows
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
        }
    }
}
