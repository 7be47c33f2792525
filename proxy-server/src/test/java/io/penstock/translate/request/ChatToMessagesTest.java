package io.penstock.translate.request;

import static io.penstock.translate.request.TranslationCase.maps;
import static io.penstock.translate.request.TranslationCase.refuses;

import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** OpenAI chat requests as Anthropic messages requests, field by field. */
class ChatToMessagesTest {
    private static final String MODEL = "claude-sonnet-4-6";
    private static final String OLDER = "claude-sonnet-4-20250514";
    private static final String SCHEMA = "response_format.json_schema.schema.";
    private static final String NAME = "response_format.json_schema.name";
    private static final String NEWER = "claude-opus-4-8";
    private static final String TOOL = "{'type':'function','function':{'name':'f'}}";
    private static final String TOOLS = "'tools':[" + TOOL + "]";
    private static final String TOOL_OUT =
            "{'name':'f','input_schema':{'type':'object','properties':{}}}";

    @ParameterizedTest(name = "{0}")
    @MethodSource({"messages", "parts", "tools", "settings", "thinking", "answers"})
    void translates(TranslationCase row) throws Exception {
        row.check(ClientFormat.CHAT, ProviderFormat.MESSAGES, MODEL,
                "'messages':[{'role':'user','content':'hi'}]", "'model':'x'");
    }

    private static TranslationCase conversation(String name, String in, String out) {
        return maps(name, "{'messages':[" + in + "]}", "{'messages':[" + out + "]}");
    }

    private static String user(String text) {
        return "{'role':'user','content':'" + text + "'}";
    }

    private static String userOut(String... texts) {
        return said("user", texts);
    }

    private static String said(String role, String... texts) {
        StringBuilder out = new StringBuilder("{'role':'" + role + "','content':[");
        for (String text : texts) {
            out.append("{'type':'text','text':'").append(text).append("'},");
        }
        out.setLength(out.length() - 1);
        return out + "]}";
    }

    private static String assistant(String text) {
        return "{'role':'assistant','content':'" + text + "'}";
    }

    private static String call(String id, String arguments) {
        return "{'role':'assistant','tool_calls':[{'id':'" + id + "','type':'function',"
                + "'function':{'name':'f','arguments':'" + arguments + "'}}]}";
    }

    private static String callOut(String id, String input) {
        return "{'role':'assistant','content':[{'type':'tool_use','id':'" + id
                + "','name':'f','input':" + input + "}]}";
    }

    private static String result(String id, String content) {
        return "{'role':'tool','tool_call_id':'" + id + "','content':" + content + "}";
    }

    private static String resultOut(String id, String more) {
        return "{'role':'user','content':[{'type':'tool_result','tool_use_id':'" + id + "'"
                + more + "}]}";
    }

    static Stream<TranslationCase> messages() {
        return Stream.of(
                maps("leading operator's messages become blocks of system",
                        "{'messages':[{'role':'system','content':'a'},{'role':'developer',"
                        + "'content':[{'type':'text','text':'b'},{'type':'text','text':'c'}]},"
                        + user("d") + "]}",
                        "{'system':[{'type':'text','text':'a'},{'type':'text','text':'b'},"
                        + "{'type':'text','text':'c'}],'messages':[" + userOut("d") + "]}"),
                conversation("a later operator's message stays in its place, as the user's",
                        user("a") + "," + assistant("b") + "," + user("c")
                        + ",{'role':'system','content':'d'}",
                        userOut("a") + "," + said("assistant", "b") + ","
                        + userOut("c", "[Instruction from the operator] d"))
                        .changes("messages[3].role"),
                conversation("a later operator's message keeps its role where the model allows",
                        user("a") + ",{'role':'system','content':'d'}," + assistant("b") + ","
                        + user("c"),
                        userOut("a") + "," + said("system", "d") + "," + said("assistant", "b")
                        + "," + userOut("c")).model(NEWER),
                conversation("not so behind the assistant, where no model allows it",
                        user("a") + "," + assistant("b") + ",{'role':'system','content':'d'},"
                        + user("c"),
                        userOut("a") + "," + said("assistant", "b") + ","
                        + userOut("[Instruction from the operator] d", "c"))
                        .model(NEWER).changes("messages[2].role"),
                conversation("consecutive messages of one role are merged",
                        user("a") + "," + user("b") + "," + assistant("c") + "," + assistant("d")
                        + "," + user("e"),
                        userOut("a", "b") + "," + said("assistant", "c", "d") + ","
                        + userOut("e")),
                conversation("blank text is left out",
                        "{'role':'user','content':[{'type':'text','text':' \\n\\u00a0'},"
                        + "{'type':'text','text':'a'}]}", userOut("a")),
                conversation("a blank message between two of the assistant leaves a dot",
                        user("a") + "," + assistant("b") + "," + user(" ") + ","
                        + assistant("c") + "," + user("d"),
                        userOut("a") + "," + said("assistant", "b") + "," + userOut(".") + ","
                        + said("assistant", "c") + "," + userOut("d")),
                conversation("a blank message elsewhere vanishes",
                        user("") + "," + user("a") + "," + assistant("") + "," + user("b"),
                        userOut("a", "b")),
                conversation("a blank message at the end doesn't make the assistant go on",
                        user("a") + "," + assistant("b") + "," + user(""),
                        userOut("a") + "," + said("assistant", "b") + "," + userOut(".")),
                conversation("the assistant doesn't begin",
                        assistant("a") + "," + user("b"),
                        userOut(".") + "," + said("assistant", "a") + "," + userOut("b"))
                        .changes("messages[0]"),
                maps("the operator isn't alone",
                        "{'messages':[{'role':'system','content':'a'}]}",
                        "{'messages':[" + userOut(".") + "]}").changes("messages"),
                conversation("a name is dropped",
                        "{'role':'user','name':'bob','content':'a'}", userOut("a"))
                        .drops("messages.name"),
                conversation("unknown members of a message are named",
                        "{'role':'user','weight':1,'content':'a'}", userOut("a"))
                        .drops("messages.weight"),
                conversation("explicit null is the same as absent",
                        "{'role':'user','name':null,'content':'a'}", userOut("a")),
                conversation("a refusal is text",
                        user("a") + ",{'role':'assistant','content':null,'refusal':'no'},"
                        + user("b") + ",{'role':'assistant','content':[{'type':'refusal',"
                        + "'refusal':'never'}]}," + user("c"),
                        userOut("a") + "," + said("assistant", "no") + "," + userOut("b") + ","
                        + said("assistant", "never") + "," + userOut("c")),
                conversation("a prefill passes where the model takes it, less blanks at its end",
                        user("a") + "," + assistant("b \\n"),
                        userOut("a") + "," + said("assistant", "b")).model(OLDER),
                refuses("a prefill is refused where the model refuses it",
                        "{'messages':[" + user("a") + "," + assistant("b") + "]}", "messages[1]"),
                conversation("escapes stay as they are",
                        user("\\u00e9\\ud83d\\ude00 \\/ \\\\ \\\""),
                        userOut("\\u00e9\\ud83d\\ude00 \\/ \\\\ \\\"")),
                refuses("an image that the operator shows", "{'messages':[{'role':'system',"
                        + "'content':[{'type':'image_url','image_url':{'url':'https://a'}}]}]}",
                        "messages[0]"),
                refuses("an image that the assistant shows", "{'messages':[" + user("a")
                        + ",{'role':'assistant','content':[{'type':'image_url','image_url':"
                        + "{'url':'https://a'}}]}," + user("b") + "]}", "messages[1]"),
                refuses("no messages", "{'messages':'a'}", "messages"),
                refuses("an empty list of them", "{'messages':[]}", "messages"),
                refuses("no role", "{'messages':[{'content':'a'}]}", "messages[0].role"),
                refuses("an unknown role", "{'messages':[{'role':'critic','content':'a'}]}",
                        "messages[0].role"),
                refuses("a message that is none", "{'messages':['a']}", "messages[0].role"),
                refuses("content of another type", "{'messages':[{'role':'user','content':1}]}",
                        "messages[0].content"));
    }

    private static TranslationCase part(String name, String in, String out) {
        return conversation(name, "{'role':'user','content':[{'type':'text','text':'a'}," + in
                + "]}", "{'role':'user','content':[{'type':'text','text':'a'}," + out + "]}");
    }

    private static TranslationCase noPart(String name, String in, String param) {
        return refuses(name, "{'messages':[{'role':'user','content':[" + in + "]}]}",
                "messages[0].content[0]" + param);
    }

    private static String image(String url) {
        return "{'type':'image_url','image_url':{'url':'" + url + "'}}";
    }

    private static String imageOut(String type, String data) {
        return "{'type':'image','source':{'type':'base64','media_type':'" + type + "','data':'"
                + data + "'}}";
    }

    static Stream<TranslationCase> parts() {
        String png = "iVBORw0KGgoAAAANSUhEUg==";
        String pdf = "JVBERi0xLjQK";
        return Stream.of(
                part("an image in a data URL", image("data:image/png;base64," + png),
                        imageOut("image/png", png)),
                part("its slashes escaped", image("data:image\\/jpeg;base64,\\/9j\\/4AAQ"),
                        imageOut("image/jpeg", "\\/9j\\/4AAQ")),
                part("its type in capitals, and an old name of it",
                        image("DATA:Image/JPG;charset=x;Base64,AAAA"),
                        imageOut("image/jpeg", "AAAA")),
                part("its type wrong, as its first bytes tell",
                        image("data:image/png;base64,R0lGODlhAQAB"),
                        imageOut("image/gif", "R0lGODlhAQAB")),
                part("its type missing", image("data:;base64,UklGRhAgMEBXRUJQVlA4IA=="),
                        imageOut("image/webp", "UklGRhAgMEBXRUJQVlA4IA==")),
                part("not in base64", image("data:image/gif,GIF89a%01%ff"),
                        imageOut("image/gif", "R0lGODlhAf8=")),
                part("a PDF as an image", image("data:application/pdf;base64," + pdf),
                        "{'type':'document','source':{'type':'base64','media_type':"
                        + "'application/pdf','data':'" + pdf + "'}}"),
                part("an image elsewhere", image("https://a/b.jpg"),
                        "{'type':'image','source':{'type':'url','url':'https://a/b.jpg'}}"),
                part("an image's detail is dropped",
                        "{'type':'image_url','image_url':{'url':'https://a','detail':'low'}}",
                        "{'type':'image','source':{'type':'url','url':'https://a'}}")
                        .drops("image_url.detail"),
                noPart("an image that cannot be told", image("data:;base64,AAAA"), ".image_url"),
                noPart("an image of another type", image("data:image/tiff;base64,AAAA"),
                        ".image_url"),
                noPart("an image without TLS", image("http://a/b.jpg"), ".image_url"),
                noPart("an image by another scheme", image("file:///etc/passwd"), ".image_url"),
                noPart("an image elsewhere, where nothing is fetched", image("https://a"),
                        ".image_url").with(all -> all.withImageUrls(false)),
                noPart("a data URL without a comma", image("data:image/png"), ".image_url"),
                part("a PDF file, its name as the title",
                        "{'type':'file','file':{'filename':'a.pdf','file_data':"
                        + "'data:application/pdf;base64," + pdf + "'}}",
                        "{'type':'document','source':{'type':'base64','media_type':"
                        + "'application/pdf','data':'" + pdf + "'},'title':'a.pdf'}"),
                part("a text file", "{'type':'file','file':{'filename':'a.txt','file_data':"
                        + "'data:text/plain;base64,R3LDvMOfZSAiZ2EiCg=='}}",
                        "{'type':'document','source':{'type':'text','media_type':'text/plain',"
                        + "'data':'Gr\u00fc\u00dfe \\\"ga\\\"\\n'},'title':'a.txt'}"),
                conversation("a file alone gets a word beside it",
                        "{'role':'user','content':[{'type':'file','file':{'file_data':'" + pdf
                        + "'}}]}",
                        "{'role':'user','content':[{'type':'document','source':{'type':'base64',"
                        + "'media_type':'application/pdf','data':'" + pdf + "'}},"
                        + "{'type':'text','text':'.'}]}"),
                noPart("a file kept elsewhere", "{'type':'file','file':{'file_id':'f'}}",
                        ".file.file_id"),
                noPart("a file of another type", "{'type':'file','file':{'file_data':"
                        + "'data:application/zip;base64,AAAA'}}", ".file"),
                noPart("audio", "{'type':'input_audio','input_audio':{'data':'AAAA',"
                        + "'format':'wav'}}", ".input_audio"),
                noPart("a part of an unknown type", "{'type':'video','video':{}}", ".type"),
                noPart("a part without a type", "{'text':'a'}", ".type"),
                part("unknown members of a part are named",
                        "{'type':'text','text':'b','annotations':[]}",
                        "{'type':'text','text':'b'}").drops("messages.content.annotations"),
                part("a breakpoint of the cache",
                        "{'type':'text','text':'b','prompt_cache_breakpoint':{'mode':"
                        + "'explicit'}}",
                        "{'type':'text','text':'b','cache_control':{'type':'ephemeral'}}"),
                part("the last four of too many breakpoints",
                        ("{'type':'text','text':'b','cache_control':{'type':'ephemeral','ttl':"
                        + "'1h'}},").repeat(5) + "{'type':'text','text':'c'}",
                        "{'type':'text','text':'b'},"
                        + ("{'type':'text','text':'b','cache_control':{'type':'ephemeral',"
                        + "'ttl':'1h'}},").repeat(4) + "{'type':'text','text':'c'}")
                        .drops("cache_control"));
    }

    static Stream<TranslationCase> tools() {
        String choice = "'tool_choice':";
        return Stream.of(
                conversation("calls and results",
                        user("a") + "," + call("c1", "{\\\"b\\\": 1.0, \\\"a\\\":[]}") + ","
                        + result("c1", "'18 \u00b0C'"),
                        userOut("a") + "," + callOut("c1", "{'b':1.0,'a':[]}") + ","
                        + resultOut("c1", ",'content':'18 \u00b0C'")).changes("tools"),
                conversation("no arguments", user("a") + "," + call("c1", "") + ","
                        + result("c1", "''"),
                        userOut("a") + "," + callOut("c1", "{}") + "," + resultOut("c1", ""))
                        .changes("tools"),
                conversation("arguments that are no object", user("a") + ","
                        + call("c1", "{\\\"a\\\":") + "," + result("c1", "'b'"),
                        userOut("a") + "," + callOut("c1", "{'_raw':'{\\\"a\\\":'}") + ","
                        + resultOut("c1", ",'content':'b'"))
                        .changes("tools", "messages.tool_calls.function.arguments"),
                conversation("a result in parts, some of them blank", user("a") + ","
                        + call("c1", "") + "," + result("c1", "[{'type':'text','text':'b'},"
                        + "{'type':'text','text':''},{'type':'text','text':'c'}]"),
                        userOut("a") + "," + callOut("c1", "{}") + "," + resultOut("c1",
                        ",'content':[{'type':'text','text':'b'},{'type':'text','text':'c'}]"))
                        .changes("tools"),
                conversation("a breakpoint in a result is one on it", user("a") + ","
                        + call("c1", "") + "," + result("c1", "[{'type':'text','text':'b',"
                        + "'cache_control':{'type':'ephemeral'}}]"),
                        userOut("a") + "," + callOut("c1", "{}") + "," + resultOut("c1",
                        ",'content':'b','cache_control':{'type':'ephemeral'}")).changes("tools"),
                conversation("text before a call, results before text",
                        user("a") + ",{'role':'assistant','content':'b','tool_calls':[{'id':"
                        + "'c1','type':'function','function':{'name':'f','arguments':'{}'}},"
                        + "{'id':'c2','type':'function','function':{'name':'g','arguments':"
                        + "'{}'}}]}," + result("c2", "'2'") + "," + user("d") + ","
                        + result("c1", "'1'"),
                        userOut("a") + ",{'role':'assistant','content':[{'type':'text','text':"
                        + "'b'},{'type':'tool_use','id':'c1','name':'f','input':{}},{'type':"
                        + "'tool_use','id':'c2','name':'g','input':{}}]},{'role':'user',"
                        + "'content':[{'type':'tool_result','tool_use_id':'c2','content':'2'},"
                        + "{'type':'tool_result','tool_use_id':'c1','content':'1'},"
                        + "{'type':'text','text':'d'}]}").changes("tools"),
                maps("a history with calls and no tools gets them, not to be used",
                        "{'messages':[" + user("a") + "," + call("c1", "") + ","
                        + result("c1", "'b'") + "]}",
                        "{'tools':[" + TOOL_OUT + "],'tool_choice':{'type':'none'}}")
                        .changes("tools"),
                refuses("a result without its call", "{'messages':[" + user("a") + ","
                        + result("c1", "'b'") + "]}", "messages[1]"),
                refuses("a result that comes too late", "{'messages':[" + user("a") + ","
                        + call("c1", "") + "," + user("b") + "," + assistant("c") + ","
                        + result("c1", "'b'") + "]}", "messages[1].tool_calls[0]"),
                refuses("a call without a result", "{'messages':[" + user("a") + ","
                        + call("c1", "") + "," + user("b") + "]}", "messages[1].tool_calls[0]"),
                refuses("two results of one call", "{'messages':[" + user("a") + ","
                        + call("c1", "") + "," + result("c1", "'b'") + "," + result("c1", "'c'")
                        + "]}", "messages[3]"),
                refuses("a custom call", "{'messages':[" + user("a") + ",{'role':'assistant',"
                        + "'tool_calls':[{'id':'c','type':'custom','custom':{'name':'f','input':"
                        + "''}}]}]}", "messages[1].tool_calls[0].type"),
                conversation("calls of functions, the older kind",
                        user("a") + ",{'role':'assistant','content':null,'function_call':"
                        + "{'name':'f','arguments':'{}'}},{'role':'function','name':'f',"
                        + "'content':'b'}," + user("c"),
                        userOut("a") + "," + callOut("call_function_1", "{}")
                        + ",{'role':'user','content':[{'type':'tool_result','tool_use_id':"
                        + "'call_function_1','content':'b'},{'type':'text','text':'c'}]}")
                        .changes("tools"),
                maps("functions, the older kind",
                        "{'functions':[{'name':'f','description':'d','parameters':{'type':"
                        + "'object'}}],'function_call':{'name':'f'}}",
                        "{'tools':[{'name':'f','description':'d','input_schema':{'type':"
                        + "'object'}}],'tool_choice':{'type':'tool','name':'f',"
                        + "'disable_parallel_tool_use':true}}"),
                maps("a schema without a type gets one",
                        "{'tools':[{'type':'function','function':{'name':'f','parameters':"
                        + "{'properties':{'a':{'maximum':1.50}}}}}]}",
                        "{'tools':[{'name':'f','input_schema':{'type':'object','properties':"
                        + "{'a':{'maximum':1.50}}}}]}"),
                maps("a strict tool", "{'tools':[{'type':'function','function':{'name':'f',"
                        + "'strict':true,'parameters':{'type':'object'}}}]}",
                        "{'tools':[{'name':'f','input_schema':{'type':'object',"
                        + "'additionalProperties':false},'strict':true}]}")
                        .changes("tools.additionalProperties"),
                maps("a strict tool with bounds", "{'tools':[{'type':'function','function':"
                        + "{'name':'f','strict':true,'parameters':{'type':'object','properties':"
                        + "{'minimum':{'type':'integer','minimum':1}},'required':['minimum'],"
                        + "'additionalProperties':false}}}]}",
                        "{'tools':[{'name':'f','input_schema':{'type':'object','properties':"
                        + "{'minimum':{'type':'integer'}},'required':['minimum'],"
                        + "'additionalProperties':false},'strict':true}]}")
                        .drops("tools.minimum"),
                maps("a strict tool without parameters", "{'tools':[{'type':'function',"
                        + "'function':{'name':'f','strict':true}}]}",
                        "{'tools':[{'name':'f','input_schema':{'type':'object','properties':{},"
                        + "'additionalProperties':false},'strict':true}]}"),
                maps("a strict tool of members of any name", "{'tools':[{'type':'function',"
                        + "'function':{'name':'f','strict':true,'parameters':{'type':'object',"
                        + "'additionalProperties':{'type':'string'}}}}]}",
                        "{'tools':[{'name':'f','input_schema':{'type':'object',"
                        + "'additionalProperties':{'type':'string'}}}]}").drops("tools.strict"),
                maps("more strict tools than it takes", "{'tools':["
                        + ("{'type':'function','function':{'name':'f','strict':true}},"
                        .repeat(21)).replaceAll(",$", "") + "]}", "{'tools':["
                        + ("{'name':'f','input_schema':{'type':'object','properties':{}}},"
                        .repeat(21)).replaceAll(",$", "") + "]}").drops("tools.strict"),
                maps("a strict tool where there are none", "{'tools':[{'type':'function',"
                        + "'function':{'name':'f','strict':true,'parameters':{'type':"
                        + "'object'}}}]}",
                        "{'tools':[{'name':'f','input_schema':{'type':'object'}}]}")
                        .model(OLDER).drops("tools.strict"),
                refuses("a custom tool", "{'tools':[{'type':'custom','custom':{'name':'f'}}]}",
                        "tools[0].type"),
                refuses("a tool without a name", "{'tools':[{'type':'function','function':{}}]}",
                        "tools[0].function.name"),
                maps("no choice", "{" + TOOLS + "}", "{'tools':[" + TOOL_OUT
                        + "],'tool_choice':null}"),
                maps("choice auto", "{" + TOOLS + "," + choice + "'auto'}",
                        "{'tool_choice':{'type':'auto'}}"),
                maps("choice none", "{" + TOOLS + "," + choice + "'none'}",
                        "{'tool_choice':{'type':'none'}}"),
                maps("choice required", "{" + TOOLS + "," + choice + "'required'}",
                        "{'tool_choice':{'type':'any'}}"),
                maps("choice of a function", "{" + TOOLS + "," + choice
                        + "{'type':'function','function':{'name':'f'}}}",
                        "{'tool_choice':{'type':'tool','name':'f'}}"),
                refuses("choice of a function that isn't there", "{" + TOOLS + "," + choice
                        + "{'type':'function','function':{'name':'g'}}}", "tool_choice"),
                refuses("choice of a custom tool", "{" + TOOLS + "," + choice
                        + "{'type':'custom','custom':{'name':'g'}}}", "tool_choice"),
                refuses("choice required without tools", "{" + choice + "'required'}",
                        "tool_choice"),
                maps("allowed tools",
                        "{'tools':[" + TOOL + ",{'type':'function','function':{'name':'g'}}],"
                        + choice + "{'type':'allowed_tools','allowed_tools':{'mode':'required',"
                        + "'tools':[{'type':'function','function':{'name':'f'}}]}}}",
                        "{'tools':[" + TOOL_OUT + "],'tool_choice':{'type':'any'}}"),
                maps("one call at a time", "{" + TOOLS + ",'parallel_tool_calls':false}",
                        "{'tool_choice':{'type':'auto','disable_parallel_tool_use':true}}"),
                maps("one call at a time, none at all", "{" + TOOLS + "," + choice
                        + "'none','parallel_tool_calls':false}",
                        "{'tool_choice':{'type':'none'}}"),
                maps("one call at a time, without tools", "{'parallel_tool_calls':false}",
                        "{'tool_choice':null}").drops("parallel_tool_calls"),
                maps("several calls at a time", "{" + TOOLS + ",'parallel_tool_calls':true}",
                        "{'tool_choice':null}"));
    }

    static Stream<TranslationCase> settings() {
        return Stream.of(
                maps("the target's model", "{'model':'smart'}", "{'model':'" + MODEL + "'}"),
                maps("the bound of the answer", "{'max_tokens':7}", "{'max_tokens':7}"),
                maps("its newer name wins", "{'max_tokens':7,'max_completion_tokens':8}",
                        "{'max_tokens':8,'max_completion_tokens':null}").drops("max_tokens"),
                maps("none given", "{}", "{'max_tokens':16384}"),
                maps("none given, the operator's choice", "{}", "{'max_tokens':999}")
                        .with(all -> all.withDefaultMaxTokens(999)),
                maps("none given, the model's own is lower", "{}", "{'max_tokens':8192}")
                        .model("claude-3-5-haiku-latest"),
                maps("none given, an unknown model", "{}", "{'max_tokens':4096}")
                        .model("unheard-of"),
                maps("more than the model has", "{'max_tokens':9000}", "{'max_tokens':8192}")
                        .model("claude-3-5-haiku-latest").changes("max_tokens"),
                refuses("a bound of nothing", "{'max_tokens':0}", "max_tokens"),
                refuses("half a token", "{'max_tokens':1.5}", "max_tokens"),
                refuses("a bound in words", "{'max_tokens':'7'}", "max_tokens"),
                maps("temperature", "{'temperature':0.70}", "{'temperature':0.70}"),
                maps("temperature above 1", "{'temperature':1.7}", "{'temperature':1}")
                        .changes("temperature"),
                maps("temperature where it is refused", "{'temperature':1,'top_p':0.9}",
                        "{'temperature':null,'top_p':null}").model(NEWER)
                        .drops("temperature", "top_p"),
                maps("top_p", "{'top_p':0.9}", "{'top_p':0.9}"),
                maps("top_p with temperature where only one is taken",
                        "{'top_p':0.9,'temperature':0.5}", "{'temperature':0.5,'top_p':null}")
                        .drops("top_p"),
                maps("top_p with temperature where both are taken",
                        "{'top_p':0.9,'temperature':0.5}", "{'temperature':0.5,'top_p':0.9}")
                        .model(OLDER),
                maps("one stop sequence", "{'stop':'END'}", "{'stop_sequences':['END']}"),
                maps("stop sequences, blank ones left out", "{'stop':['\\n','a',' ']}",
                        "{'stop_sequences':['a']}").drops("stop[0]", "stop[2]"),
                maps("blank stop sequences only", "{'stop':['\\n']}", "{'stop_sequences':null}")
                        .drops("stop[0]"),
                maps("the end user", "{'user':'u-42'}", "{'metadata':{'user_id':'u-42'}}"),
                maps("the end user's newer name wins", "{'user':'a','safety_identifier':'b'}",
                        "{'metadata':{'user_id':'b'}}").drops("user"),
                maps("an end user's address", "{'user':'a@b.c'}",
                        "{'metadata':{'user_id':'"
                        + "d648b243a3e817eaa3309e00e183483f2867baadf522099f0c2121770536b25a"
                        + "'}}"),
                maps("service tier auto", "{'service_tier':'auto'}", "{'service_tier':'auto'}"),
                maps("service tier default", "{'service_tier':'default'}",
                        "{'service_tier':'standard_only'}"),
                maps("other service tiers", "{'service_tier':'flex'}", "{'service_tier':null}")
                        .drops("service_tier"),
                maps("a stream", "{'stream':false}", "{'stream':true}").with(all ->
                        TranslationOptions.of(all.model(), true)),
                maps("no stream", "{'stream':true}", "{'stream':null}"),
                refuses("several answers", "{'n':2}", "n"),
                maps("one answer", "{'n':1}", "{'n':null}"),
                refuses("audio", "{'modalities':['text','audio']}", "modalities"),
                maps("a voice that is not asked to speak",
                        "{'audio':{'voice':'a','format':'wav'}}", "{'audio':null}")
                        .drops("audio"),
                maps("text", "{'modalities':['text']}", "{'modalities':null}"),
                maps("what only tunes is dropped",
                        "{'seed':1,'logit_bias':{'1':2},'frequency_penalty':0.5,"
                        + "'presence_penalty':1,'prediction':{'type':'content','content':'a'},"
                        + "'verbosity':'low','store':true,'metadata':{'a':'b'},'moderation':{},"
                        + "'web_search_options':{},'prompt_cache_key':'a','prompt_cache_options'"
                        + ":{},'prompt_cache_retention':'24h','logprobs':true,'top_logprobs':2}",
                        "{}").drops("seed", "logit_bias", "frequency_penalty",
                        "presence_penalty", "prediction", "verbosity", "store", "metadata",
                        "moderation", "web_search_options", "prompt_cache_key",
                        "prompt_cache_options", "prompt_cache_retention", "logprobs",
                        "top_logprobs"),
                maps("what has no effect isn't missed",
                        "{'logit_bias':{},'frequency_penalty':0,'presence_penalty':0.0,"
                        + "'store':false,'metadata':{},'logprobs':false,'seed':null}", "{}"),
                maps("unknown fields are dropped and named", "{'foo':{'a':1},'b\u00e4r, ':2}",
                        "{'foo':null}").drops("foo", "b?r??"),
                maps("Penstock's own field goes without a word", "{'fallbacks':['a']}",
                        "{'fallbacks':null}"),
                maps("options of a stream", "{'stream_options':{'include_usage':true,"
                        + "'include_obfuscation':false}}", "{'stream_options':null}")
                        .drops("stream_options.include_obfuscation"));
    }

    private static TranslationCase effort(String effort, String out) {
        return maps("effort " + effort, "{'reasoning_effort':'" + effort + "'}", out);
    }

    private static String budget(int tokens) {
        return "{'thinking':{'type':'enabled','budget_tokens':" + tokens
                + "},'output_config':null}";
    }

    private static String adaptive(String effort) {
        return "{'thinking':{'type':'adaptive','display':'summarized'},'output_config':{'effort':'"
                + effort + "'}}";
    }

    static Stream<TranslationCase> thinking() {
        String signed = "'content':[{'type':'thinking','thinking':'hm','signature':'s'},"
                + "{'type':'redacted_thinking','data':'d'},{'type':'text','text':'b'}]";
        String tool = "'tools':[" + TOOL + "],'tool_choice':'required'";
        return Stream.of(
                effort("minimal", adaptive("low")), effort("low", adaptive("low")),
                effort("medium", adaptive("medium")), effort("high", adaptive("high")),
                effort("max", adaptive("high")).changes("reasoning_effort"),
                effort("xhigh", adaptive("xhigh")).model(NEWER),
                effort("none", "{'thinking':{'type':'disabled'}}"),
                effort("none", "{'thinking':null}").model("claude-fable-5")
                        .changes("reasoning_effort"),
                effort("minimal", budget(1024)).model(OLDER),
                effort("low", budget(1024)).model(OLDER),
                effort("medium", budget(2048)).model(OLDER),
                effort("high", budget(4096)).model(OLDER),
                effort("xhigh", budget(8192)).model(OLDER),
                effort("max", budget(16384)).model(OLDER),
                effort("none", "{'thinking':null}").model(OLDER),
                effort("high", "{'thinking':null}").model("claude-3-5-haiku-latest")
                        .drops("reasoning_effort"),
                maps("a default bound makes room for the budget", "{'reasoning_effort':'max'}",
                        "{'max_tokens':32768,'thinking':{'type':'enabled','budget_tokens':16384"
                        + "}}").model(OLDER),
                maps("a caller's bound halves the budget",
                        "{'reasoning_effort':'high','max_tokens':4000}",
                        "{'max_tokens':4000,'thinking':{'type':'enabled','budget_tokens':2000}}")
                        .model(OLDER),
                maps("or leaves no room for one", "{'reasoning_effort':'high','max_tokens':2000}",
                        "{'max_tokens':2000,'thinking':null}").model(OLDER)
                        .changes("reasoning_effort"),
                maps("a tool that has to be used excludes thinking", "{" + tool
                        + ",'reasoning_effort':'high'}", "{'thinking':null,'output_config':null,"
                        + "'tool_choice':{'type':'any'}}").changes("reasoning_effort"),
                maps("thinking excludes temperature, and most of top_p",
                        "{'reasoning_effort':'high','temperature':0.5,'top_p':0.5}",
                        "{'temperature':null,'top_p':null}").drops("temperature", "top_p"),
                maps("thinking leaves the rest of top_p",
                        "{'reasoning_effort':'high','top_p':0.97}", "{'top_p':0.97}"),
                conversation("signed reasoning comes back first, as it was",
                        user("a") + ",{'role':'assistant','content':'b','reasoning_details':"
                        + "[{'type':'reasoning.text','text':'hm','signature':'s','index':0},"
                        + "{'type':'reasoning.encrypted','data':'d','index':1}]}," + user("c"),
                        userOut("a") + ",{'role':'assistant'," + signed + "}," + userOut("c")),
                conversation("as a stream gave it, its text apart",
                        user("a") + ",{'role':'assistant','content':'b','reasoning_content':"
                        + "'hm','reasoning_details':[{'type':'reasoning.text','text':'',"
                        + "'signature':'s','index':0},{'type':'reasoning.encrypted','data':'d',"
                        + "'index':1}]}," + user("c"),
                        userOut("a") + ",{'role':'assistant'," + signed + "}," + userOut("c")),
                conversation("as other gateways call it",
                        user("a") + ",{'role':'assistant','content':'b','thinking_blocks':"
                        + "[{'type':'thinking','thinking':'hm','signature':'s'},{'type':"
                        + "'redacted_thinking','data':'d'}]}," + user("c"),
                        userOut("a") + ",{'role':'assistant'," + signed + "}," + userOut("c")),
                conversation("signatures of others are dropped",
                        user("a") + ",{'role':'assistant','content':'b','reasoning_details':"
                        + "[{'type':'reasoning.encrypted','format':'openai-responses-v1','data':"
                        + "'d'}]}," + user("c"),
                        userOut("a") + "," + said("assistant", "b") + "," + userOut("c"))
                        .drops("messages.reasoning_details"),
                conversation("signatures whose texts cannot be told apart",
                        user("a") + ",{'role':'assistant','content':'b','reasoning_content':"
                        + "'hm','reasoning_details':[{'text':'','signature':'s'},{'text':'',"
                        + "'signature':'t'}]}," + user("c"),
                        userOut("a") + "," + said("assistant", "b") + "," + userOut("c"))
                        .drops("messages.reasoning_details"),
                conversation("foreign reasoning is dropped",
                        user("a") + ",{'role':'assistant','content':'b','reasoning_content':"
                        + "'hm'}," + user("c"),
                        userOut("a") + "," + said("assistant", "b") + "," + userOut("c"))
                        .drops("messages.reasoning_content"),
                maps("OpenRouter's word for how much", "{'reasoning':{'effort':'low'}}",
                        "{'output_config':{'effort':'low'}}"),
                maps("OpenRouter's number", "{'reasoning':{'max_tokens':9000}}",
                        "{'output_config':{'effort':'high'}}"),
                maps("Anthropic's words in a chat request", "{'thinking':{'type':'enabled',"
                        + "'budget_tokens':2048}}", "{'thinking':{'type':'enabled',"
                        + "'budget_tokens':2048}}").model(OLDER),
                maps("a turn of calls that wasn't thought up there isn't gone on from",
                        "{" + TOOLS + ",'messages':[" + user("a") + "," + call("c", "") + ","
                        + result("c", "'b'") + "],'reasoning_effort':'high'}",
                        "{'thinking':null}").model(OLDER).changes("reasoning_effort"));
    }

    static Stream<TranslationCase> answers() {
        String schema = "{'type':'object','properties':{'a':{'type':'string'}},"
                + "'additionalProperties':false}";
        String format = "'response_format':{'type':'json_schema','json_schema':{'name':'n',"
                + "'strict':true,'schema':" + schema + "}}";
        String jsonTool = "{'name':'json_output','description':'Gives the answer.',"
                + "'input_schema':" + schema + "}";
        return Stream.of(
                maps("text", "{'response_format':{'type':'text'}}", "{'output_config':null}"),
                maps("a schema", "{" + format + "}",
                        "{'output_config':{'format':{'type':'json_schema','schema':" + schema
                        + "}}}").drops(NAME),
                maps("an open schema is closed, and has no bounds of numbers or lists", "{"
                        + format.replace("'additionalProperties':false}", "'minProperties':1}")
                        .replace("{'type':'string'}", "{'type':'array','maxItems':3,'items':"
                        + "{'type':'integer','minimum':1}}") + "}",
                        "{'output_config':{'format':{'type':'json_schema','schema':{'type':"
                        + "'object','properties':{'a':{'type':'array','items':{'type':'integer'"
                        + "}}},'additionalProperties':false}}}}")
                        .drops(NAME, SCHEMA + "minimum", SCHEMA + "maxItems",
                        SCHEMA + "minProperties").changes(SCHEMA + "additionalProperties"),
                maps("one of members of any name is asked for by a tool", "{" + format.replace(
                        "'additionalProperties':false", "'additionalProperties':{'type':"
                        + "'number'}") + "}", "{'output_config':null,'tool_choice':{'type':"
                        + "'tool','name':'json_output'}}").drops(NAME),
                maps("a schema with an effort", "{" + format + ",'reasoning_effort':'low'}",
                        "{'output_config':{'effort':'low','format':{'type':'json_schema',"
                        + "'schema':" + schema + "}}}").drops(NAME),
                maps("a schema that is described, and may be missed", "{" + format.replace(
                        "'strict':true", "'strict':false,'description':'d'") + "}",
                        "{'output_config':{'format':{'type':'json_schema','schema':" + schema
                        + "}}}").drops(NAME, "response_format.json_schema.description",
                        "response_format.json_schema.strict"),
                maps("a schema by way of a tool", "{" + format + "}",
                        "{'output_config':null,'tools':[" + jsonTool
                        + "],'tool_choice':{'type':'tool','name':'json_output'}}").model(OLDER)
                        .drops(NAME),
                maps("a schema by way of a tool among others", "{" + format + "," + TOOLS + "}",
                        "{'tools':[" + TOOL_OUT + "," + jsonTool
                        + "],'tool_choice':{'type':'any'}}").model(OLDER).drops(NAME),
                maps("not with thinking", "{" + format + ",'reasoning_effort':'low'}",
                        "{'thinking':null,'tools':[" + jsonTool + "]}").model(OLDER).drops(NAME)
                        .changes("reasoning_effort"),
                maps("nor with another tool that has to be used", "{" + format + "," + TOOLS
                        + ",'tool_choice':{'type':'function','function':{'name':'f'}}}",
                        "{'tools':[" + TOOL_OUT + "]}").model(OLDER).drops("response_format"),
                maps("any object", "{'response_format':{'type':'json_object'}}",
                        "{'system':[{'type':'text','text':'Answer with one JSON object only: no "
                        + "other text before or after it.'}]}").changes("response_format"),
                refuses("another format", "{'response_format':{'type':'grammar'}}",
                        "response_format"),
                refuses("a schema that is missing", "{'response_format':{'type':'json_schema'}}",
                        "response_format.json_schema"));
    }
}
