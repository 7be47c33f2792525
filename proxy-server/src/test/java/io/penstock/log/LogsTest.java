package io.penstock.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

class LogsTest {
    private static final String NAME = "io.penstock.logstest.one";

    private final Logger one = LoggerFactory.getLogger(NAME);
    private final Logger other = LoggerFactory.getLogger("io.penstock.logstest.other");
    private final Logger library = LoggerFactory.getLogger("org.logstest.library");

    @AfterEach
    void restore() {
        Logs.configure(LogSettings.DEFAULT);
        Logs.setWhileRunning().keySet().forEach(name -> Logs.set(name, null));
    }

    @Test
    void isWhatSlf4jFinds() {
        assertThat(one).isInstanceOf(LineLogger.class)
                .isSameAs(LoggerFactory.getLogger(NAME));
        assertThat(one.isInfoEnabled()).isTrue();
        assertThat(one.isDebugEnabled()).isFalse();
    }

    @Test
    void aLevelCountsForAllBelowItsName() {
        assertThat(Logs.set("io.penstock.logstest", LogLevel.DEBUG)).isTrue();
        assertThat(Logs.set("io.penstock.logstest.other", LogLevel.ERROR)).isTrue();

        assertThat(one.isDebugEnabled()).isTrue();
        assertThat(one.isTraceEnabled()).isFalse();
        assertThat(other.isWarnEnabled()).isFalse();
        assertThat(other.isErrorEnabled()).isTrue();
        assertThat(LoggerFactory.getLogger("io.penstock.logstests").isDebugEnabled())
                .as("a longer word is another name").isFalse();
        assertThat(LoggerFactory.getLogger("io.penstock.logstest.late").isDebugEnabled())
                .as("made later").isTrue();
    }

    @Test
    void takesALevelBack() {
        Logs.set(NAME, LogLevel.OFF);
        assertThat(one.isErrorEnabled()).isFalse();

        Logs.set(NAME, null);

        assertThat(one.isInfoEnabled()).isTrue();
        assertThat(Logs.levels()).doesNotContainKey(NAME);
    }

    @Test
    void whatIsSetWhileItRunsOutlivesAReload() {
        Logs.set(NAME, LogLevel.TRACE);

        Logs.configure(new LogSettings(false, LogLevel.WARN, Map.of(NAME, LogLevel.ERROR,
                "io.penstock.logstest.other", LogLevel.INFO)));

        assertThat(one.isTraceEnabled()).isTrue();
        assertThat(other.isInfoEnabled()).isTrue();
        assertThat(LoggerFactory.getLogger("io.penstock.any").isInfoEnabled()).isFalse();
        assertThat(library.isInfoEnabled()).isFalse();
        assertThat(library.isWarnEnabled()).isTrue();
    }

    @Test
    void librariesTellDetailsOnlyWhereTheyAreNamed() {
        Logs.configure(new LogSettings(false, LogLevel.DEBUG, Map.of()));
        assertThat(one.isDebugEnabled()).isTrue();
        assertThat(library.isDebugEnabled()).isFalse();

        Logs.set(Logs.ROOT, LogLevel.DEBUG);

        assertThat(library.isDebugEnabled()).isTrue();
    }

    @Test
    void takesNoMoreNamesThanItsBound() {
        for (int i = 0; i < Logs.MAX_NAMES; i++) {
            assertThat(Logs.set("a" + i, LogLevel.INFO)).isTrue();
        }
        assertThat(Logs.set("one.more", LogLevel.INFO)).isFalse();
        assertThat(Logs.set("a0", LogLevel.WARN)).isTrue();
        assertThat(Logs.isName("a..b")).isFalse();
        assertThat(Logs.isName("x".repeat(Logs.MAX_NAME_LENGTH + 1))).isFalse();
        assertThatThrownBy(() -> Logs.set("no name", LogLevel.INFO))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
