package io.penstock.translate.request;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.penstock.provider.ChatDialect;
import io.penstock.provider.ProviderType;
import io.penstock.provider.ProviderTypes;
import io.penstock.testing.Bytes;
import io.penstock.testing.Golden;
import io.penstock.translate.request.TranslationCase.Result;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Requests in which one value is another, or none: translated or refused, but never worse. */
class MalformedRequestTest {
    private static final String[] OTHERS = {"null", "true", "false", "1", "-1.5", "1e999", "\"\"",
        "\"a\"", "\"data:,\"", "[]", "{}", "[null]", "[1]", "[{}]", "[\"a\"]", "{\"type\":\"x\"}",
        "{\"a\":null}", "\"auto\"", "\"none\"", "\"\\ud83d\""};

    private static final List<ChatDialect> DIALECTS =
            ProviderTypes.BUILT_IN.all().stream().map(ProviderType::dialect).toList();

    private static final Map<ClientFormat, String> BODIES = Map.of(
            ClientFormat.CHAT, new String(Bytes.fixture("golden-request-openai.json"),
                    StandardCharsets.UTF_8).replace("\"n\": 1,", JsonTree.quoted("""
                    'reasoning_effort':'high','functions':[{'name':'f'}],
                    'response_format':{'type':'json_schema','json_schema':{'name':'n',
                    'schema':{'type':'object'}}},'logprobs':true,'logit_bias':{'1':1},""")),
            ClientFormat.MESSAGES, JsonTree.quoted("""
                    {'model':'x','max_tokens':5000,'system':[{'type':'text','text':'s',
                    'cache_control':{'type':'ephemeral','ttl':'1h'}}],'messages':[{'role':'user',
                    'content':[{'type':'text','text':'a'},{'type':'image','source':{'type':
                    'base64','media_type':'image/png','data':'AAAA'}},{'type':'document',
                    'title':'t','source':{'type':'text','media_type':'text/plain','data':'d'}}]},
                    {'role':'assistant','content':[{'type':'thinking','thinking':'h',
                    'signature':'s'},{'type':'tool_use','id':'t','name':'f','input':{'a':1}}]},
                    {'role':'user','content':[{'type':'tool_result','tool_use_id':'t',
                    'is_error':true,'content':[{'type':'text','text':'r'}]}]}],'tools':[{'name':
                    'f','description':'d','input_schema':{'type':'object'}}],'tool_choice':
                    {'type':'auto','disable_parallel_tool_use':true},'thinking':{'type':
                    'enabled','budget_tokens':2000},'output_config':{'effort':'low','format':
                    {'type':'json_schema','schema':{'type':'object'}}},'metadata':{'user_id':
                    'u'},'stop_sequences':['a'],'temperature':0.5,'top_p':0.5,'top_k':3}"""),
            ClientFormat.RESPONSES, JsonTree.quoted("""
                    {'model':'x','instructions':'s','input':[{'role':'user','content':[{'type':
                    'input_text','text':'a'},{'type':'input_image','image_url':
                    'data:image/png;base64,A','detail':'low'}]},
                    {'type':'reasoning','id':'r','summary':[{'type':
                    'summary_text','text':'h'}],'encrypted_content':'penstock:signature:s'},
                    {'type':'function_call','call_id':'c','name':'f','arguments':'{}'},{'type':
                    'function_call_output','call_id':'c','output':'r'}],'tools':[{'type':
                    'function','name':'f','parameters':{'type':'object'}}],'tool_choice':{'type':
                    'allowed_tools','mode':'auto','tools':[{'type':'function','name':'f'}]},
                    'reasoning':{'effort':'low'},'text':{'format':{'type':'json_schema','name':
                    'n','schema':{'type':'object'}}},'max_output_tokens':99,'include':['a'],
                    'top_logprobs':2,'truncation':'auto'}"""),
            ClientFormat.COMPLETIONS, JsonTree.quoted("""
                    {'model':'x','prompt':['a'],'max_tokens':9,'stop':['a'],'n':1,'suffix':'',
                    'echo':false,'best_of':1,'logprobs':1,'stream_options':{'include_usage':
                    true},'user':'u'}"""),
            ClientFormat.GEMINI, gemini());

    private static String gemini() {
        try {
            return Golden.read("requests/gemini.json");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where each value stands: pairs of beginning and end. */
    private static List<int[]> values(String json) throws IOException {
        List<int[]> values = new ArrayList<>();
        List<int[]> open = new ArrayList<>();
        try (JsonParser parser = new JsonFactory().createParser(json)) {
            for (JsonToken token = parser.nextToken(); token != null;
                    token = parser.nextToken()) {
                int at = (int) parser.currentTokenLocation().getCharOffset();
                if (token.isStructStart()) {
                    open.add(new int[] {at, 0});
                } else if (token.isStructEnd()) {
                    int[] value = open.remove(open.size() - 1);
                    value[1] = at + 1;
                    values.add(value);
                } else if (token != JsonToken.FIELD_NAME) {
                    parser.getText();
                    values.add(new int[] {at, (int) parser.currentLocation().getCharOffset()});
                }
            }
        }
        values.remove(values.size() - 1); // the body itself
        return values;
    }

    @ParameterizedTest
    @EnumSource
    void areTranslatedOrRefused(ClientFormat from) throws Exception {
        String body = BODIES.get(from);
        List<int[]> values = values(body);
        Random random = new Random(11);
        int translated = 0;
        int refused = 0;
        for (int i = 0; i < values.size(); i++) {
            for (String other : OTHERS) {
                int[] value = values.get(i);
                String changed = body.substring(0, value[0]) + other + body.substring(value[1]);
                ProviderFormat to =
                        ProviderFormat.values()[random.nextInt(ProviderFormat.values().length)];
                String model = List.of("claude-sonnet-4-6", "claude-sonnet-4", "gpt-5",
                        "gemini-2.5-pro", "gemini-3-pro", "x").get(random.nextInt(6));
                try {
                    Result result = TranslationCase.translate(from, to, changed,
                            TranslationOptions.of(model, true).withDialect(
                            DIALECTS.get(random.nextInt(DIALECTS.size()))),
                            0);
                    assertThat(JsonTree.object(result.body())).as(changed).isNotEmpty();
                    translated++;
                } catch (UntranslatableException e) {
                    assertThat(e.getMessage()).startsWith(e.param() + ": ");
                    refused++;
                } catch (RuntimeException e) {
                    throw new AssertionError(to + " " + model + ": " + changed, e);
                }
            }
        }
        assertThat(translated).isGreaterThan(20);
        assertThat(refused).isGreaterThan(20);
    }
}
