package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UsageTableTest {
    private static final String FIGURES = "\"calls\":1,\"tokens\":1200000,"
            + "\"prompt_tokens\":1000000,\"completion_tokens\":200000,\"cached_tokens\":0,"
            + "\"reasoning_tokens\":0,\"estimated_tokens\":0,\"dollars\":0.000000001";

    private static String answer(String callers, String more) {
        return "{\"month\":\"2026-11\",\"callers\":[" + callers + "]" + more + ",\"total\":{"
                + FIGURES + "},\"store\":\"ok\"}";
    }

    private static String caller(String id, String budget) {
        return "{\"id\":\"" + id + "\"," + FIGURES + ",\"budget\":" + budget + ",\"models\":[]}";
    }

    @Test
    void showsWhatIsLeft() throws IOException {
        String table = UsageTable.parse(answer(String.join(",",
                caller("tokens", "{\"tokens_left\":41200000,\"dollars_left\":null}"),
                caller("dollars", "{\"tokens_left\":null,\"dollars_left\":1234.5}"),
                caller("both", "{\"tokens_left\":0,\"dollars_left\":0.25}"),
                caller("none", "null")), "")).text(null);

        assertThat(table).isEqualTo("""
                2026-11 (UTC)
                caller   calls     prompt  completion  cached      dollars               left
                tokens       1  1,000,000     200,000       0  0.000000001  41,200,000 tokens
                dollars      1  1,000,000     200,000       0  0.000000001           $1,234.5
                both         1  1,000,000     200,000       0  0.000000001    0 tokens, $0.25
                none         1  1,000,000     200,000       0  0.000000001                  -
                total        1  1,000,000     200,000       0  0.000000001                  -
                """);
    }

    @Test
    void saysHowManyCallersAreLeftOut() throws IOException {
        assertThat(UsageTable.parse(answer(caller("a", "null"), ",\"omitted_callers\":12345"))
                .text(null)).contains("\n… and 12,345 more\n");
    }

    @Test
    void leavesTheTerminalAlone() throws IOException {
        assertThat(UsageTable.parse(answer(caller("a\\u001b[2J\\n\\u202eb", "null"), ""))
                .text(null)).contains("\na?[2J??b ");
    }

    @ParameterizedTest
    @CsvSource({"failing,the store fails: ", "memory,the proxy has no store: "})
    void warnsOfAStoreThatKeepsNothing(String state, String warning) throws IOException {
        assertThat(UsageTable.parse("{\"store\":\"" + state + "\"}").warning())
                .startsWith(warning);
        assertThat(UsageTable.parse("{\"store\":\"ok\"}").warning()).isNull();
    }

    @Test
    void showsWhatAnErrorSays() throws IOException {
        assertThat(UsageTable.parse("{\"error\":{\"message\":\"No.\"}}").error(400))
                .isEqualTo("No.");
        assertThat(UsageTable.parse("{}").error(500)).isEqualTo("the admin port answered with 500");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "<html>", "[]", "{\"callers\":[", "{}", "{\"callers\":[1],"
            + "\"total\":{}}", "{\"callers\":{},\"total\":{}}"})
    void refusesWhatIsNoAnswer(String body) {
        assertThatThrownBy(() -> UsageTable.parse(body).text(null))
                .isInstanceOf(IOException.class);
    }
}
