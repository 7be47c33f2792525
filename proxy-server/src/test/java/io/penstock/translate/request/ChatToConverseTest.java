package io.penstock.translate.request;

import static io.penstock.translate.request.TranslationCase.maps;
import static io.penstock.translate.request.TranslationCase.refuses;

import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** OpenAI chat requests as Bedrock Converse requests, field by field. */
class ChatToConverseTest {
    private static final String NOVA = "amazon.nova-pro-v1:0";
    private static final String TOOLS =
            "'tools':[{'type':'function','function':{'name':'f','description':' '}}]";
    private static final String TOOL_OUT = "{'toolSpec':{'name':'f','inputSchema':{'json':"
            + "{'type':'object','properties':{}}}}}";
    private static final String ASKED = "{'role':'user','content':'a'}";
    private static final String ASKED_OUT = "{'role':'user','content':[{'text':'a'}]}";

    @ParameterizedTest(name = "{0}")
    @MethodSource({"messages", "parts", "tools", "settings"})
    void translates(TranslationCase row) throws Exception {
        row.check(ClientFormat.CHAT, ProviderFormat.CONVERSE,
                "us.anthropic.claude-sonnet-4-6-v1:0",
                "'messages':[{'role':'user','content':'hi'}]", "'model':'x'");
    }

    private static TranslationCase conversation(String name, String in, String out) {
        return maps(name, "{'messages':[" + in + "]}", "{'messages':[" + out + "]}");
    }

    static Stream<TranslationCase> messages() {
        return Stream.of(
                maps("operator's messages", "{'messages':[{'role':'system','content':[{'type':"
                        + "'text','text':'s','cache_control':{'type':'ephemeral'}}]}," + ASKED
                        + "]}", "{'model':null,'system':[{'text':'s'},{'cachePoint':{'type':"
                        + "'default'}}],'messages':[" + ASKED_OUT + "]}"),
                conversation("roles alternate, the user first",
                        "{'role':'assistant','content':'b'}," + ASKED + "," + ASKED,
                        "{'role':'user','content':[{'text':'.'}]},{'role':'assistant','content':"
                        + "[{'text':'b'}]},{'role':'user','content':[{'text':'a'},{'text':'a'}]}")
                        .changes("messages[0]"),
                conversation("a call and its result, with an id that is legal there", ASKED
                        + ",{'role':'assistant','tool_calls':[{'id':'functions.f:0','function':"
                        + "{'name':'f','arguments':'{}'}}]},{'role':'tool','tool_call_id':"
                        + "'functions.f:0','content':'r'}",
                        ASKED_OUT + ",{'role':'assistant','content':[{'toolUse':{'toolUseId':"
                        + "'functions.f:0','name':'f','input':{}}}]},{'role':'user','content':"
                        + "[{'toolResult':{'toolUseId':'functions.f:0','content':[{'text':'r'}]"
                        + "}}]}").changes("tools").drops("tool_choice"),
                conversation("an empty result", ASKED + ",{'role':'assistant','tool_calls':"
                        + "[{'id':'c','function':{'name':'f','arguments':'{}'}}]},{'role':'tool',"
                        + "'tool_call_id':'c','content':''}",
                        ASKED_OUT + ",{'role':'assistant','content':[{'toolUse':{'toolUseId':'c',"
                        + "'name':'f','input':{}}}]},{'role':'user','content':[{'toolResult':"
                        + "{'toolUseId':'c','content':[]}}]}")
                        .changes("tools").drops("tool_choice"),
                conversation("signed reasoning", ASKED + ",{'role':'assistant','content':'b',"
                        + "'reasoning_details':[{'text':'h','signature':'s'},{'data':'d'}]},"
                        + ASKED, ASKED_OUT + ",{'role':'assistant','content':"
                        + "[{'reasoningContent':{'reasoningText':{'text':'h','signature':'s'}}},"
                        + "{'reasoningContent':{'redactedContent':'d'}},{'text':'b'}]},"
                        + ASKED_OUT),
                refuses("a prefill where the model refuses it", "{'messages':[" + ASKED
                        + ",{'role':'assistant','content':'b'}]}", "messages[1]"));
    }

    private static TranslationCase part(String name, String in, String out) {
        return conversation(name, "{'role':'user','content':[{'type':'text','text':'a'}," + in
                + "]}", "{'role':'user','content':[{'text':'a'}," + out + "]}");
    }

    private static TranslationCase noPart(String name, String in, String param) {
        return refuses(name, "{'messages':[{'role':'user','content':[" + in + "]}]}",
                "messages[0].content[0]" + param);
    }

    private static String file(String name, String type) {
        return "{'type':'file','file':{'filename':'" + name + "','file_data':'data:" + type
                + ";base64,AAAA'}}";
    }

    private static String fileOut(String name, String format) {
        return "{'document':{'format':'" + format + "','name':'" + name
                + "','source':{'bytes':'AAAA'}}}";
    }

    static Stream<TranslationCase> parts() {
        return Stream.of(
                part("an image", "{'type':'image_url','image_url':{'url':"
                        + "'data:image/jpg;base64,AAAA'}}",
                        "{'image':{'format':'jpeg','source':{'bytes':'AAAA'}}}"),
                noPart("an image elsewhere",
                        "{'type':'image_url','image_url':{'url':'https://a'}}", ".image_url"),
                noPart("an image of another type", "{'type':'image_url','image_url':{'url':"
                        + "'data:image/tiff;base64,AAAA'}}", ".image_url"),
                part("files, their names made legal and unlike one another",
                        file("R\u00e9sum\u00e9  1.pdf", "application/pdf") + ","
                        + file("a", "text/csv") + "," + file("a", "text/markdown"),
                        fileOut("R-sum- -1-pdf", "pdf") + "," + fileOut("a", "csv") + ","
                        + fileOut("a (2)", "md")),
                noPart("another file", file("a", "application/zip"), ".file"),
                noPart("audio", "{'type':'input_audio','input_audio':{'data':'A','format':"
                        + "'wav'}}", ".input_audio"));
    }

    static Stream<TranslationCase> tools() {
        String config = "{'toolConfig':{'tools':[" + TOOL_OUT + "]";
        return Stream.of(
                maps("a tool", "{" + TOOLS + "}", config + "}}"),
                maps("choice auto", "{" + TOOLS + ",'tool_choice':'auto'}",
                        config + ",'toolChoice':{'auto':{}}}}"),
                maps("choice required", "{" + TOOLS + ",'tool_choice':'required'}",
                        config + ",'toolChoice':{'any':{}}}}"),
                maps("choice of a function", "{" + TOOLS
                        + ",'tool_choice':{'type':'function','function':{'name':'f'}}}",
                        config + ",'toolChoice':{'tool':{'name':'f'}}}}"),
                maps("choice none leaves the tools out", "{" + TOOLS + ",'tool_choice':'none'}",
                        "{'toolConfig':null}"),
                maps("unless the history needs them", "{" + TOOLS + ",'tool_choice':'none',"
                        + "'messages':[" + ASKED + ",{'role':'assistant','tool_calls':[{'id':"
                        + "'c','function':{'name':'f','arguments':''}}]},{'role':'tool',"
                        + "'tool_call_id':'c','content':'r'}]}", config + "}}")
                        .drops("tool_choice"),
                maps("one call at a time", "{" + TOOLS + ",'parallel_tool_calls':false}",
                        config + "}}").drops("parallel_tool_calls"),
                maps("a schema for the answer", "{'response_format':{'type':'json_schema',"
                        + "'json_schema':{'name':'n','description':'d','schema':{'type': "
                        + "'object'}}}}",
                        "{'outputConfig':{'textFormat':{'type':'json_schema','structure':"
                        + "{'jsonSchema':{'schema':'{\\\"type\\\":\\\"object\\\","
                        + "\\\"additionalProperties\\\":false}','name':'n',"
                        + "'description':'d'}}}}}").changes(
                        "response_format.json_schema.schema.additionalProperties"),
                maps("by way of a tool where there is none", "{'response_format':{'type':"
                        + "'json_schema','json_schema':{'name':'n','schema':{'type':'object'}"
                        + "}}}", "{'outputConfig':null,'toolConfig':{'tools':[{'toolSpec':"
                        + "{'name':'json_output','description':'Gives the answer.',"
                        + "'inputSchema':{'json':{'type':'object'}}}}],'toolChoice':{'tool':"
                        + "{'name':'json_output'}}}}").model(NOVA)
                        .drops("response_format.json_schema.name"));
    }

    static Stream<TranslationCase> settings() {
        return Stream.of(
                maps("of inference", "{'max_tokens':7,'temperature':1.2,'stop':['a',' ']}",
                        "{'inferenceConfig':{'maxTokens':7,'temperature':1,'stopSequences':"
                        + "['a']}}").changes("temperature").drops("stop[1]"),
                maps("top_p", "{'top_p':0.5,'max_tokens':1}",
                        "{'inferenceConfig':{'maxTokens':1,'topP':0.5}}"),
                maps("an effort", "{'reasoning_effort':'low'}",
                        "{'additionalModelRequestFields':{'thinking':{'type':'adaptive',"
                        + "'display':'summarized'},'output_config':{'effort':'low'}}}"),
                maps("an effort that nobody understands", "{'reasoning_effort':'low'}",
                        "{'additionalModelRequestFields':null}").model(NOVA)
                        .drops("reasoning_effort"),
                maps("top_k", "{'top_k':4}", "{'additionalModelRequestFields':{'top_k':4}}"),
                maps("top_k elsewhere", "{'top_k':4}", "{'additionalModelRequestFields':null}")
                        .model(NOVA).drops("top_k"),
                maps("a service tier", "{'service_tier':'flex'}",
                        "{'serviceTier':{'type':'flex'}}"),
                maps("a service tier of others", "{'service_tier':'auto'}",
                        "{'serviceTier':null}").drops("service_tier"),
                maps("what has no equal is dropped", "{'user':'u','seed':1}", "{}")
                        .drops("user", "seed"),
                refuses("several answers", "{'n':2}", "n"));
    }
}
