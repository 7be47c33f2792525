package io.penstock.log;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** How much a logger tells, from everything to nothing. */
public enum LogLevel {
    TRACE, DEBUG, INFO, WARN, ERROR, OFF;

    private final String text = name().toLowerCase(Locale.ROOT);

    /** The level in lower case, as the configuration and the admin port write it. */
    public String text() {
        return text;
    }

    /** The level of that name; null if there is none. */
    public static @Nullable LogLevel of(String text) {
        for (LogLevel level : values()) {
            if (level.text.equals(text)) {
                return level;
            }
        }
        return null;
    }
}
