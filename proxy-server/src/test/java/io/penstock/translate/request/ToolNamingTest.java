package io.penstock.translate.request;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.translate.CallerTool;
import io.penstock.translate.CallerTools;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ToolNamingTest {
    private static final String LONG = "mcp__plugin_productivity_suite_google_workspace__"
            + "calendar_events_list_upcoming_for_user";
    private static final Pattern NAME = Pattern.compile("\"name\":\"([^\"]*)\"");

    private static TranslationCase.Result chat(ProviderFormat to, String... names)
            throws UntranslatableException {
        StringBuilder tools = new StringBuilder();
        for (String name : names) {
            tools.append(tools.isEmpty() ? "" : ",")
                    .append("{'type':'function','function':{'name':'").append(name).append("'}}");
        }
        return translate(to, "{'model':'m','messages':[{'role':'user','content':'a'},"
                + "{'role':'assistant','tool_calls':[{'id':'c','type':'function','function':"
                + "{'name':'" + names[0] + "','arguments':'{}'}}]},{'role':'tool',"
                + "'tool_call_id':'c','content':'r'}],'tools':[" + tools
                + "],'tool_choice':{'type':'function','function':{'name':'" + names[0] + "'}}}");
    }

    private static TranslationCase.Result translate(ProviderFormat to, String body)
            throws UntranslatableException {
        String model = to == ProviderFormat.CHAT ? "gpt-4o"
                : to == ProviderFormat.GEMINI ? "gemini-2.5-flash" : "claude-sonnet-4-6";
        return TranslationCase.translate(ClientFormat.CHAT, to, JsonTree.quoted(body),
                TranslationOptions.of(model, false), 0);
    }

    private static List<String> names(String body) {
        List<String> names = new ArrayList<>();
        Matcher matcher = NAME.matcher(body);
        while (matcher.find()) {
            names.add(matcher.group(1));
        }
        return names;
    }

    @ParameterizedTest
    @EnumSource(ProviderFormat.class)
    void aNameThatIsAcceptedStays(ProviderFormat to) throws Exception {
        TranslationCase.Result result = chat(to, "get_weather-2");

        assertThat(names(result.body())).isNotEmpty().containsOnly("get_weather-2");
        assertThat(result.tools()).isEqualTo(CallerTools.SAME);
    }

    @ParameterizedTest
    @EnumSource(names = {"CHAT", "GEMINI", "CONVERSE"})
    void aLongNameIsShortenedWhereverItStands(ProviderFormat to) throws Exception {
        TranslationCase.Result result = chat(to, LONG);

        assertThat(new HashSet<>(names(result.body()))).hasSize(1)
                .allMatch(name -> name.matches("mcp__plugin_producti_[a-z0-9]{8}_.{34}")
                        && name.endsWith("list_upcoming_for_user"));
        assertThat(result.body()).doesNotContain(LONG);
        assertThat(result.tools().bySentName()).containsOnlyKeys(names(result.body()).get(0))
                .containsValue(CallerTool.function(LONG));
        assertThat(result.dropped()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(names = {"MESSAGES", "MESSAGES_ON_BEDROCK"})
    void anthropicTakesLongerOnes(ProviderFormat to) throws Exception {
        assertThat(names(chat(to, LONG).body())).containsOnly(LONG);
        assertThat(names(chat(to, LONG + LONG).body())).doesNotContain(LONG + LONG)
                .allMatch(name -> name.length() == 128);
    }

    @Test
    void aNameIsShortenedTheSameInEveryRequest() throws Exception {
        String alone = names(chat(ProviderFormat.CHAT, LONG).body()).get(0);

        assertThat(names(chat(ProviderFormat.CHAT, "f", LONG + "_2", LONG).body()))
                .contains(alone);
    }

    @Test
    void namesThatDifferInTheirMiddleStayApart() throws Exception {
        String a = LONG.replace("google", "micros");
        TranslationCase.Result result = chat(ProviderFormat.CHAT, LONG, a);

        assertThat(result.tools().bySentName()).hasSize(2)
                .containsValues(CallerTool.function(LONG), CallerTool.function(a));
    }

    @Test
    void aNameThatIsTakenIsNotGivenTwice() throws Exception {
        String taken = names(chat(ProviderFormat.CHAT, LONG).body()).get(0);
        TranslationCase.Result result = chat(ProviderFormat.CHAT, LONG, taken);

        assertThat(result.tools().bySentName()).hasSize(1)
                .containsValue(CallerTool.function(LONG)).doesNotContainKey(taken);
        assertThat(names(result.body())).contains(taken);
    }

    @ParameterizedTest
    @EnumSource(ProviderFormat.class)
    void charactersThatAreRefusedAreReplaced(ProviderFormat to) throws Exception {
        TranslationCase.Result result = chat(to, "fs/read file\u00e9", "fs_read_file_");
        String sent = names(result.body()).stream().filter(name -> !name.equals("fs_read_file_"))
                .findFirst().orElseThrow();

        assertThat(sent).matches("fs_read_file__[a-z0-9]{8}");
        assertThat(result.tools().bySentName()).containsOnlyKeys(sent)
                .containsValue(CallerTool.function("fs/read file\u00e9"));
    }

    @Test
    void eachProviderHasMarksOfItsOwn() throws Exception {
        assertThat(names(chat(ProviderFormat.GEMINI, "a.b:c").body())).containsOnly("a.b:c");
        assertThat(names(chat(ProviderFormat.CHAT, "a.b:c").body())).doesNotContain("a.b:c");
        assertThat(names(chat(ProviderFormat.CHAT, "1st").body())).containsOnly("1st");
        assertThat(names(chat(ProviderFormat.GEMINI, "1st").body()))
                .allMatch(name -> name.startsWith("_1st_"));
    }

    @Test
    void aToolThatStandsInForASchemaKeepsItsName() throws Exception {
        TranslationCase.Result result = TranslationCase.translate(ClientFormat.CHAT,
                ProviderFormat.MESSAGES, JsonTree.quoted("{'model':'m','messages':[{'role':"
                + "'user','content':'a'}],'tools':[{'type':'function','function':{'name':"
                + "'json_output'}}],'response_format':{'type':'json_schema','json_schema':"
                + "{'name':'n','schema':{'type':'object'}}}}"),
                TranslationOptions.of("claude-sonnet-4-20250514", false), 0);

        assertThat(names(result.body())).hasSize(2).doesNotHaveDuplicates()
                .contains(Translated.JSON_TOOL);
        assertThat(result.tools().bySentName()).hasSize(1)
                .containsValue(CallerTool.function("json_output"));
    }
}
