package io.penstock.translate.request;

import static io.penstock.translate.request.TranslationCase.maps;
import static io.penstock.translate.request.TranslationCase.refuses;

import io.penstock.provider.ChatDialect;
import io.penstock.provider.ProviderTypes;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Anthropic messages requests as OpenAI chat requests, field by field. */
class MessagesToChatTest {
    private static final String TOOL = "{'name':'f','input_schema':{'type':'object'}}";
    private static final String TOOLS = "'tools':[" + TOOL + "]";
    private static final String TOOL_OUT = "{'type':'function','function':{'name':'f',"
            + "'parameters':{'type':'object'}}}";
    private static final String CLOSED = "{'type':'object','properties':{'a':{'type':'string'}},"
            + "'required':['a'],'additionalProperties':false}";
    private static final String ASKED = "{'role':'user','content':'a'}";
    private static final String CALL = "{'role':'assistant','content':[{'type':'tool_use','id':"
            + "'t1','name':'f','input':{'b': 1.0,\n 'c': '\\\"\\\\n' }}]}";
    private static final String CALL_OUT = "{'role':'assistant','content':null,'tool_calls':"
            + "[{'id':'t1','type':'function','function':{'name':'f','arguments':"
            + "'{\\\"b\\\":1.0,\\\"c\\\":\\\"\\\\\\\"\\\\\\\\n\\\"}'}}]}";

    @ParameterizedTest(name = "{0}")
    @MethodSource({"messages", "blocks", "tools", "settings", "thinking", "dialects"})
    void translates(TranslationCase row) throws Exception {
        row.check(ClientFormat.MESSAGES, ProviderFormat.CHAT, "gpt-4o",
                "'messages':[{'role':'user','content':'hi'}]", "'max_tokens':9", "'model':'x'");
    }

    private static TranslationCase conversation(String name, String in, String out) {
        return maps(name, "{'messages':[" + in + "]}", "{'messages':[" + out + "]}");
    }

    private static TranslationCase.WithDialect in(ChatDialect dialect) {
        return new TranslationCase.WithDialect(dialect);
    }

    static Stream<TranslationCase> messages() {
        return Stream.of(
                maps("a system text", "{'system':'s'}",
                        "{'messages':[{'role':'system','content':'s'},"
                        + "{'role':'user','content':'hi'}]}"),
                maps("system texts", "{'system':[{'type':'text','text':'s'},{'type':'text',"
                        + "'text':'t','cache_control':{'type':'ephemeral'}}]}",
                        "{'messages':[{'role':'system','content':[{'type':'text','text':'s'},"
                        + "{'type':'text','text':'t'}]},{'role':'user','content':'hi'}]}")
                        .drops("cache_control"),
                maps("one system text in a list is a string", "{'system':[{'type':'text',"
                        + "'text':'s'}]}", "{'messages':[{'role':'system','content':'s'},"
                        + "{'role':'user','content':'hi'}]}"),
                maps("a reasoning model's operator is a developer", "{'system':'s'}",
                        "{'messages':[{'role':'developer','content':'s'},"
                        + "{'role':'user','content':'hi'}]}").model("gpt-5"),
                maps("system texts as one where parts are not understood",
                        "{'system':[{'type':'text','text':'s'},{'type':'text','text':'t'}]}",
                        "{'messages':[{'role':'system','content':'s\\n\\nt'},"
                        + "{'role':'user','content':'hi'}]}")
                        .with(in(ProviderTypes.OLLAMA.dialect())),
                conversation("an operator's message in its place",
                        ASKED + ",{'role':'system','content':'s'}",
                        ASKED + ",{'role':'system','content':'s'}"),
                conversation("an operator's block in its place",
                        "{'role':'user','content':[{'type':'text','text':'a'},{'type':"
                        + "'mid_conv_system','content':[{'type':'text','text':'s'}]},"
                        + "{'type':'text','text':'b'}]}",
                        "{'role':'user','content':'a'},{'role':'system','content':'s'},"
                        + "{'role':'user','content':'b'}"),
                conversation("one text block is a string", "{'role':'user','content':[{'type':"
                        + "'text','text':'a'}]}", ASKED),
                conversation("several text blocks are parts", "{'role':'user','content':[{'type':"
                        + "'text','text':'a'},{'type':'text','text':'b'}]}",
                        "{'role':'user','content':[{'type':'text','text':'a'},"
                        + "{'type':'text','text':'b'}]}"),
                conversation("the assistant's text and call", ASKED
                        + ",{'role':'assistant','content':[{'type':'text','text':'b'},{'type':"
                        + "'tool_use','id':'t1','name':'f','input':{}}]},{'role':'user',"
                        + "'content':[{'type':'tool_result','tool_use_id':'t1'}]}",
                        ASKED + ",{'role':'assistant','content':'b','tool_calls':[{'id':'t1',"
                        + "'type':'function','function':{'name':'f','arguments':'{}'}}]},"
                        + "{'role':'tool','tool_call_id':'t1','content':''}"),
                refuses("a prefill", "{'messages':[" + ASKED
                        + ",{'role':'assistant','content':'b'}]}", "messages[1]"),
                refuses("no messages", "{'messages':null}", "messages"),
                refuses("an empty list of them", "{'messages':[]}", "messages"),
                refuses("a role of another format", "{'messages':[{'role':'tool','content':"
                        + "'a'}]}", "messages[0].role"));
    }

    private static TranslationCase block(String name, String in, String out) {
        return conversation(name, "{'role':'user','content':[" + in + ",{'type':'text','text':"
                + "'a'}]}", "{'role':'user','content':[" + out
                + ",{'type':'text','text':'a'}]}");
    }

    private static TranslationCase noBlock(String name, String in, String param) {
        return refuses(name, "{'messages':[{'role':'user','content':[" + in + "]}]}",
                "messages[0].content[0]" + param);
    }

    static Stream<TranslationCase> blocks() {
        return Stream.of(
                block("an image", "{'type':'image','source':{'type':'base64','media_type':"
                        + "'image/PNG','data':'AA\\/A'}}",
                        "{'type':'image_url','image_url':{'url':"
                        + "'data:image/png;base64,AA\\/A'}}"),
                block("an image elsewhere", "{'type':'image','source':{'type':'url','url':"
                        + "'https://a'},'transformations':{}}",
                        "{'type':'image_url','image_url':{'url':'https://a'}}")
                        .drops("messages.content.transformations"),
                noBlock("an image elsewhere where nothing is fetched", "{'type':'image','source':"
                        + "{'type':'url','url':'https://a'}}", "")
                        .with(in(ProviderTypes.OLLAMA.dialect())),
                noBlock("an image kept there", "{'type':'image','source':{'type':'file',"
                        + "'file_id':'f'}}", ".source.type"),
                noBlock("an image that is a text", "{'type':'image','source':{'type':'text',"
                        + "'data':'a'}}", ".source.type"),
                block("a PDF", "{'type':'document','source':{'type':'base64','media_type':"
                        + "'application/pdf','data':'JVBERi0='},'title':'t','citations':{}}",
                        "{'type':'file','file':{'filename':'t','file_data':"
                        + "'data:application/pdf;base64,JVBERi0='}}")
                        .drops("messages.content.citations"),
                block("a PDF without a title", "{'type':'document','source':{'type':'base64',"
                        + "'media_type':'application/pdf','data':'JVBERi0='}}",
                        "{'type':'file','file':{'filename':'document.pdf','file_data':"
                        + "'data:application/pdf;base64,JVBERi0='}}"),
                noBlock("a PDF where files are not understood", "{'type':'document','source':"
                        + "{'type':'base64','media_type':'application/pdf','data':'JVBERi0='}}",
                        "").with(in(ProviderTypes.GROQ.dialect())),
                block("a text as a document", "{'type':'document','source':{'type':'text',"
                        + "'media_type':'text/plain','data':'b'}}",
                        "{'type':'text','text':'b'}"),
                noBlock("a document elsewhere", "{'type':'document','source':{'type':'url',"
                        + "'url':'https://a'}}", ""),
                block("a document in blocks", "{'type':'document','source':{'type':'content',"
                        + "'content':[{'type':'text','text':'b'},{'type':'text','text':'c'}]}}",
                        "{'type':'text','text':'b\\nc'}"),
                block("a document in one block", "{'type':'document','source':{'type':'content',"
                        + "'content':'b'}}", "{'type':'text','text':'b'}"),
                block("a search result", "{'type':'search_result','source':'https://a','title':"
                        + "'b','content':[{'type':'text','text':'c'}],'citations':{'enabled':"
                        + "true}}", "{'type':'text','text':'b\\nhttps://a\\nc'}")
                        .drops("messages.content.citations"),
                conversation("what the server's tools did", ASKED + ",{'role':'assistant',"
                        + "'content':[{'type':'server_tool_use','id':'s','name':'web_search',"
                        + "'input':{'query':'q'}},{'type':'web_search_tool_result','tool_use_id'"
                        + ":'s','content':[{'type':'web_search_result','title':'t','url':"
                        + "'https://a','encrypted_content':'x','page_age':'1d'}]},{'type':'text',"
                        + "'text':'b'}]}," + ASKED,
                        ASKED + ",{'role':'assistant','content':[{'type':'text','text':"
                        + "'[Called web_search: {\\\"query\\\":\\\"q\\\"}]'},{'type':'text',"
                        + "'text':'[Result of web_search]\\nt\\nhttps://a'},{'type':'text','text':"
                        + "'b'}]}," + ASKED).changes("messages.content.server_tool_use",
                        "messages.content.web_search_tool_result"),
                conversation("what the server ran and read", ASKED + ",{'role':'assistant',"
                        + "'content':[{'type':'bash_code_execution_tool_result','tool_use_id':"
                        + "'s','content':{'type':'bash_code_execution_result','stdout':'o',"
                        + "'stderr':'','return_code':0,'content':[]}},{'type':"
                        + "'web_fetch_tool_result','tool_use_id':'s','content':{'type':"
                        + "'web_fetch_result','url':'https://a','content':{'type':'document',"
                        + "'source':{'type':'base64','media_type':'application/pdf','data':'A'}"
                        + "}}},{'type':'compaction','content':'so far'}]}," + ASKED,
                        ASKED + ",{'role':'assistant','content':[{'type':'text','text':"
                        + "'[Result of bash_code_execution]\\no'},{'type':'text','text':"
                        + "'[Result of web_fetch]\\nhttps://a'},{'type':'text','text':'so far'}"
                        + "]}," + ASKED).changes(
                        "messages.content.bash_code_execution_tool_result",
                        "messages.content.web_fetch_tool_result", "messages.content.compaction"),
                noBlock("an upload", "{'type':'container_upload','file_id':'a'}", ".type"),
                block("a breakpoint of the cache", "{'type':'text','text':'b','cache_control':"
                        + "{'type':'ephemeral'}}", "{'type':'text','text':'b'}")
                        .drops("cache_control"),
                conversation("thoughts are dropped", ASKED + ",{'role':'assistant','content':"
                        + "[{'type':'thinking','thinking':'h','signature':'s'},{'type':"
                        + "'redacted_thinking','data':'d'},{'type':'text','text':'b'}]}," + ASKED,
                        ASKED + ",{'role':'assistant','content':'b'}," + ASKED)
                        .drops("messages.content.thinking"));
    }

    private static String result(String content) {
        return "{'type':'tool_result','tool_use_id':'t1'" + content + "}";
    }

    private static TranslationCase results(String name, String in, String out) {
        return conversation(name, ASKED + "," + CALL + ",{'role':'user','content':[" + in + "]}",
                ASKED + "," + CALL_OUT + "," + out);
    }

    static Stream<TranslationCase> tools() {
        String toolText = "{'role':'tool','tool_call_id':'t1','content':'b'}";
        return Stream.of(
                results("a call, its input as compact text, and its result",
                        result(",'content':'b'"), toolText),
                results("a result in a list", result(",'content':[{'type':'text','text':'b'}]"),
                        toolText),
                results("a result in parts", result(",'content':[{'type':'text','text':'b'},"
                        + "{'type':'text','text':'c'}]"),
                        "{'role':'tool','tool_call_id':'t1','content':[{'type':'text','text':"
                        + "'b'},{'type':'text','text':'c'}]}"),
                results("a result that is an error", result(",'is_error':true,'content':'b'"),
                        "{'role':'tool','tool_call_id':'t1','content':'Error: b'}"),
                results("an error without words", result(",'is_error':true"),
                        "{'role':'tool','tool_call_id':'t1','content':'Error: '}"),
                results("text behind the results is a message of its own",
                        result(",'content':'b'") + ",{'type':'text','text':'c'}",
                        toolText + ",{'role':'user','content':'c'}"),
                results("text before the results as well",
                        "{'type':'text','text':'c'}," + result(",'content':'b'"),
                        toolText + ",{'role':'user','content':'c'}"),
                results("an image in a result is shown behind all results",
                        result(",'content':[{'type':'text','text':'b'},{'type':'image','source':"
                        + "{'type':'base64','media_type':'image/png','data':'AAAA'}}]")
                        + ",{'type':'text','text':'c'}",
                        toolText + ",{'role':'user','content':[{'type':'text','text':"
                        + "'Image from tool call t1:'},{'type':'image_url','image_url':{'url':"
                        + "'data:image/png;base64,AAAA'}},{'type':'text','text':'c'}]}"),
                refuses("a result without its call", "{'messages':[{'role':'user','content':["
                        + result("") + "]}]}", "messages[0].content[0]"),
                refuses("a call without its result", "{'messages':[" + ASKED + "," + CALL + "]}",
                        "messages[1].content[0]"),
                refuses("a call by the user", "{'messages':[{'role':'user','content':[{'type':"
                        + "'tool_use','id':'t1','name':'f','input':{}}]}]}", "messages[0]"),
                refuses("a result by the assistant", "{'messages':[" + ASKED + "," + CALL
                        + ",{'role':'assistant','content':[" + result("") + "]}]}",
                        "messages[2]"),
                results("a reference in a result", result(",'content':[{'type':"
                        + "'tool_reference','tool_name':'f'}]"),
                        toolText.replace("'b'", "'Tool found: f'")),
                results("what was found in a result", result(",'content':[{'type':"
                        + "'search_result','source':'s','title':'t','content':[{'type':'text',"
                        + "'text':'b'}]}]"), toolText.replace("'b'", "'t\\ns\\nb'")),
                maps("a tool that Anthropic defines and its caller runs", "{'tools':[{'type':"
                        + "'bash_20250124','name':'bash'}]}",
                        "{'tools':[{'type':'function','function':{'name':'bash','description':"
                        + "'Runs commands in a bash session that stays open between calls.',"
                        + "'parameters':{'type':'object','properties':{'command':{'type':"
                        + "'string','description':'The command to run.'},'restart':{'type':"
                        + "'boolean','description':'Starts a new session instead.'}},'required':"
                        + "[]}}}]}"),
                maps("a tool with a schema, whatever its type", "{'tools':[{'type':'newer',"
                        + "'name':'f','input_schema':{'type':'object'}}]}",
                        "{'tools':[" + TOOL_OUT + "]}"),
                maps("a tool", "{'tools':[{'type':'custom','name':'f','description':'d',"
                        + "'input_schema':{'type':'object','x':1.0},'strict':true,"
                        + "'cache_control':{'type':'ephemeral'},'eager_input_streaming':true,"
                        + "'input_examples':[]}]}",
                        "{'tools':[{'type':'function','function':{'name':'f','description':'d',"
                        + "'parameters':{'type':'object','x':1.0}}}]}")
                        .drops("tools.strict", "tools.cache_control",
                        "tools.eager_input_streaming", "tools.input_examples"),
                maps("a strict tool where its schema passes", "{'tools':[{'name':'f',"
                        + "'input_schema':" + CLOSED + ",'strict':true}]}",
                        "{'tools':[{'type':'function','function':{'name':'f','parameters':"
                        + CLOSED + ",'strict':true}}]}"),
                refuses("a tool of the server", "{'tools':[{'type':'web_search_20250305','name':"
                        + "'web_search'}]}", "tools[0].type"),
                maps("choice auto", "{" + TOOLS + ",'tool_choice':{'type':'auto'}}",
                        "{'tools':[" + TOOL_OUT + "],'tool_choice':'auto'}"),
                maps("choice any", "{" + TOOLS + ",'tool_choice':{'type':'any'}}",
                        "{'tool_choice':'required'}"),
                maps("choice none", "{" + TOOLS + ",'tool_choice':{'type':'none'}}",
                        "{'tool_choice':'none'}"),
                maps("choice of a tool", "{" + TOOLS + ",'tool_choice':{'type':'tool','name':"
                        + "'f','disable_parallel_tool_use':true}}",
                        "{'tool_choice':{'type':'function','function':{'name':'f'}},"
                        + "'parallel_tool_calls':false}"),
                refuses("another choice", "{" + TOOLS + ",'tool_choice':{'type':'maybe'}}",
                        "tool_choice.type"),
                maps("one call at a time, without tools",
                        "{'tool_choice':{'type':'auto','disable_parallel_tool_use':true}}",
                        "{'parallel_tool_calls':null}")
                        .drops("tool_choice.disable_parallel_tool_use"));
    }

    static Stream<TranslationCase> settings() {
        return Stream.of(
                maps("the bound of the answer", "{'max_tokens':7}",
                        "{'model':'gpt-4o','max_completion_tokens':7}"),
                maps("one beyond the model's", "{'max_tokens':32000}",
                        "{'max_completion_tokens':16384}").changes("max_tokens"),
                refuses("filling the cache", "{'max_tokens':0}", "max_tokens"),
                maps("temperature and top_p", "{'temperature':0.5,'top_p':0.9}",
                        "{'temperature':0.5,'top_p':0.9}"),
                maps("none of them for reasoning models", "{'temperature':0.5,'top_p':0.9}",
                        "{'temperature':null,'top_p':null}").model("gpt-5")
                        .drops("temperature", "top_p"),
                maps("top_k", "{'top_k':5}", "{'top_k':null}").drops("top_k"),
                maps("top_k where it is known", "{'top_k':5}", "{'top_k':5}")
                        .with(in(ProviderTypes.VLLM.dialect())),
                maps("stop sequences", "{'stop_sequences':['a','b','c','d']}",
                        "{'stop':['a','b','c','d']}"),
                refuses("five of them", "{'stop_sequences':['a','b','c','d','e']}",
                        "stop_sequences"),
                maps("five of them where more are taken",
                        "{'stop_sequences':['a','b','c','d','e']}",
                        "{'stop':['a','b','c','d','e']}").with(in(ProviderTypes.MISTRAL.dialect())),
                refuses("any for a reasoning model", "{'stop_sequences':['a']}",
                        "stop_sequences").model("o3"),
                maps("the end user", "{'metadata':{'user_id':'u','x':1}}",
                        "{'safety_identifier':'u'}").drops("metadata.x"),
                maps("the end user in other dialects", "{'metadata':{'user_id':'u'}}",
                        "{'user':'u','safety_identifier':null}")
                        .with(in(ProviderTypes.GROQ.dialect())),
                maps("an end user with a long name", "{'metadata':{'user_id':'"
                        + "u".repeat(65) + "'}}", "{'safety_identifier':'"
                        + "f20e249d15fa4b9f44ba21d154f62e1efa76ddfdce5d25139a33a4787cee5a8b"
                        + "'}"),
                maps("what has no equal is dropped",
                        "{'service_tier':'auto','inference_geo':'us','cache_control':{},"
                        + "'diagnostics':{},'speed':'fast'}", "{'service_tier':null}")
                        .drops("service_tier", "inference_geo", "cache_control", "diagnostics",
                        "speed"),
                maps("what would happen anyway", "{'context_management':{'edits':[{'type':"
                        + "'clear_thinking_20251015','keep':'all'}]}}",
                        "{'context_management':null}").drops("context_management"),
                refuses("servers of tools", "{'mcp_servers':[{'name':'a'}]}", "mcp_servers[0]"),
                refuses("skills", "{'container':{'skills':[{'skill_id':'pdf'}]}}",
                        "container.skills[0]"),
                maps("a schema for the answer", "{'output_config':{'format':{'type':"
                        + "'json_schema','schema':" + CLOSED + "}}}",
                        "{'response_format':{'type':'json_schema','json_schema':{'name':"
                        + "'response','schema':" + CLOSED + ",'strict':true}}}"),
                maps("by its older name", "{'output_format':{'type':'json_schema','schema':"
                        + CLOSED + "}}",
                        "{'response_format':{'type':'json_schema','json_schema':{'name':"
                        + "'response','schema':" + CLOSED + ",'strict':true}}}"),
                maps("one with what may be missing", "{'output_config':{'format':{'type':"
                        + "'json_schema','schema':" + CLOSED.replace("['a']", "[]") + "}}}",
                        "{'response_format':{'type':'json_schema','json_schema':{'name':"
                        + "'response','schema':" + CLOSED.replace("['a']", "[]") + "}}}")
                        .changes("output_config.format"),
                refuses("a schema that is missing", "{'output_config':{'format':{'type':"
                        + "'json_schema'}}}", "output_config.format.schema"),
                refuses("where none is taken", "{'output_config':{'format':{'type':"
                        + "'json_schema','schema':{}}}}", "output_config.format")
                        .with(in(ProviderTypes.DEEPSEEK.dialect())),
                maps("a stream tells its usage", "{'stream':true}",
                        "{'stream':true,'stream_options':{'include_usage':true}}")
                        .with(all -> TranslationOptions.of(all.model(), true)),
                maps("unless that cannot be asked for", "{}",
                        "{'stream':true,'stream_options':null}")
                        .with(all -> TranslationOptions.of(all.model(), true)
                        .withDialect(ProviderTypes.MISTRAL.dialect())));
    }

    private static TranslationCase thought(String name, String in, String effort) {
        return maps(name, "{" + in + "}", "{'reasoning_effort':"
                + (effort == null ? "null" : "'" + effort + "'") + "}").model("gpt-5");
    }

    private static String budget(int tokens) {
        return "'thinking':{'type':'enabled','budget_tokens':" + tokens + "}";
    }

    static Stream<TranslationCase> thinking() {
        return Stream.of(
                thought("a small budget", budget(1024), "low"),
                thought("a middling budget", budget(2048), "medium"),
                thought("a large budget", budget(8192), "high"),
                thought("an effort comes first", budget(1024)
                        + ",'output_config':{'effort':'medium'}", "medium"),
                thought("an effort alone", "'output_config':{'effort':'low'}", "low"),
                thought("an effort beyond", "'output_config':{'effort':'max'}", "high")
                        .changes("output_config.effort"),
                thought("an effort beyond, where it is known",
                        "'output_config':{'effort':'max'}", "max").model("gpt-5.2"),
                thought("as the model sees fit", "'thinking':{'type':'adaptive'}", null),
                thought("not at all", "'thinking':{'type':'disabled'}", null).drops("thinking"),
                thought("not at all, where it can be said", "'thinking':{'type':'disabled'}",
                        "none").model("gpt-5.1"),
                thought("its display has no equal", "'thinking':{'type':'adaptive','display':"
                        + "'omitted'}", null).drops("thinking.display"),
                thought("a model that doesn't think", budget(2048), null).model("gpt-4o")
                        .drops("thinking"),
                thought("a provider that says it for all models", budget(2048), "medium")
                        .model("qwen").with(in(ProviderTypes.OPENROUTER.dialect())));
    }

    static Stream<TranslationCase> dialects() {
        String prefill = ASKED + ",{'role':'assistant','content':'b'}";
        String call = ASKED + ",{'role':'assistant','content':[{'type':'thinking','thinking':'h',"
                + "'signature':''},{'type':'tool_use','id':'toolu_1','name':'f','input':{}}]},"
                + "{'role':'user','content':[{'type':'tool_result','tool_use_id':'toolu_1'}]}";
        return Stream.of(
                maps("others call the bound max_tokens", "{'max_tokens':7}",
                        "{'max_tokens':7,'max_completion_tokens':null}")
                        .with(in(ProviderTypes.VLLM.dialect())),
                conversation("Mistral goes on from a prefix", prefill, ASKED
                        + ",{'role':'assistant','content':'b','prefix':true}")
                        .with(in(ProviderTypes.MISTRAL.dialect())),
                maps("vLLM goes on where it is told to", "{'messages':[" + prefill + "]}",
                        "{'messages':[" + prefill + "],'add_generation_prompt':false,"
                        + "'continue_final_message':true}").with(in(ProviderTypes.VLLM.dialect())),
                conversation("OpenRouter goes on unasked", prefill, prefill)
                        .with(in(ProviderTypes.OPENROUTER.dialect())),
                conversation("Mistral's ids have nine characters", call,
                        ASKED + ",{'role':'assistant','content':null,'tool_calls':[{'id':"
                        + "'rNEJ83nAi','type':'function','function':{'name':'f','arguments':"
                        + "'{}'}}]},"
                        + "{'role':'tool','tool_call_id':'rNEJ83nAi','content':''}")
                        .drops("messages.content.thinking")
                        .with(in(ProviderTypes.MISTRAL.dialect())),
                conversation("DeepSeek wants its reasoning back with calls", call,
                        ASKED + ",{'role':'assistant','content':null,'reasoning_content':'h',"
                        + "'tool_calls':[{'id':'toolu_1','type':'function','function':{'name':"
                        + "'f','arguments':'{}'}}]},{'role':'tool','tool_call_id':'toolu_1',"
                        + "'content':''}").with(in(ProviderTypes.DEEPSEEK.dialect())),
                conversation("even if there was none", call.replace("'thinking':'h'",
                        "'thinking':''"), ASKED + ",{'role':'assistant','content':null,"
                        + "'reasoning_content':' ','tool_calls':[{'id':'toolu_1','type':"
                        + "'function','function':{'name':'f','arguments':'{}'}}]},{'role':"
                        + "'tool','tool_call_id':'toolu_1','content':''}")
                        .with(in(ProviderTypes.DEEPSEEK.dialect())),
                reasoning("xAI takes it with calls", call, "'reasoning_content':'h'",
                        ProviderTypes.XAI.dialect()),
                reasoning("vLLM reads either name", call,
                        "'reasoning_content':'h','reasoning':'h'", ProviderTypes.VLLM.dialect()),
                reasoning("OpenRouter takes plain text", call, "'reasoning':'h'",
                        ProviderTypes.OPENROUTER.dialect()),
                reasoning("OpenRouter takes what is signed in details", call.replace(
                        "'signature':''", "'signature':'s'"), "'reasoning_details':[{'type':"
                        + "'reasoning.text','text':'h','signature':'s','format':"
                        + "'anthropic-claude-v1','index':0}]", ProviderTypes.OPENROUTER.dialect())
                        .model("anthropic/claude-sonnet-4.6"),
                reasoning("OpenRouter gets its own details back", call.replace(
                        "{'type':'thinking','thinking':'h','signature':''}",
                        "{'type':'thinking','thinking':'h','signature':''},{'type':"
                        + "'redacted_thinking','data':'penstock:detail:{\\\"type\\\":"
                        + "\\\"reasoning.encrypted\\\",\\\"id\\\":\\\"toolu_1\\\"}'}"),
                        "'reasoning_details':[{'type':'reasoning.text','text':'h','index':0},"
                        + "{'type':'reasoning.encrypted','id':'toolu_1'}]",
                        ProviderTypes.OPENROUTER.dialect()),
                maps("OpenRouter honours breakpoints", "{'system':[{'type':'text','text':'s',"
                        + "'cache_control':{'type':'ephemeral','ttl':'1h'}}],'messages':["
                        + "{'role':'user','content':[{'type':'text','text':'a','cache_control':"
                        + "{'type':'ephemeral'}}]}]}",
                        "{'messages':[{'role':'system','content':[{'type':'text','text':'s',"
                        + "'cache_control':{'type':'ephemeral','ttl':'1h'}}]},{'role':'user',"
                        + "'content':[{'type':'text','text':'a','cache_control':{'type':"
                        + "'ephemeral'}}]}]}").with(in(ProviderTypes.OPENROUTER.dialect())),
                conversation("and those of results", call.replace("'tool_use_id':'toolu_1'",
                        "'tool_use_id':'toolu_1','content':'r','cache_control':{'type':"
                        + "'ephemeral'}"), ASKED + ",{'role':'assistant','content':null,"
                        + "'reasoning':'h'," + CALLED + "},{'role':'tool','tool_call_id':"
                        + "'toolu_1','content':[{'type':'text','text':'r','cache_control':"
                        + "{'type':'ephemeral'}}]}")
                        .with(in(ProviderTypes.OPENROUTER.dialect())));
    }

    private static final String CALLED = "'tool_calls':[{'id':'toolu_1','type':'function',"
            + "'function':{'name':'f','arguments':'{}'}}]";

    private static TranslationCase reasoning(String name, String in, String reasoning,
            ChatDialect dialect) {
        return conversation(name, in, ASKED + ",{'role':'assistant','content':null," + reasoning
                + "," + CALLED + "},{'role':'tool','tool_call_id':'toolu_1','content':''}")
                .with(in(dialect));
    }
}
