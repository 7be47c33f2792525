package io.penstock.log;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LogLineTest {
    private static final String TIME = "[0-9-]+T[0-9:.]+Z";

    @AfterEach
    void restore() {
        Logs.configure(LogSettings.DEFAULT);
    }

    private static Map<String, String> read(String line) throws IOException {
        Map<String, String> members = new HashMap<>();
        try (JsonParser parser = new JsonFactory().createParser(line)) {
            assertThat(parser.nextToken()).isEqualTo(JsonToken.START_OBJECT);
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                parser.nextToken();
                members.put(parser.currentName(), parser.getValueAsString());
            }
            assertThat(parser.nextToken()).isNull();
        }
        return members;
    }

    @Test
    void saysWhenHowBadWhereAndWhat() {
        String thread = Thread.currentThread().getName().replaceAll("[^A-Za-z0-9-]", ".");

        assertThat(LogLine.text("WARN", "io.penstock.X", "reload_failed cause=\"é\"", null))
                .matches(TIME + " WARN io\\.penstock\\.X \\[" + thread
                        + "\\] reload_failed cause=\"é\"\n");
    }

    /** What a peer sends must not make lines that look like the proxy's own. */
    @Test
    void keepsControlCharactersOutOfALine() {
        assertThat(LogLine.text("INFO", "x", "a\nb\r\u0007\tc\u0085", null))
                .endsWith("a\\nb\\r?\tc?\n");
    }

    @Test
    void showsWhatWasThrownBelowTheLine() {
        assertThat(LogLine.text("ERROR", "x", "failed", new IllegalStateException("oops")).lines())
                .hasSizeGreaterThan(2).element(1)
                .isEqualTo("java.lang.IllegalStateException: oops");
    }

    @Test
    void isOneObjectWithTheTraceInIt() throws IOException {
        String line = LogLine.json("ERROR", "io.penstock.X", "a \"b\"\nc",
                new IllegalStateException("oops"));

        Map<String, String> members = read(line);
        assertThat(line).endsWith("}\n").hasLineCount(1);
        assertThat(members).containsEntry("level", "error").containsEntry("logger",
                "io.penstock.X").containsEntry("message", "a \"b\"\nc")
                .containsEntry("thread", Thread.currentThread().getName());
        assertThat(Instant.parse(members.get("time"))).isBefore(Instant.now().plusSeconds(1));
        assertThat(members.get("exception"))
                .startsWith("java.lang.IllegalStateException: oops");
    }

    /** Cut by the queue in the middle, an object would be none. */
    @Test
    void isNeverLongerThanALineMayBe() throws IOException {
        String long1 = "\u0001".repeat(StandardError.MAX_LINE_BYTES);

        String line = LogLine.json("ERROR", "x", long1, new IllegalStateException(long1));

        assertThat(line.getBytes(StandardCharsets.UTF_8))
                .hasSizeLessThan(StandardError.MAX_LINE_BYTES);
        assertThat(read(line)).containsKeys("message", "exception");
    }

    @Test
    void linesThatCameFromNoLoggerBecomeObjectsToo() throws IOException {
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        Logs.configure(new LogSettings(true, LogLevel.INFO, Map.of()));
        StandardError error = new StandardError(written);
        PrintStream printer = new PrintStream(error, true, StandardCharsets.UTF_8);
        printer.println("penstock: stopped");
        printer.print(LogLine.json("WARN", "x", "event a=1", null));

        error.close();

        List<String> lines = written.toString(StandardCharsets.UTF_8).lines().toList();
        assertThat(lines).hasSize(2);
        assertThat(read(lines.get(0))).containsEntry("message", "penstock: stopped")
                .containsEntry("level", "info").containsEntry("logger", null);
        assertThat(read(lines.get(1))).containsEntry("message", "event a=1")
                .containsEntry("level", "warn");
    }
}
