package io.penstock.translate.request;

import static io.penstock.translate.request.ClientFormat.CHAT;
import static io.penstock.translate.request.ClientFormat.COMPLETIONS;
import static io.penstock.translate.request.ClientFormat.MESSAGES;
import static io.penstock.translate.request.ClientFormat.RESPONSES;

import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever the tables of {@code docs/translation.md} drop or refuse, field by field: by which name
 * the caller is told. What is mapped is in the tests of the pairs.
 */
class NothingIsLostSilentlyTest {
    private static final String SONNET = "claude-sonnet-4-6";
    private static final String OPUS = "claude-opus-4-8"; // refuses sampling
    private static final String OLDER = "claude-sonnet-4-20250514"; // no schemas
    private static final String GPT = "gpt-4o";
    private static final String O3 = "o3";
    private static final String GEMINI = "gemini-2.5-flash";
    private static final String TOOL = "'tools':[{'type':'function','function':{'name':'f'}}]";
    private static final String ASKED = "{'role':'user','content':'a'}";

    private static Arguments refused(ClientFormat from, ProviderFormat to, String model,
            String in, String param) {
        return row(from, to, model, TranslationCase.refuses(param, "{" + in + "}", param));
    }

    private static Arguments dropped(ClientFormat from, ProviderFormat to, String model,
            String in, String... fields) {
        return row(from, to, model, TranslationCase.maps(String.join(",", fields),
                "{" + in + "}", "{}").drops(fields));
    }

    private static Arguments row(ClientFormat from, ProviderFormat to, String model,
            TranslationCase row) {
        return Arguments.of(from, to, model, row);
    }

    @ParameterizedTest(name = "{0} to {1} {2}: {3}")
    @MethodSource({"refusedByMessages", "droppedByMessages", "refusedByChat", "droppedByChat",
        "others", "responses", "completions"})
    void isNamed(ClientFormat from, ProviderFormat to, String model, TranslationCase row)
            throws Exception {
        switch (from) {
            case CHAT -> row.check(from, to, model, "'messages':[" + ASKED + "]", "'model':'x'");
            case MESSAGES -> row.check(from, to, model, "'messages':[" + ASKED + "]",
                    "'max_tokens':9", "'model':'x'");
            case RESPONSES -> row.check(from, to, model, "'input':'hi'", "'model':'x'");
            default -> row.check(from, to, model, "'prompt':'hi'", "'model':'x'");
        }
    }

    private static String part(String part) {
        return "'messages':[{'role':'user','content':[" + part + "]}]";
    }

    private static String image(String url) {
        return part("{'type':'image_url','image_url':{'url':'" + url + "'}}");
    }

    private static String calls(String call, String more) {
        return "'messages':[" + ASKED + ",{'role':'assistant','tool_calls':[" + call + "]}" + more
                + "]";
    }

    static Stream<Arguments> refusedByMessages() {
        ProviderFormat to = ProviderFormat.MESSAGES;
        String at = "messages[0].content[0]";
        String call = "{'id':'c','type':'function','function':{'name':'f','arguments':'{}'}}";
        return Stream.of(
                refused(CHAT, to, SONNET, "'n':2", "n"),
                refused(CHAT, to, SONNET, "'modalities':['text','audio']", "modalities"),
                refused(CHAT, to, SONNET, image("data:image/tiff;base64,AAAA"),
                        at + ".image_url"),
                refused(CHAT, to, SONNET, image("http://a/b.png"), at + ".image_url"),
                refused(CHAT, ProviderFormat.MESSAGES_ON_BEDROCK, SONNET, image("https://a"),
                        at + ".image_url"),
                refused(CHAT, to, SONNET, part("{'type':'file','file':{'file_id':'f'}}"),
                        at + ".file.file_id"),
                refused(CHAT, to, SONNET, part("{'type':'input_audio','input_audio':{'data':"
                        + "'A','format':'wav'}}"), at + ".input_audio"),
                refused(CHAT, to, SONNET, part("{'type':'hologram'}"), at + ".type"),
                refused(CHAT, to, SONNET, "'messages':[" + ASKED + ",{'role':'assistant',"
                        + "'content':'b'}]", "messages[1]"),
                refused(CHAT, to, SONNET, "'messages':[" + ASKED + ",{'role':'assistant',"
                        + "'audio':{'id':'a'}}," + ASKED + "]", "messages[1].audio"),
                refused(CHAT, to, SONNET, calls("{'id':'c','type':'custom','custom':{'name':'f',"
                        + "'input':'x'}}", ""), "messages[1].tool_calls[0].type"),
                refused(CHAT, to, SONNET, calls(call, "," + ASKED),
                        "messages[1].tool_calls[0]"),
                refused(CHAT, to, SONNET, "'messages':[" + ASKED + ",{'role':'tool',"
                        + "'tool_call_id':'c','content':'r'}]", "messages[1]"),
                refused(CHAT, to, SONNET, calls(call, ",{'role':'tool','tool_call_id':'c',"
                        + "'content':[{'type':'hologram'}]}"), "messages[2].content[0].type"),
                refused(CHAT, to, SONNET, "'tools':[{'type':'custom','custom':{'name':'f'}}]",
                        "tools[0].type"),
                refused(CHAT, to, SONNET, "'tools':[{'type':'web_search'}]", "tools[0].type"),
                refused(CHAT, to, SONNET, "'tools':[{'type':'web_search'}],'tool_choice':"
                        + "'required'", "tools[0].type"),
                refused(CHAT, to, SONNET, TOOL + ",'tool_choice':{'type':'custom','custom':"
                        + "{'name':'f'}}", "tool_choice"),
                refused(CHAT, to, SONNET, TOOL + ",'tool_choice':{'type':'function','function':"
                        + "{'name':'g'}}", "tool_choice"),
                refused(CHAT, to, SONNET, "'response_format':{'type':'grammar'}",
                        "response_format"));
    }

    static Stream<Arguments> droppedByMessages() {
        ProviderFormat to = ProviderFormat.MESSAGES;
        String schema = "'response_format':{'type':'json_schema','json_schema':{'name':'n',"
                + "'description':'d','strict':false,'schema':{'type':'object',"
                + "'additionalProperties':false}}}";
        Stream<Arguments> alone = Stream.of("'seed':1", "'logit_bias':{'1':2}",
                "'frequency_penalty':1", "'presence_penalty':1", "'prediction':{}",
                "'verbosity':'low'", "'store':true", "'metadata':{'a':'b'}", "'moderation':{}",
                "'web_search_options':{}", "'audio':{'voice':'v','format':'wav'}",
                "'prompt_cache_key':'k'",
                "'prompt_cache_options':{}",
                "'prompt_cache_retention':'24h'", "'logprobs':true", "'top_logprobs':1",
                "'service_tier':'flex'", "'something_new':{}")
                .map(in -> dropped(CHAT, to, SONNET, in, in.substring(1, in.indexOf('\'', 1))));
        return Stream.concat(alone, Stream.of(
                dropped(CHAT, to, SONNET, part("{'type':'image_url','image_url':{'url':"
                        + "'https://a','detail':'low'}}"), "image_url.detail"),
                dropped(CHAT, to, SONNET, "'messages':[{'role':'user','name':'n','content':"
                        + "'a'}]", "messages.name"),
                dropped(CHAT, to, SONNET, "'messages':[" + ASKED + ",{'role':'assistant',"
                        + "'content':'b','reasoning_content':'h'}," + ASKED + "]",
                        "messages.reasoning_content"),
                dropped(CHAT, to, SONNET, "'max_tokens':5,'max_completion_tokens':6",
                        "max_tokens"),
                dropped(CHAT, to, SONNET, "'user':'a','safety_identifier':'b'", "user"),
                dropped(CHAT, to, SONNET, "'stop':['a','\\n']", "stop[1]"),
                dropped(CHAT, to, SONNET, "'temperature':0.5,'top_p':0.5", "top_p"),
                dropped(CHAT, to, SONNET, "'reasoning_effort':'low','temperature':0.5",
                        "temperature"),
                dropped(CHAT, to, OPUS, "'temperature':0.5,'top_p':0.5,'top_k':5",
                        "temperature", "top_p", "top_k"),
                dropped(CHAT, to, "claude-3-5-haiku-latest", "'reasoning_effort':'low'",
                        "reasoning_effort"),
                dropped(CHAT, to, SONNET, schema, "response_format.json_schema.name",
                        "response_format.json_schema.description",
                        "response_format.json_schema.strict"),
                dropped(CHAT, to, OLDER, TOOL + "," + schema + ",'tool_choice':{'type':"
                        + "'function','function':{'name':'f'}}", "response_format"),
                dropped(CHAT, to, OLDER, TOOL.replace("'f'", "'f','strict':true"),
                        "tools.strict"),
                dropped(CHAT, to, SONNET, "'parallel_tool_calls':false", "parallel_tool_calls"),
                dropped(CHAT, to, SONNET, TOOL.replace("]", ",{'type':'web_search'}]"),
                        "tools.web_search"),
                dropped(CHAT, to, SONNET, "'reasoning_effort':'low','reasoning':{'effort':"
                        + "'high'},'thinking':{'type':'enabled'}", "reasoning", "thinking"),
                dropped(CHAT, to, SONNET, "'stream_options':{'include_obfuscation':false}",
                        "stream_options.include_obfuscation")));
    }

    static Stream<Arguments> refusedByChat() {
        ProviderFormat to = ProviderFormat.CHAT;
        String at = "messages[0].content[0]";
        Stream<Arguments> blocks = Stream.of("container_upload", "hologram").map(type ->
                refused(MESSAGES, to, GPT, part("{'type':'" + type + "','id':'a'}"),
                        at + ".type"));
        return Stream.concat(blocks, Stream.of(
                refused(MESSAGES, to, GPT, part("{'type':'document','source':{'type':'url',"
                        + "'url':'https://a'}}"), at),
                refused(MESSAGES, to, GPT, part("{'type':'document','source':{'type':'content',"
                        + "'content':[{'type':'image'}]}}"), at + ".source.content[0].type"),
                refused(MESSAGES, to, GPT, part("{'type':'image','source':{'type':'file',"
                        + "'file_id':'f'}}"), at + ".source.type"),
                refused(MESSAGES, to, GPT, "'max_tokens':0", "max_tokens"),
                refused(MESSAGES, to, GPT, "'stop_sequences':['1','2','3','4','5']",
                        "stop_sequences"),
                refused(MESSAGES, to, O3, "'stop_sequences':['1']", "stop_sequences"),
                refused(MESSAGES, to, GPT, "'tools':[{'type':'web_search_20250305',"
                        + "'name':'web_search'}]", "tools[0].type"),
                refused(MESSAGES, to, GPT, "'tools':[{'name':'f'},{'type':'web_search_20250305',"
                        + "'name':'s'}],'tool_choice':{'type':'tool','name':'s'}",
                        "tool_choice"),
                refused(MESSAGES, to, GPT, "'thread':{'type':'create'}", "thread"),
                refused(MESSAGES, to, GPT, "'thread':{'type':'continue','previous_message_id':"
                        + "'m'}", "thread"),
                refused(MESSAGES, to, GPT, "'container':{'skills':[{'type':'anthropic',"
                        + "'skill_id':'xlsx'}]}", "container.skills[0]"),
                refused(MESSAGES, to, GPT, "'mcp_servers':[{'type':'url','url':'https://a'}]",
                        "mcp_servers[0]"),
                refused(MESSAGES, to, GPT, "'output_config':{'format':{'type':'regex'}}",
                        "output_config.format"),
                refused(MESSAGES, to, GPT, "'messages':[" + ASKED + ",{'role':'assistant',"
                        + "'content':'b'}]", "messages[1]")));
    }

    static Stream<Arguments> droppedByChat() {
        ProviderFormat to = ProviderFormat.CHAT;
        String tool = "'tools':[{'name':'f','input_schema':{'type':'object'},";
        return Stream.of(
                dropped(MESSAGES, to, GPT, "'system':[{'type':'text','text':'s','cache_control':"
                        + "{'type':'ephemeral'}}]", "cache_control"),
                dropped(MESSAGES, to, GPT, "'cache_control':{'type':'ephemeral'}",
                        "cache_control"),
                dropped(MESSAGES, to, GPT, "'messages':[" + ASKED + ",{'role':'assistant',"
                        + "'content':[{'type':'thinking','thinking':'h','signature':'s'},"
                        + "{'type':'redacted_thinking','data':'d'}]}," + ASKED + "]",
                        "messages.content.thinking"),
                dropped(MESSAGES, to, O3, "'temperature':1,'top_p':0.5", "temperature", "top_p"),
                dropped(MESSAGES, to, GPT, "'top_k':5", "top_k"),
                dropped(MESSAGES, to, GPT, tool + "'cache_control':{'type':'ephemeral'}}]",
                        "tools.cache_control"),
                dropped(MESSAGES, to, GPT, tool + "'eager_input_streaming':true}]",
                        "tools.eager_input_streaming"),
                dropped(MESSAGES, to, GPT, tool + "'input_examples':[],'defer_loading':true,"
                        + "'allowed_callers':[]}]", "tools.input_examples",
                        "tools.defer_loading", "tools.allowed_callers"),
                dropped(MESSAGES, to, GPT, "'thinking':{'type':'enabled','budget_tokens':2000}",
                        "thinking"),
                dropped(MESSAGES, to, GPT, "'thinking':{'type':'disabled'}", "thinking"),
                dropped(MESSAGES, to, GPT, "'output_config':{'effort':'low'}",
                        "output_config.effort"),
                dropped(MESSAGES, to, O3, "'thinking':{'type':'adaptive','display':'omitted'}",
                        "thinking.display"),
                dropped(MESSAGES, to, GPT, "'metadata':{'user_id':'u','x':1}", "metadata.x"),
                dropped(MESSAGES, to, GPT, "'service_tier':'auto','inference_geo':'eu',"
                        + "'diagnostics':{},'speed':'fast','fallback_credit_token':'t',"
                        + "'context_management':{'edits':[{'type':'clear_thinking_20251015',"
                        + "'keep':'all'}]},'container':'c','mcp_servers':[],'something':1",
                        "service_tier", "inference_geo", "diagnostics", "speed",
                        "fallback_credit_token", "context_management", "container",
                        "mcp_servers", "something"),
                dropped(MESSAGES, to, GPT, "'output_config':{'task_budget':{'type':'tokens',"
                        + "'total':9}}", "output_config.task_budget"),
                dropped(MESSAGES, to, GPT, "'tools':[{'name':'f','input_schema':{}},{'type':"
                        + "'tool_search_tool_regex_20251119','name':'tool_search_tool_regex'},"
                        + "{'type':'web_search_20250305','name':'web_search'},{'type':"
                        + "'code_execution_20250825','name':'code_execution'},{'type':"
                        + "'computer_toolset_20260801'}],'tool_choice':{'type':'auto'}",
                        "tools.tool_search_tool_regex_20251119", "tools.web_search_20250305",
                        "tools.code_execution_20250825", "tools.computer_toolset_20260801"),
                dropped(MESSAGES, to, GPT, "'tools':[{'type':'web_search_20250305','name':"
                        + "'web_search'}],'tool_choice':{'type':'none'}",
                        "tools.web_search_20250305"),
                dropped(MESSAGES, to, GPT, "'messages':[" + ASKED + ",{'role':'assistant',"
                        + "'content':[{'type':'fallback','from':{},'to':{}},{'type':'hologram'},"
                        + "{'type':'server_tool_use','id':'s','name':'tool_search_tool_bm25',"
                        + "'input':{}},{'type':'tool_search_tool_result','tool_use_id':'s',"
                        + "'content':{}},{'type':'text','text':'b','citations':[]}]},"
                        + ASKED + "]", "messages.content.fallback", "messages.content.hologram",
                        "messages.content.server_tool_use",
                        "messages.content.tool_search_tool_result",
                        "messages.content.citations"),
                dropped(MESSAGES, to, GPT, "'messages':[" + ASKED + ",{'role':'assistant',"
                        + "'content':[{'type':'tool_use','id':'t','name':'f','input':{},"
                        + "'caller':{'type':'direct'},'toolset_name':'x'}]},{'role':'user',"
                        + "'content':[{'type':'tool_result','tool_use_id':'t','content':[{'type':"
                        + "'tool_reference','tool_name':'g','cache_control':{'type':'ephemeral'}"
                        + "}]}]}]", "messages.content.caller", "messages.content.toolset_name"));
    }

    static Stream<Arguments> others() {
        ProviderFormat gemini = ProviderFormat.GEMINI;
        ProviderFormat converse = ProviderFormat.CONVERSE;
        String at = "messages[0].content[0].image_url";
        return Stream.of(
                refused(CHAT, gemini, GEMINI, image("https://a"), at),
                refused(CHAT, gemini, GEMINI, "'stop':['1','2','3','4','5','6']", "stop[5]"),
                dropped(CHAT, gemini, GEMINI, "'parallel_tool_calls':false,'logit_bias':{'1':2},"
                        + "'user':'u','metadata':{'a':'b'},'store':true,'service_tier':'flex',"
                        + "'logprobs':true,'top_logprobs':1,'verbosity':'low'",
                        "parallel_tool_calls", "logit_bias", "user", "metadata", "store",
                        "service_tier", "logprobs", "top_logprobs", "verbosity"),
                dropped(CHAT, gemini, GEMINI, "'seed':9000000000", "seed"),
                dropped(CHAT, gemini, GEMINI, TOOL.replace("'f'", "'f','strict':true"),
                        "tools.strict"),
                refused(CHAT, converse, SONNET, image("https://a"), at),
                refused(CHAT, converse, SONNET, "'n':2", "n"),
                dropped(CHAT, converse, SONNET, TOOL + ",'tool_choice':'none','messages':["
                        + ASKED + ",{'role':'assistant','tool_calls':[{'id':'c','function':"
                        + "{'name':'f','arguments':''}}]},{'role':'tool','tool_call_id':'c',"
                        + "'content':'r'}]", "tool_choice"),
                dropped(CHAT, converse, SONNET, TOOL + ",'parallel_tool_calls':false",
                        "parallel_tool_calls"),
                dropped(CHAT, converse, SONNET, "'user':'u','seed':1,'service_tier':'auto'",
                        "user", "seed", "service_tier"),
                dropped(CHAT, converse, "amazon.nova-pro-v1:0", "'top_k':5,'reasoning_effort':"
                        + "'low'", "top_k", "reasoning_effort"));
    }

    static Stream<Arguments> responses() {
        ProviderFormat to = ProviderFormat.CHAT;
        Stream<Arguments> items = Stream.of("file_search_call", "web_search_call",
                "code_interpreter_call", "image_generation_call", "mcp_call", "mcp_list_tools",
                "mcp_approval_request", "compaction", "context_compaction", "tool_search_call",
                "something_new").map(type -> dropped(RESPONSES, to, GPT, "'input':[{'role':"
                        + "'user','content':'a'},{'type':'" + type + "','id':'a'}]",
                        "input." + type));
        Stream<Arguments> fields = Stream.of(
                refused(RESPONSES, to, GPT, "'previous_response_id':'r'", "previous_response_id"),
                refused(RESPONSES, to, GPT, "'conversation':'c'", "conversation"),
                refused(RESPONSES, to, GPT, "'prompt':{'id':'p'}", "prompt"),
                refused(RESPONSES, to, GPT, "'background':true", "background"),
                refused(RESPONSES, to, GPT, "'input':[{'type':'item_reference','id':'a'}]",
                        "input[0]"),
                refused(RESPONSES, to, GPT, "'input':[{'type':'compaction_trigger'}]",
                        "input[0].type"),
                dropped(RESPONSES, to, GPT, "'context_management':[]", "context_management"),
                dropped(RESPONSES, to, GPT, "'client_metadata':{}", "client_metadata"),
                refused(RESPONSES, to, GPT, "'prompt_cache_options':{'prewarm':true}",
                        "prompt_cache_options.prewarm"),
                dropped(RESPONSES, to, GPT, "'tools':[{'type':'web_search'}]",
                        "tools.web_search"),
                refused(RESPONSES, to, GPT, "'tools':[{'type':'web_search'}],'tool_choice':"
                        + "'required'", "tool_choice"),
                refused(RESPONSES, to, GPT, "'tool_choice':{'type':'mcp','server_label':'s'}",
                        "tool_choice"),
                refused(RESPONSES, to, GPT, "'input':[{'role':'user','content':[{'type':"
                        + "'input_file','file_url':'https://a'}]}]",
                        "input[0].content[0].file_url"),
                refused(RESPONSES, to, GPT, "'input':[]", "input"),
                dropped(RESPONSES, to, GPT, "'max_tool_calls':1", "max_tool_calls"),
                dropped(RESPONSES, to, GPT, "'context_management':[{'type':'compaction',"
                        + "'compact_threshold':9}]", "context_management"),
                dropped(RESPONSES, to, GPT, "'truncation':'auto'", "truncation"),
                dropped(RESPONSES, to, GPT, "'access_programs':[]", "access_programs"),
                dropped(RESPONSES, to, O3, "'reasoning':{'effort':'low','summary':'auto'}",
                        "reasoning.summary"),
                dropped(RESPONSES, to, GPT, "'include':['file_search_call.results']",
                        "include[0]"),
                dropped(RESPONSES, to, GPT, "'top_logprobs':1,'include':"
                        + "['message.output_text.logprobs']", "top_logprobs", "include[0]"),
                dropped(RESPONSES, ProviderFormat.MESSAGES, SONNET, "'store':true", "store"));
        return Stream.concat(items, fields);
    }

    static Stream<Arguments> completions() {
        ProviderFormat to = ProviderFormat.CHAT;
        return Stream.of(
                refused(COMPLETIONS, to, GPT, "'prompt':['a','b']", "prompt"),
                refused(COMPLETIONS, to, GPT, "'prompt':[1,2]", "prompt"),
                refused(COMPLETIONS, to, GPT, "'suffix':'s'", "suffix"),
                refused(COMPLETIONS, to, GPT, "'echo':true", "echo"),
                dropped(COMPLETIONS, to, GPT, "'best_of':2", "best_of"),
                dropped(COMPLETIONS, to, GPT, "'logprobs':1", "logprobs"));
    }
}
