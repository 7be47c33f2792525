package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class KeysCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int newKey(String id) {
        return new CommandLine(new KeysCommand()).setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true)).execute("new", "--id", id);
    }

    @Test
    void printsAKeyWithTheEntryThatHoldsItsHash() {
        assertThat(newKey("team-a")).isZero();

        String key = out.toString().replaceAll("(?s).*once\\): (psk-[A-Za-z0-9_-]{32})\n.*", "$1");
        assertThat(out).hasToString("API key (shown this once): " + key + "\nUnder auth.keys:\n"
                + "  - {id: \"team-a\", hash: \"" + KeysCommand.hash(key) + "\"}\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"two words", "a: b", "", "anonymous", "jwt:alice"})
    void makesNoKeyForAnIdThatTheConfigurationWouldNotTake(String id) {
        assertThat(newKey(id)).isEqualTo(Main.BAD_USAGE);

        assertThat(out.toString()).isEmpty();
        assertThat(err.toString()).contains("--id: '" + id + "' (expected: ");
    }
}
