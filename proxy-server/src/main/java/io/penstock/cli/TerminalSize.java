package io.penstock.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** How large the terminal is, as {@code stty} says it. */
final class TerminalSize {
    private static final long PATIENCE_SECONDS = 1;

    /** How many characters a line has; null where that is not to be learnt. */
    @Nullable String columns() {
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
            return said.matches("[0-9]+ [1-9][0-9]{1,3}") ? said.substring(said.indexOf(' ') + 1)
                    : null;
        } catch (IOException e) {
            return null; // no such program here, as on Windows
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
        }
    }
}
