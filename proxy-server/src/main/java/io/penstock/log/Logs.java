package io.penstock.log;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The loggers of this process, and how much each of them tells. A level counts for the logger of
 * that name and for all below it, unless a longer name says otherwise. A level that was set while
 * the proxy runs ({@link #set}) goes before one that the configuration gives, until it is taken
 * back.
 *
 * <p><b>Thread:</b> safe; asking a logger for its level takes no lock.
 * <br><b>Bounds:</b> {@value #MAX_NAMES} levels of each of both kinds; names of {@value
 * #MAX_NAME_LENGTH} characters.
 */
public final class Logs {
    /** The name of all loggers together. */
    public static final String ROOT = "root";

    static final int MAX_NAMES = 100;
    static final int MAX_NAME_LENGTH = 200;
    private static final String OURS = "io.penstock";
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_$]+(\\.[A-Za-z0-9_$]+)*");

    private static final Map<String, LineLogger> LOGGERS = new HashMap<>();
    private static final Map<String, LogLevel> WHILE_RUNNING = new TreeMap<>();
    private static Map<String, LogLevel> configured = Map.of();
    private static volatile boolean json;

    static {
        configure(LogSettings.DEFAULT);
    }

    private Logs() {}

    /** Whether a logger may be called so. */
    public static boolean isName(String name) {
        return name.length() <= MAX_NAME_LENGTH && NAME.matcher(name).matches();
    }

    /** Goes by these settings from now on. */
    public static synchronized void configure(LogSettings settings) {
        json = settings.json();
        Map<String, LogLevel> levels = new TreeMap<>();
        // Of libraries debug lines are many, and some show what they send.
        levels.put(ROOT, settings.level().compareTo(LogLevel.INFO) < 0 ? LogLevel.INFO
                : settings.level());
        levels.put(OURS, settings.level());
        levels.putAll(settings.levels());
        configured = levels;
        refresh();
    }

    /**
     * Sets how much a logger tells, and all below it; {@code level} null takes that back. Returns
     * whether there was room for one more name.
     */
    public static synchronized boolean set(String name, @Nullable LogLevel level) {
        if (!isName(name)) {
            throw new IllegalArgumentException("name: " + name);
        }
        if (level == null) {
            WHILE_RUNNING.remove(name);
        } else if (WHILE_RUNNING.size() >= MAX_NAMES && !WHILE_RUNNING.containsKey(name)) {
            return false;
        } else {
            WHILE_RUNNING.put(name, level);
        }
        refresh();
        return true;
    }

    /** The levels in force, by the names that they were given to. */
    public static synchronized Map<String, LogLevel> levels() {
        Map<String, LogLevel> all = new TreeMap<>(configured);
        all.putAll(WHILE_RUNNING);
        return all;
    }

    /** The levels that were set while the proxy runs. */
    public static synchronized Map<String, LogLevel> setWhileRunning() {
        return new TreeMap<>(WHILE_RUNNING);
    }

    static synchronized LineLogger logger(String name) {
        return LOGGERS.computeIfAbsent(name, key -> new LineLogger(key, levelOf(key)));
    }

    static boolean isJson() {
        return json;
    }

    private static void refresh() {
        LOGGERS.values().forEach(logger -> logger.use(levelOf(logger.getName())));
    }

    /** The level of the longest name that the logger is, or is below. */
    private static LogLevel levelOf(String logger) {
        String name = logger;
        while (!name.isEmpty()) {
            LogLevel level = WHILE_RUNNING.getOrDefault(name, configured.get(name));
            if (level != null) {
                return level;
            }
            name = name.substring(0, Math.max(0, name.lastIndexOf('.')));
        }
        LogLevel level = WHILE_RUNNING.getOrDefault(ROOT, configured.get(ROOT));
        return level == null ? LogLevel.INFO : level;
    }
}
