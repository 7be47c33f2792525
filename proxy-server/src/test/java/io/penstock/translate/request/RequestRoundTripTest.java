package io.penstock.translate.request;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testing.Golden;
import io.penstock.translate.request.TranslationCase.Result;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Requests that go through another format and back. What both formats have words for comes back as
 * it was; what has gone was named on the way.
 */
class RequestRoundTripTest {
    private static final String CLAUDE = "claude-sonnet-4-6";
    /** A chat model that takes whatever there is to take. */
    private static final TranslationOptions CHAT = TranslationOptions.of("gpt-4o", true)
            .withTraits(new ModelTraits(ModelTraits.Thinking.EFFORT, 0,
                    Set.of(ModelTraits.Trait.TAKES_EFFORT_NONE)));
    private static final TranslationOptions MESSAGES = TranslationOptions.of(CLAUDE, true);

    private static final String IMAGE = "data:image/png;base64,iVBORw0KGgo=";
    private static final String SCHEMA =
            "{'type':'object','properties':{'a':{'type':'number','enum':[1.0]}},'required':['a'],"
            + "'additionalProperties':false}";
    private static final String COMMON_CHAT = JsonTree.quoted("{'model':'gpt-4o','messages':["
            + "{'role':'developer','content':'Be brief.'},"
            + "{'role':'user','content':[{'type':'text','text':'Look \\u00e9 \ud83d\ude00'},"
            + "{'type':'image_url','image_url':{'url':'" + IMAGE + "'}},"
            + "{'type':'image_url','image_url':{'url':'https://example.com/a.jpg'}},"
            + "{'type':'file','file':{'filename':'a.pdf','file_data':"
            + "'data:application/pdf;base64,JVBERi0='}}]},"
            + "{'role':'assistant','content':'I call.','tool_calls':["
            + "{'id':'call_1','type':'function','function':{'name':'f','arguments':"
            + "'{\\\"z\\\":1.0,\\\"a\\\":[null,\\\"\\\\\\\\ \\\\u2744\\\"]}'}},"
            + "{'id':'call_2','type':'function','function':{'name':'g','arguments':'{}'}}]},"
            + "{'role':'tool','tool_call_id':'call_1','content':'one'},"
            + "{'role':'tool','tool_call_id':'call_2','content':[{'type':'text','text':'two'},"
            + "{'type':'text','text':'three'}]},{'role':'user','content':'And?'}],"
            + "'tools':[{'type':'function','function':{'name':'f','description':'F',"
            + "'parameters':" + SCHEMA + ",'strict':true}},{'type':'function','function':"
            + "{'name':'g','parameters':{'type':'object','properties':{}}}}],"
            + "'tool_choice':'auto','parallel_tool_calls':false,'max_completion_tokens':2000,"
            + "'stop':['END'],'safety_identifier':'u-7','reasoning_effort':'low',"
            + "'response_format':{'type':'json_schema','json_schema':{'name':'response',"
            + "'schema':" + SCHEMA + ",'strict':true}},'stream':true,"
            + "'stream_options':{'include_usage':true}}");

    private static Result translate(ClientFormat from, ProviderFormat to, String request,
            TranslationOptions options) throws Exception {
        return TranslationCase.translate(from, to, request, options, 0);
    }

    @Test
    void aChatRequestComesBackAsItWas() throws Exception {
        Result there = translate(ClientFormat.CHAT, ProviderFormat.MESSAGES, COMMON_CHAT,
                MESSAGES);
        Result back = translate(ClientFormat.MESSAGES, ProviderFormat.CHAT, there.body(), CHAT);

        // What Anthropic always holds to is no loss, and a name is made up again.
        assertThat(there.dropped()).containsExactly("response_format.json_schema.name");
        assertThat(there.changed()).isEmpty();
        assertThat(back.dropped()).containsExactly("thinking.display"); // what we asked for
        assertThat(back.changed()).isEmpty();
        assertThat(JsonTree.of(back.body())).isEqualTo(JsonTree.of(COMMON_CHAT));
    }

    @Test
    void aMessagesRequestComesBackAsItWas() throws Exception {
        String messages = translate(ClientFormat.CHAT, ProviderFormat.MESSAGES, COMMON_CHAT,
                MESSAGES).body();

        Result there = translate(ClientFormat.MESSAGES, ProviderFormat.CHAT, messages, CHAT);
        Result back = translate(ClientFormat.CHAT, ProviderFormat.MESSAGES, there.body(),
                MESSAGES);

        assertThat(there.dropped()).containsExactly("thinking.display");
        assertThat(JsonTree.of(back.body())).isEqualTo(JsonTree.of(messages));
    }

    /** Of a request full of everything; each loss is one that was named. */
    @Test
    void aChatRequestLosesByADetourWhatItSaysItLoses() throws Exception {
        String request = Golden.read("requests/chat.json");
        Result there = translate(ClientFormat.CHAT, ProviderFormat.MESSAGES, request, MESSAGES);
        Result back = translate(ClientFormat.MESSAGES, ProviderFormat.CHAT, there.body(), CHAT);

        Map<String, Object> before = new HashMap<>(JsonTree.object(request));
        Map<String, Object> after = JsonTree.object(back.body());
        Set<String> lost = new TreeSet<>(before.keySet());
        lost.removeAll(after.keySet());
        // The end user is hashed and goes by its newer name, as does the bound; n is the usual 1.
        lost.removeAll(List.of("user", "max_tokens", "n"));
        lost.forEach(name -> assertThat(there.dropped()).contains(name));
        assertThat(lost).containsExactlyInAnyOrder("frequency_penalty", "logit_bias", "logprobs",
                "metadata", "prompt_cache_key", "seed", "service_tier", "something_new", "store",
                "temperature", "top_logprobs", "verbosity");
        assertThat(back.dropped()).containsExactly("thinking.display", "cache_control");
        for (String same : List.of("top_p", "reasoning_effort", "parallel_tool_calls",
                "max_completion_tokens", "stream")) {
            assertThat(after).containsEntry(same, before.get(same));
        }
    }

    /** The second time round there is nothing left to lose. */
    @Test
    void aSecondDetourCostsNothing() throws Exception {
        for (String name : List.of("chat.json", "messages.json")) {
            String request = Golden.read("requests/" + name);
            String chat = name.startsWith("chat") ? request : translate(ClientFormat.MESSAGES,
                    ProviderFormat.CHAT, request, CHAT).body();

            String first = detour(chat);

            assertThat(JsonTree.of(detour(first))).as(name).isEqualTo(JsonTree.of(first));
        }
    }

    private static String detour(String chat) throws Exception {
        String messages = translate(ClientFormat.CHAT, ProviderFormat.MESSAGES, chat, MESSAGES)
                .body();
        return translate(ClientFormat.MESSAGES, ProviderFormat.CHAT, messages, CHAT).body();
    }
}
