package io.penstock.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** When, where and how a run took place: what a figure needs in order to mean something. */
record RunDescription(Map<String, String> facts) {
    private static final Path CPUS = Path.of("/proc/cpuinfo");

    static RunDescription of(String label, List<String> commandLine) throws IOException {
        Map<String, String> facts = new LinkedHashMap<>();
        if (label != null) {
            facts.put("label", label);
        }
        facts.put("started", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        facts.put("machine", cpuModel() + ", " + Runtime.getRuntime().availableProcessors()
                + " processors for this client");
        facts.put("system", System.getProperty("os.name") + " "
                + System.getProperty("os.version") + " " + System.getProperty("os.arch"));
        facts.put("jdk", System.getProperty("java.vm.name") + " "
                + System.getProperty("java.runtime.version"));
        facts.put("command", "penstock bench " + String.join(" ", masked(commandLine)));
        return new RunDescription(facts);
    }

    private static String cpuModel() throws IOException {
        if (!Files.exists(CPUS)) {
            return "unknown processor";
        }
        return Files.readString(CPUS).lines()
                .filter(line -> line.startsWith("model name"))
                .map(line -> line.substring(line.indexOf(':') + 1).trim())
                .findFirst()
                .orElse("unknown processor");
    }

    /** The API key is nobody's business. */
    static List<String> masked(List<String> arguments) {
        String[] masked = arguments.toArray(String[]::new);
        for (int i = 0; i < masked.length; i++) {
            if (masked[i].startsWith("--key=")) {
                masked[i] = "--key=***";
            } else if (i > 0 && masked[i - 1].equals("--key")) {
                masked[i] = "***";
            }
        }
        return List.of(masked);
    }
}
