package io.penstock.log;

import org.jspecify.annotations.Nullable;
import org.slf4j.Marker;
import org.slf4j.event.Level;
import org.slf4j.helpers.LegacyAbstractLogger;
import org.slf4j.helpers.MessageFormatter;

/**
 * A logger that writes to {@link System#err}, whatever that is at the moment.
 *
 * <p><b>Thread:</b> safe; it waits only where {@link System#err} does, which {@link StandardError}
 * does not.
 */
final class LineLogger extends LegacyAbstractLogger {
    private static final long serialVersionUID = 1;

    private volatile LogLevel level;

    LineLogger(String name, LogLevel level) {
        this.name = name;
        this.level = level;
    }

    void use(LogLevel now) {
        level = now;
    }

    private boolean tells(LogLevel asked) {
        return asked.compareTo(level) >= 0;
    }

    @Override
    public boolean isTraceEnabled() {
        return tells(LogLevel.TRACE);
    }

    @Override
    public boolean isDebugEnabled() {
        return tells(LogLevel.DEBUG);
    }

    @Override
    public boolean isInfoEnabled() {
        return tells(LogLevel.INFO);
    }

    @Override
    public boolean isWarnEnabled() {
        return tells(LogLevel.WARN);
    }

    @Override
    public boolean isErrorEnabled() {
        return tells(LogLevel.ERROR);
    }

    @Override
    protected @Nullable String getFullyQualifiedCallerName() {
        return null; // no line tells the place in the code
    }

    @Override
    protected void handleNormalizedLoggingCall(Level level, @Nullable Marker marker,
            @Nullable String pattern, Object @Nullable [] arguments, @Nullable Throwable cause) {
        String message = MessageFormatter.basicArrayFormat(pattern, arguments);
        System.err.print(Logs.isJson() ? LogLine.json(level.name(), name, message, cause)
                : LogLine.text(level.name(), name, message, cause)); // one write: lines stay whole
    }
}
