package io.penstock.translate.request;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.translate.request.Part.ToolCall;
import io.penstock.translate.request.ToolIds.Rule;
import io.penstock.translate.request.Turn.Role;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ToolIdsTest {
    private static List<String> assign(Rule rule, String... ids) {
        List<Turn> turns = new ArrayList<>();
        for (String id : ids) {
            Turn turn = new Turn(Role.ASSISTANT, "");
            turn.parts().add(new ToolCall(id, "f", Raw.EMPTY, true, null, "", null));
            turns.add(turn);
        }
        ToolIds.assign(turns, rule);
        return turns.stream().map(turn -> turn.all(ToolCall.class).get(0).sentId).toList();
    }

    @ParameterizedTest
    @EnumSource
    void givesLegalIdsUnlikeOneAnother(Rule rule) {
        String[] ids = {"a", "functions.f:0", "functions.f:0", "", "\u00e9", "x".repeat(300),
            "abcdefghi", "abcdefghi", "a b", "call_1"};

        List<String> sent = assign(rule, ids);

        assertThat(sent).doesNotHaveDuplicates().allMatch(rule::accepts);
        assertThat(assign(rule, ids)).isEqualTo(sent);
    }

    @Test
    void keepsWhatIsLegal() {
        assertThat(assign(Rule.ANTHROPIC, "toolu_1", "call-2"))
                .containsExactly("toolu_1", "call-2");
        assertThat(assign(Rule.NINE, "aB3456789")).containsExactly("aB3456789");
    }

    @Test
    void mapsAnIdAlikeWhateverStandsBesideIt() {
        String alone = assign(Rule.BEDROCK, "a b").get(0);

        assertThat(assign(Rule.BEDROCK, "x", "a b", "y").get(1)).isEqualTo(alone);
    }

    @Test
    void copesWithManyOfTheSame() {
        String[] same = new String[50_000];
        Arrays.fill(same, "functions.f:0");

        assertThat(assign(Rule.ANTHROPIC, same)).doesNotHaveDuplicates();
    }
}
