package io.penstock.translate.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.testing.Bytes;
import io.penstock.translate.ResponseAnswer;
import io.penstock.translate.ResponseMemory;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ResponseRecallTest {
    private static final String CALL = "{'id':'fc_1','type':'function_call','call_id':'c','name':"
            + "'f','arguments':'{}'}";
    private static final String OUTPUT =
            "{'type':'function_call_output','call_id':'c','output':'r'}";

    private final ResponseMemory memory =
            new ResponseMemory(ResponseMemory.Settings.DEFAULT, () -> 0);
    private final RequestTranslator translator = new RequestTranslator();

    private Recalled recall(String body) {
        ByteBuf in = Bytes.buffer(JsonTree.quoted(body));
        try {
            Recalled recalled = translator.recall(memory, "me", in,
                    UnpooledByteBufAllocator.DEFAULT);
            assertThat(in.readerIndex()).isZero();
            return recalled;
        } finally {
            in.release();
        }
    }

    private static String text(Recalled recalled) {
        String text = recalled.body().toString(StandardCharsets.UTF_8);
        recalled.body().release();
        return text.replace('"', '\'');
    }

    private static ResponseAnswer answer(String id, String itemId, String item) {
        return new ResponseAnswer(id, List.of(new ResponseAnswer.Item(itemId,
                JsonTree.quoted(item).getBytes(StandardCharsets.UTF_8))));
    }

    @BeforeEach
    void answerOnce() {
        Recalled first = recall("{'model':'m','input':'call \\u00e9 \\n'}");
        first.remember(answer("resp_1", "fc_1", CALL));
        first.body().release();
    }

    @Test
    void anItemTakesThePlaceOfItsReference() {
        assertThat(text(recall("{'model':'m','input':[{'role':'user','content':'a'},"
                + "{'type':'item_reference','id':'fc_1'}," + OUTPUT + "],'stream':true}")))
                .isEqualTo("{'model':'m','input':[{'role':'user','content':'a'}," + CALL + ","
                        + OUTPUT + "],'stream':true}");
        assertThat(text(recall("{'input':[{'id':'fc_1'}]}"))).isEqualTo("{'input':[" + CALL + "]}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"'input':[%s],'previous_response_id':'resp_1'",
        "'previous_response_id':'resp_1','input':[%s]"})
    void earlierItemsComeBeforeTheInput(String members) {
        String items = "{'type':'message','role':'user','content':'call \\u00e9 \\n'}," + CALL;

        assertThat(text(recall("{" + members.formatted(OUTPUT) + "}")))
                .isEqualTo("{" + members.formatted(items + "," + OUTPUT)
                        .replace("'resp_1'", "{'resolved':'resp_1'}") + "}");
    }

    @Test
    void anInputThatIsAbsentIsAdded() {
        assertThat(text(recall("{'previous_response_id':'resp_1'}"))).isEqualTo(
                "{'previous_response_id':{'resolved':'resp_1'},'input':[{'type':'message','role':"
                + "'user','content':'call \\u00e9 \\n'}," + CALL + "]}");
    }

    @Test
    void aConversationGrows() {
        Recalled second = recall("{'previous_response_id':'resp_1','input':[" + OUTPUT + "]}");
        second.remember(answer("resp_2", "msg_2", "{'role':'assistant','content':'b'}"));
        second.body().release();

        assertThat(text(recall("{'previous_response_id':'resp_2','input':'more'}")))
                .contains("call \\u00e9 \\n'}," + CALL + "," + OUTPUT
                        + ",{'role':'assistant','content':'b'},{'type':'message','role':'user',"
                        + "'content':'more'}]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{'input':'a'}", "{'input':[{'type':'item_reference','id':'fc_2'}]}",
        "{'previous_response_id':'resp_2','input':'a'}", "{'previous_response_id':7}",
        "{'input':[{'role':'user','id':'fc_1','content':'a'}]}", "{'input':null}", "{}", "no json"})
    void whatIsNotKeptStaysAsItIs(String body) {
        assertThat(text(recall(body))).isEqualTo(body);
    }

    @Test
    void anAnswerIsNotKeptAgainstItsCallersWill() {
        Recalled recalled = recall("{'store':false,'input':'a'}");
        recalled.remember(answer("resp_2", "msg_2", "{}"));
        recalled.body().release();

        assertThat(recalled.isKept()).isFalse();
        assertThat(memory.item("me", "msg_2")).isNull();
        assertThat(memory.size()).isEqualTo(1);
    }

    @Test
    void whatIsRecalledIsTranslated() throws Exception {
        String body = text(recall("{'model':'m','previous_response_id':'resp_1','input':["
                + OUTPUT + "]}"));
        TranslationCase.Result result = TranslationCase.translate(ClientFormat.RESPONSES,
                ProviderFormat.CHAT, JsonTree.quoted(body),
                TranslationOptions.of("gpt-4o", false), 0);

        assertThat(JsonTree.object(result.body())).containsEntry("messages", JsonTree.of(
                JsonTree.quoted("[{'role':'user','content':'call \\u00e9 \\n'},{'role':"
                + "'assistant','content':null,'tool_calls':[{'id':'c','type':'function',"
                + "'function':{'name':'f','arguments':'{}'}}]},{'role':'tool','tool_call_id':"
                + "'c','content':'r'}]")));
        assertThat(result.responseSettings())
                .contains("\"previous_response_id\":\"resp_1\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{'input':[{'type':'item_reference','id':'fc_2'}]}",
        "{'previous_response_id':'resp_2','input':'a'}", "{'conversation':'c','input':'a'}"})
    void whatCannotBeResolvedIsRefusedWithAWayOut(String body) {
        String left = text(recall(body));

        assertThatThrownBy(() -> TranslationCase.translate(ClientFormat.RESPONSES,
                ProviderFormat.MESSAGES, JsonTree.quoted(left),
                TranslationOptions.of("claude-sonnet-4-6", false), 0))
                .isInstanceOf(UntranslatableException.class)
                .hasMessageContaining("\"store\": false");
    }
}
