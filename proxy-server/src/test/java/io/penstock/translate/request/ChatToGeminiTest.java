package io.penstock.translate.request;

import static io.penstock.translate.request.TranslationCase.maps;
import static io.penstock.translate.request.TranslationCase.refuses;

import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** OpenAI chat requests as Gemini generateContent requests, field by field. */
class ChatToGeminiTest {
    private static final String TOOL = "{'type':'function','function':{'name':'f','description':"
            + "'d','strict':true,'parameters':{'type':'object','properties':{'a':{'type':"
            + "['string','null'],'maximum':1.0}}}}}";
    private static final String TOOL_OUT = "{'functionDeclarations':[{'name':'f','description':"
            + "'d','parametersJsonSchema':{'type':'object','properties':{'a':{'type':"
            + "['string','null'],'maximum':1.0}}}}]}";
    private static final String PLAIN_TOOLS = "'tools':[{'type':'function','function':{'name':"
            + "'f','parameters':{}}},{'type':'function','function':{'name':'g'}}]";
    private static final String ASKED = "{'role':'user','content':'a'}";
    private static final String ASKED_OUT = "{'role':'user','parts':[{'text':'a'}]}";

    @ParameterizedTest(name = "{0}")
    @MethodSource({"contents", "parts", "tools", "settings", "thinking"})
    void translates(TranslationCase row) throws Exception {
        row.check(ClientFormat.CHAT, ProviderFormat.GEMINI, "gemini-2.5-flash",
                "'messages':[{'role':'user','content':'hi'}]", "'model':'x'");
    }

    private static TranslationCase conversation(String name, String in, String out) {
        return maps(name, "{'messages':[" + in + "]}", "{'contents':[" + out + "]}");
    }

    static Stream<TranslationCase> contents() {
        return Stream.of(
                maps("the model and the wish for a stream aren't in the body",
                        "{'stream':true}", "{'model':null,'stream':null}"),
                maps("operator's messages", "{'messages':[{'role':'system','content':'s'},"
                        + "{'role':'developer','content':'t'}," + ASKED + "]}",
                        "{'systemInstruction':{'parts':[{'text':'s'},{'text':'t'}]},"
                        + "'contents':[" + ASKED_OUT + "]}"),
                conversation("a later one is the user's", ASKED
                        + ",{'role':'assistant','content':'b'},{'role':'system','content':'s'},"
                        + ASKED, ASKED_OUT + ",{'role':'model','parts':[{'text':'b'}]},"
                        + "{'role':'user','parts':[{'text':'[Instruction from the operator] s'},"
                        + "{'text':'a'}]}").changes("messages[2].role"),
                conversation("consecutive messages of one role are merged",
                        ASKED + "," + ASKED, "{'role':'user','parts':[{'text':'a'},{'text':'a'}]}"),
                conversation("the assistant doesn't begin",
                        "{'role':'assistant','content':'b'}," + ASKED,
                        "{'role':'user','parts':[{'text':'.'}]},{'role':'model','parts':"
                        + "[{'text':'b'}]}," + ASKED_OUT).changes("messages[0]"),
                conversation("reasoning stays behind", ASKED + ",{'role':'assistant','content':"
                        + "'b','reasoning_content':'h'}," + ASKED, ASKED_OUT
                        + ",{'role':'model','parts':[{'text':'b'}]}," + ASKED_OUT)
                        .drops("messages.reasoning_content"),
                refuses("a prefill", "{'messages':[" + ASKED
                        + ",{'role':'assistant','content':'b'}]}", "messages[1]"));
    }

    private static TranslationCase part(String name, String in, String out) {
        return conversation(name, "{'role':'user','content':[" + in + "]}",
                "{'role':'user','parts':[" + out + "]}");
    }

    private static TranslationCase noPart(String name, String in, String param) {
        return refuses(name, "{'messages':[{'role':'user','content':[" + in + "]}]}",
                "messages[0].content[0]" + param);
    }

    static Stream<TranslationCase> parts() {
        String image = "{'type':'image_url','image_url':{'url':'";
        return Stream.of(
                part("an image in a data URL", image + "data:image/heic;base64,AAAA',"
                        + "'detail':'low'}}",
                        "{'inlineData':{'mimeType':'image/heic','data':'AAAA'}}")
                        .drops("image_url.detail"),
                noPart("an image elsewhere", image + "https://a'}}", ".image_url"),
                part("an image elsewhere where the model fetches it", image + "https://a'}}",
                        "{'fileData':{'fileUri':'https://a'}}").with(all -> all.withTraits(
                        new ModelTraits(ModelTraits.Thinking.NONE, 0,
                                Set.of(ModelTraits.Trait.TAKES_IMAGE_URLS)))),
                part("audio", "{'type':'input_audio','input_audio':{'data':'AAAA','format':"
                        + "'mp3'}}", "{'inlineData':{'mimeType':'audio/mp3','data':'AAAA'}}"),
                part("a PDF", "{'type':'file','file':{'filename':'a','file_data':"
                        + "'data:application/pdf;base64,JVBERi0='}}",
                        "{'inlineData':{'mimeType':'application/pdf','data':'JVBERi0='}}"),
                part("a text file", "{'type':'file','file':{'file_data':"
                        + "'data:text/csv;base64,YSxi'}}",
                        "{'inlineData':{'mimeType':'text/csv','data':'YSxi'}}"),
                noPart("another file", "{'type':'file','file':{'file_data':"
                        + "'data:application/zip;base64,YSxi'}}", ".file"),
                noPart("a part of an unknown type", "{'type':'x'}", ".type"));
    }

    private static String call(String more) {
        return "{'role':'assistant','content':null,'tool_calls':[{'id':'c1','type':'function',"
                + "'function':{'name':'f','arguments':'{\\\"x\\\": 1.0}'}" + more + "}]}";
    }

    private static String callOut(String more) {
        return "{'role':'model','parts':[{'functionCall':{'name':'f','args':{'x':1.0}}" + more
                + "}]}";
    }

    private static TranslationCase result(String name, String content, String response) {
        return conversation(name, ASKED + "," + call("")
                + ",{'role':'tool','tool_call_id':'c1','content':" + content + "}",
                ASKED_OUT + "," + callOut("") + ",{'role':'user','parts':[{'functionResponse':"
                + "{'name':'f','response':" + response + "}}]}");
    }

    private static TranslationCase signature(String name, String more, String moreOut) {
        return conversation(name, ASKED + "," + call(more)
                + ",{'role':'tool','tool_call_id':'c1','content':'r'}",
                ASKED_OUT + "," + callOut(moreOut) + ",{'role':'user','parts':"
                + "[{'functionResponse':{'name':'f','response':{'output':'r'}}}]}");
    }

    static Stream<TranslationCase> tools() {
        String given = ",'extra_content':{'google':{'thought_signature':'sig'}}";
        String two = "{'role':'assistant','tool_calls':[{'id':'c1','function':{'name':'f',"
                + "'arguments':''}},{'id':'c2','function':{'name':'g','arguments':''}}]},"
                + "{'role':'tool','tool_call_id':'c2','content':'2'},"
                + "{'role':'tool','tool_call_id':'c1','content':'1'}";
        return Stream.of(
                result("a result's name is that of its call", "'r'", "{'output':'r'}"),
                result("a result that is an object", "' {\\\"k\\\": 1.0, \\\"l\\\":\\\"\\u00e9"
                        + "\\\"}'", "{'k':1.0,'l':'\u00e9'}"),
                result("a result that is nearly one", "'{\\\"k\\\":'",
                        "{'output':'{\\\"k\\\":'}"),
                result("a result in parts", "[{'type':'text','text':'r'},{'type':'text','text':"
                        + "'s'}]", "{'output':'r\\ns'}"),
                result("a result that is a schema with a reference in it",
                        "'{\\\"a\\\":{\\\"$ref\\\":\\\"#/b\\\"}}'",
                        "{'output':'{\\\"a\\\":{\\\"$ref\\\":\\\"#/b\\\"}}'}"),
                result("a result with a number that no double holds",
                        "'{\\\"a\\\":12345678901234567}'",
                        "{'output':'{\\\"a\\\":12345678901234567}'}"),
                result("a result of very many levels", "'" + "{\\\"a\\\":".repeat(25) + "1"
                        + "}".repeat(25) + "'", "{'output':'" + "{\\\"a\\\":".repeat(25) + "1"
                        + "}".repeat(25) + "'}"),
                conversation("the results of one function are in the order of its calls",
                        ASKED + "," + two.replace("'g'", "'f'"), ASKED_OUT
                        + ",{'role':'model','parts':[{'functionCall':{'name':'f','args':{}}},"
                        + "{'functionCall':{'name':'f','args':{}}}]},{'role':'user','parts':"
                        + "[{'functionResponse':{'name':'f','response':{'output':'1'}}},"
                        + "{'functionResponse':{'name':'f','response':{'output':'2'}}}]}"),
                conversation("the results of one turn are in one content", ASKED + "," + two,
                        ASKED_OUT + ",{'role':'model','parts':[{'functionCall':{'name':'f',"
                        + "'args':{}}},{'functionCall':{'name':'g','args':{}}}]},{'role':'user',"
                        + "'parts':[{'functionResponse':{'name':'f','response':{'output':'1'}}},"
                        + "{'functionResponse':{'name':'g','response':{'output':'2'}}}]}"),
                signature("a signature comes back", given, ",'thoughtSignature':'sig'"),
                signature("Gemini 3 gets the word for a lost one", "",
                        ",'thoughtSignature':'skip_thought_signature_validator'")
                        .model("gemini-3-pro-preview"),
                conversation("but for the first call of a turn only", ASKED + "," + two,
                        ASKED_OUT + ",{'role':'model','parts':[{'functionCall':{'name':'f',"
                        + "'args':{}},'thoughtSignature':'skip_thought_signature_validator'},"
                        + "{'functionCall':{'name':'g','args':{}}}]},{'role':'user',"
                        + "'parts':[{'functionResponse':{'name':'f','response':{'output':'1'}}},"
                        + "{'functionResponse':{'name':'g','response':{'output':'2'}}}]}")
                        .model("gemini-3-pro-preview"),
                refuses("a result without its call", "{'messages':[" + ASKED
                        + ",{'role':'tool','tool_call_id':'c1','content':'1'}]}", "messages[1]"),
                maps("tools, their schemas as they came", "{'tools':[" + TOOL + "]}",
                        "{'tools':[" + TOOL_OUT + "],'toolConfig':null}").drops("tools.strict"),
                maps("tools without parameters", "{" + PLAIN_TOOLS + ",'tool_choice':'auto'}",
                        "{'tools':[{'functionDeclarations':[{'name':'f'},{'name':'g'}]}],"
                        + "'toolConfig':{'functionCallingConfig':{'mode':'AUTO'}}}"),
                maps("choice none", "{" + PLAIN_TOOLS + ",'tool_choice':'none'}",
                        "{'toolConfig':{'functionCallingConfig':{'mode':'NONE'}}}"),
                maps("choice required", "{" + PLAIN_TOOLS + ",'tool_choice':'required'}",
                        "{'toolConfig':{'functionCallingConfig':{'mode':'ANY'}}}"),
                maps("choice of a function", "{" + PLAIN_TOOLS
                        + ",'tool_choice':{'type':'function','function':{'name':'g'}}}",
                        "{'toolConfig':{'functionCallingConfig':{'mode':'ANY',"
                        + "'allowedFunctionNames':['g']}}}"),
                maps("one call at a time", "{" + PLAIN_TOOLS + ",'parallel_tool_calls':false}",
                        "{'toolConfig':null}").drops("parallel_tool_calls"));
    }

    private static TranslationCase config(String name, String in, String out) {
        return maps(name, "{" + in + "}", "{'generationConfig':{" + out + "}}");
    }

    static Stream<TranslationCase> settings() {
        return Stream.of(
                config("none", "'n':1", ""),
                config("those of one name or another", "'max_completion_tokens':7,"
                        + "'temperature':1.50,'top_p':0.9,'seed':3,'frequency_penalty':0.5,"
                        + "'presence_penalty':-1,'n':2,'stop':'END'",
                        "'maxOutputTokens':7,'temperature':1.50,'topP':0.9,'candidateCount':2,"
                        + "'presencePenalty':-1,'frequencyPenalty':0.5,'seed':3,"
                        + "'stopSequences':['END']"),
                config("a bound beyond the model's", "'max_tokens':100000",
                        "'maxOutputTokens':65536").changes("max_tokens"),
                config("probabilities, which the answer would not bring back",
                        "'logprobs':true,'top_logprobs':3", "").drops("logprobs",
                        "top_logprobs"),
                config("a seed that is too large", "'seed':9000000000", "").drops("seed"),
                config("any JSON object", "'response_format':{'type':'json_object'}",
                        "'responseMimeType':'application/json'"),
                config("a schema", "'response_format':{'type':'json_schema','json_schema':"
                        + "{'name':'n','schema':{'type':'object','x':1.0}}}",
                        "'responseMimeType':'application/json','responseJsonSchema':"
                        + "{'type':'object','x':1.0}")
                        .drops("response_format.json_schema.name"),
                refuses("six stop sequences", "{'stop':['1','2','3','4','5','6']}", "stop[5]"),
                config("what has no equal is dropped", "'logit_bias':{'1':2},'user':'u',"
                        + "'metadata':{'a':'b'},'service_tier':'flex','store':true,'foo':1",
                        "").drops("logit_bias", "user", "metadata", "service_tier", "store",
                        "foo"));
    }

    private static TranslationCase budget(String effort, int tokens) {
        return config("effort " + effort + " is a budget", "'reasoning_effort':'" + effort + "'",
                "'thinkingConfig':{'thinkingBudget':" + tokens
                + (effort.equals("none") ? "" : ",'includeThoughts':true") + "}");
    }

    private static TranslationCase level(String effort, String level) {
        return config("effort " + effort + " is a level", "'reasoning_effort':'" + effort + "'",
                "'thinkingConfig':{'thinkingLevel':'" + level + "'"
                + (effort.equals("none") ? "" : ",'includeThoughts':true") + "}")
                .model("gemini-3-flash");
    }

    static Stream<TranslationCase> thinking() {
        return Stream.of(budget("none", 0), budget("minimal", 512), budget("low", 1024),
                budget("medium", 8192), budget("high", 24576), budget("xhigh", 24576),
                budget("none", 128).model("gemini-2.5-pro").changes("reasoning_effort"),
                level("none", "MINIMAL").changes("reasoning_effort"), level("minimal", "MINIMAL"),
                level("low", "LOW"), level("medium", "MEDIUM"), level("high", "HIGH"),
                level("minimal", "LOW").model("gemini-3-pro-preview"),
                config("none for older models", "'reasoning_effort':'low'", "")
                        .model("gemini-2.0-flash").drops("reasoning_effort"));
    }
}
