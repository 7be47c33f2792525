package io.penstock.translate.request;

import static io.penstock.translate.request.TranslationCase.maps;
import static io.penstock.translate.request.TranslationCase.refuses;

import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** OpenAI Responses requests as chat requests, field by field. */
class ResponsesToChatTest {
    private static final String HI = "{'role':'user','content':'hi'}";

    @ParameterizedTest(name = "{0}")
    @MethodSource({"items", "agentItems", "tools", "agentTools", "settings"})
    void translates(TranslationCase row) throws Exception {
        row.check(ClientFormat.RESPONSES, ProviderFormat.CHAT, "gpt-4o", "'input':'hi'",
                "'model':'x'");
    }

    private static TranslationCase conversation(String name, String in, String out) {
        return maps(name, "{'input':[" + in + "]}", "{'messages':[" + out + "]}");
    }

    private static TranslationCase noItem(String name, String in, String param) {
        return refuses(name, "{'input':[" + in + "]}", "input[0]" + param);
    }

    private static String call(String id) {
        return "{'type':'function_call','id':'fc_1','status':'completed','call_id':'" + id
                + "','name':'f','arguments':'{\\\"a\\\": 1}'}";
    }

    private static String callOut(String id) {
        return "{'id':'" + id + "','type':'function','function':{'name':'f','arguments':"
                + "'{\\\"a\\\": 1}'}}";
    }

    private static String output(String id) {
        return "{'type':'function_call_output','call_id':'" + id + "','output':'r'}";
    }

    private static String outputOut(String id) {
        return "{'role':'tool','tool_call_id':'" + id + "','content':'r'}";
    }

    static Stream<TranslationCase> items() {
        return Stream.of(
                maps("a text", "{'input':'a'}", "{'messages':[{'role':'user','content':'a'}]}"),
                maps("instructions", "{'instructions':'s'}",
                        "{'messages':[{'role':'system','content':'s'}," + HI + "]}"),
                maps("instructions for a reasoning model", "{'instructions':'s'}",
                        "{'messages':[{'role':'developer','content':'s'}," + HI + "]}")
                        .model("o3"),
                maps("instructions as items", "{'instructions':[{'role':'developer','content':"
                        + "'s'}]}", "{'messages':[{'role':'system','content':'s'}," + HI + "]}"),
                conversation("messages, with a type or without",
                        "{'role':'developer','content':'s'},{'type':'message','role':'user',"
                        + "'content':[{'type':'input_text','text':'a'}]},{'type':'message',"
                        + "'id':'msg_1','role':'assistant','status':'completed','content':"
                        + "[{'type':'output_text','text':'b','annotations':[]}]},"
                        + "{'role':'assistant','content':[{'type':'refusal','refusal':'c'}]},"
                        + HI,
                        "{'role':'system','content':'s'},{'role':'user','content':'a'},"
                        + "{'role':'assistant','content':[{'type':'text','text':'b'},"
                        + "{'type':'text','text':'c'}]}," + HI),
                conversation("an image", "{'role':'user','content':[{'type':'input_image',"
                        + "'image_url':'https://a','detail':'high'},{'type':'input_image',"
                        + "'image_url':'data:image/png;base64,AAAA','detail':'original'}]}",
                        "{'role':'user','content':[{'type':'image_url','image_url':{'url':"
                        + "'https://a','detail':'high'}},{'type':'image_url','image_url':"
                        + "{'url':'data:image/png;base64,AAAA','detail':'high'}}]}")
                        .changes("input.content.detail"),
                noItem("an image kept there", "{'role':'user','content':[{'type':'input_image',"
                        + "'file_id':'f'}]}", ".content[0].file_id"),
                conversation("a file", "{'role':'user','content':[{'type':'input_file',"
                        + "'filename':'a.pdf','file_data':'data:application/pdf;base64,AAAA'}]}",
                        "{'role':'user','content':[{'type':'file','file':{'filename':'a.pdf',"
                        + "'file_data':'data:application/pdf;base64,AAAA'}}]}"),
                noItem("a file kept there", "{'role':'user','content':[{'type':'input_file',"
                        + "'file_id':'f'}]}", ".content[0].file_id"),
                noItem("a file elsewhere", "{'role':'user','content':[{'type':'input_file',"
                        + "'file_url':'https://a'}]}", ".content[0].file_url"),
                conversation("what the assistant said and called in a row is one message",
                        HI + ",{'type':'message','role':'assistant','content':'b'}," + call("1")
                        + "," + call("2") + "," + output("1") + "," + output("2") + ","
                        + call("3") + "," + output("3"),
                        HI + ",{'role':'assistant','content':'b','tool_calls':[" + callOut("1")
                        + "," + callOut("2") + "]}," + outputOut("1") + "," + outputOut("2")
                        + ",{'role':'assistant','content':null,'tool_calls':[" + callOut("3")
                        + "]}," + outputOut("3")),
                conversation("an image in an output", HI + "," + call("1")
                        + ",{'type':'function_call_output','call_id':'1','output':[{'type':"
                        + "'input_text','text':'r'},{'type':'input_image','image_url':"
                        + "'https://a'}]}",
                        HI + ",{'role':'assistant','content':null,'tool_calls':[" + callOut("1")
                        + "]}," + outputOut("1") + ",{'role':'user','content':[{'type':'text',"
                        + "'text':'Image from tool call 1:'},{'type':'image_url','image_url':"
                        + "{'url':'https://a'}}]}"),
                noItem("an output without its call", output("1"), ""),
                conversation("foreign reasoning is dropped", HI + ",{'type':'reasoning','id':"
                        + "'rs_1','summary':[],'encrypted_content':'x'}," + call("1") + ","
                        + output("1"), HI + ",{'role':'assistant','content':null,'tool_calls':["
                        + callOut("1") + "]}," + outputOut("1"))
                        .drops("input.reasoning", "input.encrypted_content"),
                noItem("a reference", "{'type':'item_reference','id':'a'}", ""),
                noItem("a reference that does not say so", "{'id':'a'}", ""),
                noItem("the wish for a compaction", "{'type':'compaction_trigger'}", ".type"),
                refuses("no input", "{'input':null}", "input"));
    }

    /** What Codex keeps in its history, some of which only OpenAI can read. */
    static Stream<TranslationCase> agentItems() {
        String patch = "'*** Begin Patch\\n+\\\"a\\\"'";
        return Stream.of(
                conversation("a call of a custom tool", HI + ",{'type':'custom_tool_call','id':"
                        + "'ctc_1','status':'completed','call_id':'1','name':'apply_patch',"
                        + "'input':" + patch + "},{'type':'custom_tool_call_output','call_id':"
                        + "'1','output':'r'}",
                        HI + "," + called("1", "apply_patch", "{\\\"input\\\":\\\"*** Begin "
                        + "Patch\\\\n+\\\\\\\"a\\\\\\\"\\\"}") + "," + outputOut("1")),
                conversation("a call in a namespace", HI + ",{'type':'function_call','call_id':"
                        + "'1','namespace':'mcp__fs','name':'read','arguments':'{}'},"
                        + output("1"),
                        HI + "," + called("1", "mcp__fs__read", "{}") + "," + outputOut("1")),
                conversation("a call of the shell", HI + ",{'type':'local_shell_call','call_id':"
                        + "'1','status':'completed','action':{'type':'exec','command':['ls']}},"
                        + output("1"),
                        HI + "," + called("1", "local_shell", "{\\\"type\\\":\\\"exec\\\","
                        + "\\\"command\\\":[\\\"ls\\\"]}") + "," + outputOut("1")),
                conversation("a shell's own output", HI + ",{'type':'shell_call','call_id':"
                        + "'1','action':{'commands':['ls']}},{'type':'shell_call_output',"
                        + "'call_id':'1','output':[{'stdout':'a'}]}",
                        HI + "," + called("1", "shell", "{\\\"commands\\\":[\\\"ls\\\"]}")
                        + ",{'role':'tool','tool_call_id':'1','content':'[{\\\"stdout\\\":"
                        + "\\\"a\\\"}]'}"),
                conversation("a patch", HI + ",{'type':'apply_patch_call','call_id':'1',"
                        + "'operation':{'type':'delete_file'}},{'type':'apply_patch_call_output',"
                        + "'call_id':'1','status':'completed','output':'r'}",
                        HI + "," + called("1", "apply_patch", "{\\\"type\\\":\\\"delete_file\\\""
                        + "}") + "," + outputOut("1")),
                conversation("a screenshot", HI + ",{'type':'computer_call','call_id':'1',"
                        + "'action':{'type':'screenshot'}},{'type':'computer_call_output',"
                        + "'call_id':'1','output':{'type':'computer_screenshot','image_url':"
                        + "'https://a'}}",
                        HI + "," + called("1", "computer", "{\\\"type\\\":\\\"screenshot\\\"}")
                        + ",{'role':'tool','tool_call_id':'1','content':''},{'role':'user',"
                        + "'content':[{'type':'text','text':'Image from tool call 1:'},{'type':"
                        + "'image_url','image_url':{'url':'https://a'}}]}"),
                conversation("a result that came unasked", HI + ",{'type':"
                        + "'function_call_output','call_id':'1','namespace':'app','name':"
                        + "'create_thread','output':'r'}",
                        HI + "," + called("1", "app__create_thread", "{}") + ","
                        + outputOut("1")),
                conversation("a message of another agent", "{'type':'agent_message','content':"
                        + "[{'type':'input_text','text':'a'},{'type':'encrypted_content',"
                        + "'encrypted_content':'x'}]}", "{'role':'user','content':'a'}")
                        .drops("input.content.encrypted_content"),
                conversation("a search for tools, whose finds are offered from then on",
                        HI + ",{'type':'tool_search_call','call_id':'1','execution':'client',"
                        + "'arguments':{'query':'mail'}},{'type':'tool_search_output','call_id':"
                        + "'1','execution':'client','tools':[{'type':'namespace','name':'gmail',"
                        + "'tools':[{'type':'function','name':'send','strict':false}]}]}",
                        HI + "," + called("1", "tool_search", "{\\\"query\\\":\\\"mail\\\"}")
                        + ",{'role':'tool','tool_call_id':'1','content':'[{\\\"type\\\":"
                        + "\\\"namespace\\\",\\\"name\\\":\\\"gmail\\\",\\\"tools\\\":["
                        + "{\\\"type\\\":\\\"function\\\",\\\"name\\\":\\\"send\\\","
                        + "\\\"strict\\\":false}]}]'}"),
                maps("tools that items add, once each", "{'input':[{'type':'additional_tools',"
                        + "'role':'developer','tools':[{'type':'namespace','name':'functions',"
                        + "'tools':[{'type':'function','name':'f','description':'old','strict':"
                        + "false},{'type':'function','name':'g','strict':false}]}]}," + HI
                        + ",{'type':'additional_tools','tools':[{'type':'namespace','name':"
                        + "'functions','tools':[{'type':'function','name':'f','description':"
                        + "'new','strict':false}]}]}]}",
                        "{'messages':[" + HI + "],'tools':[{'type':'function','function':{'name':"
                        + "'functions__f','description':'new','strict':false}},{'type':"
                        + "'function','function':{'name':'functions__g','strict':false}}]}"),
                conversation("what a provider did or sealed is dropped", HI
                        + ",{'type':'web_search_call','id':'a','status':'completed','action':"
                        + "{'type':'search','query':'q'}},{'type':'compaction',"
                        + "'encrypted_content':'x'},{'type':'file_search_call','id':'a'},"
                        + "{'type':'image_generation_call','id':'a','result':'AAAA'},"
                        + "{'type':'mcp_list_tools','id':'a'},{'type':'tool_search_call'},"
                        + "{'type':'tool_search_output','tools':[]},{'type':'something_new'},"
                        + "{'role':'assistant','content':'b','phase':'commentary'}," + HI,
                        HI + ",{'role':'assistant','content':'b'}," + HI)
                        .drops("input.web_search_call", "input.compaction",
                        "input.file_search_call", "input.image_generation_call",
                        "input.mcp_list_tools", "input.tool_search_call", "input.something_new",
                        "input.phase"));
    }

    private static String called(String id, String name, String arguments) {
        return "{'role':'assistant','content':null,'tool_calls':[{'id':'" + id + "','type':"
                + "'function','function':{'name':'" + name + "','arguments':'" + arguments
                + "'}}]}";
    }

    private static TranslationCase tool(String name, String more, String moreOut) {
        return maps(name, "{'tools':[{'type':'function','name':'f'" + more + "}]}",
                "{'tools':[{'type':'function','function':{'name':'f'" + moreOut + "}}]}");
    }

    static Stream<TranslationCase> tools() {
        String closed = "'parameters':{'type':'object','properties':{'a':{'type':'object',"
                + "'properties':{},'required':[],'additionalProperties':false}},'required':"
                + "['a'],'additionalProperties':false}";
        String open = "'parameters':{'type':'object','properties':{'a':{'type':'string'}},"
                + "'additionalProperties':false}";
        String tool = "'tools':[{'type':'function','name':'f','strict':false}]";
        return Stream.of(
                tool("a tool", ",'description':'d','strict':false," + open,
                        ",'description':'d','strict':false," + open),
                tool("strict unless it says otherwise, if it passes for it", "," + closed,
                        ",'strict':true," + closed),
                tool("not strict where its schema would be refused", "," + open,
                        ",'strict':false," + open),
                maps("choice required", "{" + tool + ",'tool_choice':'required'}",
                        "{'tool_choice':'required'}"),
                maps("choice of a function", "{" + tool
                        + ",'tool_choice':{'type':'function','name':'f'}}",
                        "{'tool_choice':{'type':'function','function':{'name':'f'}}}"),
                maps("allowed tools", "{'tools':[{'type':'function','name':'f','strict':false},"
                        + "{'type':'function','name':'g','strict':false}],'tool_choice':{'type':"
                        + "'allowed_tools','mode':'auto','tools':[{'type':'function','name':'g'"
                        + "}]}}", "{'tools':[{'type':'function','function':{'name':'g','strict':"
                        + "false}}],'tool_choice':'auto'}"),
                refuses("choice of a tool of the server", "{" + tool
                        + ",'tool_choice':{'type':'file_search'}}", "tool_choice"),
                maps("one call at a time", "{" + tool + ",'parallel_tool_calls':false}",
                        "{'parallel_tool_calls':false}"));
    }

    /** What Codex offers, unasked, whoever the model is of. */
    static Stream<TranslationCase> agentTools() {
        String function = "'tools':[{'type':'function','name':'f','strict':false}";
        String functionOut = "{'type':'function','function':{'name':'f','strict':false}}";
        String input = "'parameters':{'type':'object','properties':{'input':{'type':'string',"
                + "'description':'The whole input of the tool, as plain text.'}},'required':["
                + "'input'],'additionalProperties':false}";
        String spaces = "{'type':'namespace','name':'mcp__fs__','description':'d','tools':["
                + "{'type':'function','name':'read','strict':false}]},{'type':'namespace','name':"
                + "'web','tools':[{'type':'function','name':'read','strict':false},{'type':"
                + "'custom','name':'js'}]}";
        String read = "{'type':'function','function':{'name':'mcp__fs__read','strict':false}}";
        String webRead = "{'type':'function','function':{'name':'web__read','strict':false}}";
        String js = "{'type':'function','function':{'name':'web__js'," + input + "}}";
        return Stream.of(
                maps("tools that only a provider can run are dropped", "{" + function
                        + ",{'type':'web_search','external_web_access':true},{'type':"
                        + "'image_generation','output_format':'png'},{'type':'local_shell'},"
                        + "{'type':'mcp','server_label':'l'},{'type':'tool_search'}]}",
                        "{'tools':[" + functionOut + "]}").drops("tools.web_search",
                        "tools.image_generation", "tools.local_shell", "tools.mcp",
                        "tools.tool_search"),
                maps("even if they are all", "{'tools':[{'type':'web_search_preview'}],"
                        + "'tool_choice':'auto'}", "{'tools':null,'tool_choice':null}")
                        .drops("tools.web_search_preview"),
                refuses("unless one has to be used", "{'tools':[{'type':'web_search'}],"
                        + "'tool_choice':'required'}", "tool_choice"),
                maps("functions of a namespace", "{'tools':[" + spaces + "]}",
                        "{'tools':[" + read + "," + webRead + "," + js + "]}")
                        .drops("tools.description"),
                maps("choice of one in a namespace", "{'tools':[" + spaces + "],'tool_choice':"
                        + "{'type':'function','namespace':'web','name':'read'}}",
                        "{'tool_choice':{'type':'function','function':{'name':'web__read'}}}")
                        .drops("tools.description"),
                maps("choice of one whose namespace goes without saying", "{'tools':[" + spaces
                        + "],'tool_choice':{'type':'custom','name':'js'}}",
                        "{'tool_choice':{'type':'function','function':{'name':'web__js'}}}")
                        .drops("tools.description"),
                maps("allowed tools of all kinds", "{'tools':[" + spaces + ",{'type':'custom',"
                        + "'name':'c'}],'tool_choice':{'type':'allowed_tools','tools':[{'type':"
                        + "'custom','name':'c'},{'type':'namespace','name':'mcp__fs__'},{'type':"
                        + "'web_search'}]}}", "{'tools':[" + read + ",{'type':'function',"
                        + "'function':{'name':'c'," + input + "}}],'tool_choice':'auto'}")
                        .drops("tools.description"),
                maps("a custom tool", "{'tools':[{'type':'custom','name':'c','description':'d',"
                        + "'format':{'type':'text'}}]}", "{'tools':[{'type':'function',"
                        + "'function':{'name':'c','description':'d'," + input + "}}]}"),
                maps("one with a grammar", "{'tools':[{'type':'custom','name':'c','description':"
                        + "'d','format':{'type':'grammar','syntax':'lark','definition':'start:"
                        + " x\\n'}}]}", "{'tools':[{'type':'function','function':{'name':'c',"
                        + "'description':'d\\n\\nThe input has to follow this grammar (lark):"
                        + "\\nstart: x\\n'," + input + "}}]}").changes("tools.format"),
                maps("a search for tools that the caller runs", "{'tools':[{'type':'tool_search',"
                        + "'execution':'client','description':'d','parameters':{'type':"
                        + "'object'}}]}", "{'tools':[{'type':'function','function':{'name':"
                        + "'tool_search','description':'d','parameters':{'type':'object'}}}]}"),
                maps("a function that is loaded later is there from the start", "{'tools':[{"
                        + "'type':'function','name':'f','strict':false,'defer_loading':true}]}",
                        "{'tools':[" + functionOut + "]}").drops("tools.defer_loading"));
    }

    static Stream<TranslationCase> settings() {
        return Stream.of(
                maps("one of another name", "{'max_output_tokens':99}",
                        "{'max_completion_tokens':99}"),
                maps("probabilities, which the answer would not bring back",
                        "{'top_logprobs':2,'include':['message.output_text.logprobs']}",
                        "{'logprobs':null,'top_logprobs':null}")
                        .drops("top_logprobs", "include[0]"),
                maps("those of the same name", "{'temperature':0.5,'top_p':0.9,'metadata':"
                        + "{'a':'b'},'service_tier':'flex','prompt_cache_key':'k',"
                        + "'prompt_cache_retention':'24h','store':true,'user':'u'}",
                        "{'temperature':0.5,'top_p':0.9,'metadata':{'a':'b'},'service_tier':"
                        + "'flex','prompt_cache_key':'k','prompt_cache_retention':'24h','store':"
                        + "true,'safety_identifier':'u'}"),
                maps("an effort", "{'reasoning':{'effort':'low','summary':'auto'}}",
                        "{'reasoning_effort':'low'}").model("gpt-5").drops("reasoning.summary"),
                maps("a format", "{'text':{'verbosity':'low','format':{'type':'json_schema',"
                        + "'name':'n','strict':true,'schema':{'type':'object'}}}}",
                        "{'verbosity':'low','response_format':{'type':'json_schema',"
                        + "'json_schema':{'name':'n','schema':{'type':'object'},'strict':true}"
                        + "}}"),
                maps("any JSON object", "{'text':{'format':{'type':'json_object'}}}",
                        "{'response_format':{'type':'json_object'}}"),
                maps("plain text", "{'text':{'format':{'type':'text'}}}",
                        "{'response_format':null}"),
                maps("what has no equal is dropped", "{'max_tool_calls':1,'truncation':'auto',"
                        + "'include':['reasoning.encrypted_content','file_search_call.results'],"
                        + "'stream_options':{'include_obfuscation':false},'access_programs':[],"
                        + "'n':3}", "{'n':null}").drops("max_tool_calls", "truncation",
                        "include[1]", "stream_options.include_obfuscation", "access_programs",
                        "n"),
                maps("what is the default anyway isn't missed",
                        "{'truncation':'disabled','background':false,'store':false}", "{}"),
                refuses("an earlier response", "{'previous_response_id':'r'}",
                        "previous_response_id"),
                refuses("a conversation", "{'conversation':'c'}", "conversation"),
                refuses("a prompt", "{'prompt':{'id':'p'}}", "prompt"),
                refuses("the background", "{'background':true}", "background"),
                maps("a managed context, which is an economy", "{'context_management':[{'type':"
                        + "'compaction','compact_threshold':1}]}", "{}")
                        .drops("context_management"),
                maps("what Codex sends with every call", "{'store':false,'client_metadata':"
                        + "{'a':'b'},'include':['reasoning.encrypted_content'],'tool_choice':"
                        + "'auto','parallel_tool_calls':false,'prompt_cache_key':'k','text':"
                        + "{'verbosity':'low'},'access_programs':{},'stream_options':"
                        + "{'include_obfuscation':false}}", "{'prompt_cache_key':'k','verbosity':"
                        + "'low'}").drops("client_metadata", "parallel_tool_calls",
                        "access_programs", "stream_options.include_obfuscation"),
                maps("penalties, which the open schema has", "{'presence_penalty':0.5,"
                        + "'frequency_penalty':1}", "{'presence_penalty':0.5,"
                        + "'frequency_penalty':1}"),
                refuses("a warm-up", "{'prompt_cache_options':{'prewarm':true}}",
                        "prompt_cache_options.prewarm"));
    }
}
