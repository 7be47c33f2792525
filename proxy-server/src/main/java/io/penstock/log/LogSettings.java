package io.penstock.log;

import java.util.Map;

/**
 * The {@code observe.log} section.
 *
 * @param json one JSON object a line; else text
 * @param level of the proxy's own loggers; libraries tell no more than {@code info}
 * @param levels of single loggers, and of all those whose names begin with theirs and a dot
 */
public record LogSettings(boolean json, LogLevel level, Map<String, LogLevel> levels) {
    public static final LogSettings DEFAULT = new LogSettings(false, LogLevel.INFO, Map.of());

    public LogSettings {
        levels = Map.copyOf(levels);
        if (levels.size() > Logs.MAX_NAMES) {
            throw new IllegalArgumentException("levels: " + levels.size()
                    + " loggers (expected: at most " + Logs.MAX_NAMES + ")");
        }
        for (String name : levels.keySet()) {
            if (!Logs.isName(name)) {
                throw new IllegalArgumentException("levels: '" + name
                        + "' (expected: a logger's name such as io.penstock.upstream)");
            }
        }
    }
}
