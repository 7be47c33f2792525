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
    @MethodSource({"items", "tools", "settings"})
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
                noItem("a reference", "{'type':'item_reference','id':'a'}", ".type"),
                noItem("a call of the server's", "{'type':'web_search_call','id':'a'}", ".type"),
                noItem("a custom call", "{'type':'custom_tool_call','call_id':'a','name':'b',"
                        + "'input':''}", ".type"),
                refuses("no input", "{'input':null}", "input"));
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
                refuses("a tool of the server", "{'tools':[{'type':'web_search'}]}",
                        "tools[0].type"),
                refuses("a custom tool", "{'tools':[{'type':'custom','name':'f'}]}",
                        "tools[0].type"),
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
                maps("a managed context only tunes", "{'context_management':[]}", "{}")
                        .drops("context_management"),
                refuses("a warm-up", "{'prompt_cache_options':{'prewarm':true}}",
                        "prompt_cache_options.prewarm"));
    }
}
