package io.penstock.translate.request;

import static io.penstock.translate.request.TranslationCase.maps;
import static io.penstock.translate.request.TranslationCase.refuses;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Gemini requests as OpenAI chat requests, and what of them only Anthropic or Google can use. */
class GeminiRequestTest {
    private static final String ASKED = "{'role':'user','parts':[{'text':'a'}]}";
    private static final String ASKED_OUT = "{'role':'user','content':'a'}";
    private static final String PNG = "iVBORw0KGgo=";

    @ParameterizedTest(name = "{0}")
    @MethodSource({"contents", "calls", "tools", "settings"})
    void translates(TranslationCase row) throws Exception {
        row.check(ClientFormat.GEMINI, ProviderFormat.CHAT, "gpt-4o", "'contents':[" + ASKED + "]");
    }

    private static TranslationCase conversation(String name, String in, String out) {
        return maps(name, "{'contents':[" + in + "]}", "{'messages':[" + out + "]}");
    }

    private static TranslationCase part(String name, String in, String out) {
        return conversation(name, "{'parts':[" + in + ",{'text':'a'}]}",
                "{'role':'user','content':[" + out + ",{'type':'text','text':'a'}]}");
    }

    private static TranslationCase noPart(String name, String in, String param) {
        return refuses(name, "{'contents':[{'parts':[" + in + "]}]}",
                "contents[0].parts[0]" + param);
    }

    static Stream<TranslationCase> contents() {
        return Stream.of(
                maps("the model isn't of the body", "{'model':'models/x'}",
                        "{'model':'gpt-4o'}"),
                maps("the operator's words, in either spelling",
                        "{'system_instruction':{'parts':[{'text':'s'}]}}", "{'messages':["
                        + "{'role':'system','content':'s'}," + ASKED_OUT + "]}"),
                maps("one content and one part without their lists",
                        "{'contents':{'parts':{'text':'a'}}}", "{'messages':[" + ASKED_OUT + "]}"),
                conversation("a role that isn't said is the user's", "{'parts':[{'text':'a'}]}",
                        ASKED_OUT),
                conversation("what the model said in pieces, in contents of their own", ASKED
                        + ",{'role':'model','parts':[{'text':'b'},{'text':'c'}]},{'role':'model',"
                        + "'parts':[{'text':''}]},{'role':'model','parts':[{'text':'\\u00e9'}]},"
                        + ASKED, ASKED_OUT + ",{'role':'assistant','content':'bc\\u00e9'},"
                        + ASKED_OUT),
                conversation("thoughts stay behind", ASKED + ",{'role':'model','parts':[{'text':'h'"
                        + ",'thought':true},{'text':'b'}]}," + ASKED, ASKED_OUT
                        + ",{'role':'assistant','content':'b'}," + ASKED_OUT)
                        .drops("contents.parts.thought"),
                conversation("a signature of a text is Google's alone", ASKED + ",{'role':'model',"
                        + "'parts':[{'text':'b','thought_signature':'c2ln'}]}," + ASKED, ASKED_OUT
                        + ",{'role':'assistant','content':'b'}," + ASKED_OUT)
                        .drops("contents.parts.thoughtSignature"),
                part("an image, its type by its first bytes", "{'inlineData':{'mimeType':"
                        + "'image/jpeg','data':'" + PNG + "'}}", "{'type':'image_url','image_url':"
                        + "{'url':'data:image/png;base64," + PNG + "'}}"),
                part("a file in the alphabet of URLs", "{'inline_data':{'mime_type':"
                        + "'application/pdf','data':'JVBERi0_-w==','display_name':'n'}}",
                        "{'type':'file','file':{'filename':'n','file_data':"
                        + "'data:application/pdf;base64,JVBERi0/+w=='}}"),
                part("audio", "{'inlineData':{'mimeType':'audio/mpeg','data':'AAAA'}}",
                        "{'type':'input_audio','input_audio':{'data':'AAAA','format':'mp3'}}"),
                part("an image elsewhere", "{'fileData':{'fileUri':'https://a.example/b.png',"
                        + "'mimeType':'image/png'}}",
                        "{'type':'image_url','image_url':{'url':'https://a.example/b.png'}}"),
                part("how a video is looked at", "{'inlineData':{'mimeType':'image/png','data':'"
                        + PNG + "'},'mediaResolution':{'level':'x'}}", "{'type':'image_url',"
                        + "'image_url':{'url':'data:image/png;base64," + PNG + "'}}")
                        .drops("contents.parts.mediaResolution"),
                noPart("a file at Google", "{'fileData':{'fileUri':"
                        + "'https://generativelanguage.googleapis.com/v1beta/files/x'}}",
                        ".fileData.fileUri"),
                noPart("a file in Google's storage", "{'fileData':{'fileUri':'gs://b/x'}}",
                        ".fileData.fileUri"),
                noPart("a video", "{'inlineData':{'mimeType':'video/mp4','data':'AAAA'}}",
                        ".inlineData.mimeType"),
                noPart("code that Google ran", "{'executableCode':{'code':'1'}}",
                        ".executableCode"),
                noPart("nothing", "{}", ""),
                refuses("no contents", "{'contents':[]}", "contents"),
                refuses("contents of another kind", "{'contents':'a'}", "contents"),
                refuses("an operator in the middle", "{'contents':[{'role':'system','parts':"
                        + "[{'text':'a'}]}]}", "contents[0].role"));
    }

    private static String call(String name, String more) {
        return "{'functionCall':{" + more + "'name':'" + name + "','args':{'x': 1.0}}}";
    }

    private static String callOut(String id, String name) {
        return "{'id':'" + id + "','type':'function','function':{'name':'" + name
                + "','arguments':'{\\\"x\\\":1.0}'}}";
    }

    private static String result(String name, String response) {
        return "{'functionResponse':{'name':'" + name + "','response':" + response + "}}";
    }

    private static String resultOut(String id, String text) {
        return "{'role':'tool','tool_call_id':'" + id + "','content':'" + text + "'}";
    }

    private static TranslationCase called(String name, String calls, String results,
            String callsOut, String resultsOut) {
        return conversation(name, ASKED + ",{'role':'model','parts':[" + calls + "]},{'role':"
                + "'user','parts':[" + results + "]}", ASKED_OUT + ",{'role':'assistant','content':"
                + "null,'tool_calls':[" + callsOut + "]}," + resultsOut);
    }

    static Stream<TranslationCase> calls() {
        return Stream.of(
                called("calls without ids, and results of one name in their order",
                        call("f", "") + "," + call("g", "") + "," + call("f", ""),
                        result("g", "{'output':'2'}") + "," + result("f", "{'result':'1'}") + ","
                        + result("f", "{'k': 1.0}"),
                        callOut("call_g1", "f") + "," + callOut("call_g2", "g") + ","
                        + callOut("call_g3", "f"),
                        resultOut("call_g2", "2") + "," + resultOut("call_g1", "1") + ","
                        + resultOut("call_g3", "{\\\"k\\\": 1.0}")),
                called("calls with ids, in whatever order", call("f", "'id':'a',") + ","
                        + call("f", "'id':'b',"), "{'function_response':{'id':'b','name':'f',"
                        + "'response':{'output':'2'}}},{'functionResponse':{'id':'a','name':'f',"
                        + "'response':{'error':'no'}}}", callOut("a", "f") + ","
                        + callOut("b", "f"), resultOut("b", "2") + ","
                        + resultOut("a", "Error: no")),
                called("a result that has lost the id of its call", call("f", "'id':'a',"),
                        result("f", "{'output':'2'}"), callOut("a", "f"), resultOut("a", "2")),
                called("a result without a word", call("f", ""),
                        "{'functionResponse':{'name':'f'}}", callOut("call_g1", "f"),
                        resultOut("call_g1", "")),
                called("an object with more than its output", call("f", ""),
                        result("f", "{'output':'2','more':1}"), callOut("call_g1", "f"),
                        resultOut("call_g1", "{\\\"output\\\":\\\"2\\\",\\\"more\\\":1}")),
                called("signatures that are none", "{'functionCall':{'name':'f','args':{'x':1.0}},"
                        + "'thoughtSignature':'skip_thought_signature_validator'}",
                        result("f", "{'output':'2'}"), callOut("call_g1", "f"),
                        resultOut("call_g1", "2")),
                refuses("a result without its call", "{'contents':[" + ASKED + ",{'parts':["
                        + result("f", "{}") + "]}]}", "contents[1].parts[0].functionResponse"),
                refuses("a call without its result", "{'contents':[" + ASKED + ",{'role':'model',"
                        + "'parts':[" + call("f", "") + "]}," + ASKED + "]}",
                        "contents[1].parts[0].functionCall"));
    }

    private static TranslationCase schema(String name, String in, String out) {
        return maps(name, "{'tools':[{'functionDeclarations':[{'name':'f','parameters':" + in
                + "}]}]}", "{'tools':[{'type':'function','function':{'name':'f','parameters':"
                + out + "}}]}");
    }

    private static TranslationCase choice(String config, String choice) {
        return maps("choice " + config, "{'tools':[{'functionDeclarations':[{'name':'f'},"
                + "{'name':'g'},{'name':'h'}]}],'toolConfig':{'functionCallingConfig':{" + config
                + "}}}", "{'tool_choice':" + choice + "}");
    }

    static Stream<TranslationCase> tools() {
        return Stream.of(
                maps("a JSON schema as it came", "{'tools':[{'function_declarations':[{'name':'f',"
                        + "'description':'d','parametersJsonSchema':{'x':1.0},'response':{}}]}]}",
                        "{'tools':[{'type':'function','function':{'name':'f','description':'d',"
                        + "'parameters':{'x':1.0}}}]}")
                        .drops("tools.functionDeclarations.response"),
                schema("Google's own schema", "{'type':'OBJECT','properties':{'type':{'type':"
                        + "'STRING','nullable':true,'description':'d'},'any_of':{'anyOf':[{'type':"
                        + "'INTEGER','minimum':1.0},{'ref':'#/defs/a'}]}},'required':['type'],"
                        + "'property_ordering':['type'],'min_properties':'1','defs':{'a':{'type':"
                        + "'ARRAY','items':{'type':'NUMBER'},'maxItems':3}},'example':{'a':1}}",
                        "{'type':'object','properties':{'type':{'type':['string','null'],"
                        + "'description':'d'},'any_of':{'anyOf':[{'type':'integer','minimum':1.0},"
                        + "{'$ref':'#/defs/a'}]}},'required':['type'],'minProperties':1,'$defs':"
                        + "{'a':{'type':'array','items':{'type':'number'},'maxItems':3}},"
                        + "'examples':[{'a':1}]}"),
                schema("a schema that is one already", "{'type':['object','null'],'oneOf':"
                        + "[{'const':1}],'additionalProperties':false}", "{'type':['object',"
                        + "'null'],'oneOf':[{'const':1}],'additionalProperties':false}"),
                choice("'mode':'AUTO'", "'auto'"), choice("'mode':'NONE'", "'none'"),
                choice("'mode':'VALIDATED'", "'auto'"), choice("'mode':'any'", "'required'"),
                choice("'mode':'ANY','allowed_function_names':['g']",
                        "{'type':'function','function':{'name':'g'}}"),
                maps("some of the tools", "{'tools':[{'functionDeclarations':[{'name':'f'},"
                        + "{'name':'g'},{'name':'h'}]}],'toolConfig':{'functionCallingConfig':"
                        + "{'mode':'ANY','allowedFunctionNames':['f','h']}}}", "{'tools':["
                        + "{'type':'function','function':{'name':'f'}},{'type':'function',"
                        + "'function':{'name':'h'}}],'tool_choice':'required'}"),
                refuses("a mode of another kind", "{'toolConfig':{'functionCallingConfig':"
                        + "{'mode':'x'}}}", "toolConfig.functionCallingConfig.mode"),
                refuses("Google's own tools", "{'tools':[{'google_search':{}}]}",
                        "tools[0].googleSearch"));
    }

    private static TranslationCase config(String name, String in, String out) {
        return maps(name, "{'generationConfig':{" + in + "}}", "{" + out + "}");
    }

    static Stream<TranslationCase> settings() {
        String dropped = "'safetySettings':[],'labels':{'a':'b'},'serviceTier':'flex'";
        return Stream.of(
                config("those of one name or another", "'maxOutputTokens':7,'temperature':1.50,"
                        + "'top_p':0.9,'seed':3,'frequencyPenalty':0.5,'presence_penalty':-1,"
                        + "'candidateCount':2,'stopSequences':['END']",
                        "'max_completion_tokens':7,'temperature':1.50,'top_p':0.9,'seed':3,"
                        + "'frequency_penalty':0.5,'presence_penalty':-1,'n':2,'stop':['END']"),
                config("numbers in quotes", "'maxOutputTokens':'7','seed':'3'",
                        "'max_completion_tokens':7,'seed':3"),
                config("what this provider has no word for", "'topK':4,'logprobs':2,"
                        + "'responseLogprobs':true,'mediaResolution':'x','speechConfig':{}", "")
                        .drops("generationConfig.topK", "generationConfig.logprobs",
                        "generationConfig.responseLogprobs", "generationConfig.mediaResolution",
                        "generationConfig.speechConfig"),
                maps("what only Google knows", "{" + dropped + "}", "{}")
                        .drops("safetySettings", "labels", "serviceTier"),
                config("any JSON", "'responseMimeType':'application/json'",
                        "'response_format':{'type':'json_object'}"),
                config("a schema of Google's", "'response_mime_type':'application/json',"
                        + "'response_schema':{'type':'OBJECT','properties':{'a':{'type':"
                        + "'STRING'}}}",
                        "'response_format':{'type':'json_schema','json_schema':{'name':'response',"
                        + "'schema':{'type':'object','properties':{'a':{'type':'string'}}}}}"),
                config("a JSON schema that is strict", "'responseMimeType':'application/json',"
                        + "'responseJsonSchema':{'type':'object','properties':{},"
                        + "'additionalProperties':false}", "'response_format':{'type':'json_schema'"
                        + ",'json_schema':{'name':'response','schema':{'type':'object',"
                        + "'properties':{},'additionalProperties':false},'strict':true}}"),
                config("text, and nothing but text", "'responseMimeType':'text/plain',"
                        + "'responseModalities':['TEXT']", "'response_format':null"),
                config("a level of thinking", "'thinkingConfig':{'thinkingLevel':'LOW'}",
                        "'reasoning_effort':'low'").model("o3"),
                config("a budget of thinking", "'thinking_config':{'thinking_budget':'8192'}",
                        "'reasoning_effort':'high'").model("o3"),
                config("as much thinking as it takes", "'thinkingConfig':{'thinkingBudget':-1,"
                        + "'includeThoughts':true}", "'reasoning_effort':null").model("o3"),
                config("no thinking", "'thinkingConfig':{'thinkingBudget':0}",
                        "'reasoning_effort':'none'").model("gpt-5.1"),
                refuses("an answer as one of few words", "{'generationConfig':{'responseMimeType':"
                        + "'text/x.enum'}}", "generationConfig.responseMimeType"),
                refuses("speech", "{'generationConfig':{'responseModalities':['AUDIO']}}",
                        "generationConfig.responseModalities"),
                refuses("what Google keeps", "{'cachedContent':'cachedContents/a'}",
                        "cachedContent"));
    }

    private static String seal(String sealed, boolean urls) {
        byte[] bytes = sealed.getBytes(StandardCharsets.UTF_8);
        return (urls ? Base64.getUrlEncoder() : Base64.getEncoder()).encodeToString(bytes);
    }

    /** Whatever an SDK's own idea of base64 is. */
    @ParameterizedTest
    @CsvSource({"true", "false"})
    void thoughtsThatAnthropicSignedGoBackToIt(boolean urls) throws Exception {
        String thoughts = "{'text':'h','thought':true},{'text':'m','thought':true},{'text':'',"
                + "'thought':true,'thoughtSignature':'" + seal("penstock:signature:s?>~=", urls)
                + "'},{'text':'','thought':true,'thoughtSignature':'"
                + seal("penstock:redacted:r?>~=", urls) + "'},{'text':'b'}";

        String asked = "{'role':'user','content':[{'type':'text','text':'a'}]}";
        maps("signed", "{'contents':[" + ASKED + ",{'role':'model','parts':[" + thoughts + "]},"
                + ASKED + "]}", "{'messages':[" + asked + ",{'role':'assistant','content':["
                + "{'type':'thinking','thinking':'hm','signature':'s?>~='},{'type':"
                + "'redacted_thinking','data':'r?>~='},{'type':'text','text':'b'}]}," + asked
                + "]}").check(ClientFormat.GEMINI, ProviderFormat.MESSAGES, "claude-sonnet-4-6");
    }

    @Test
    void thoughtsAreHiddenFromWhoDoesNotAskForThem() throws Exception {
        assertThat(translated("{'contents':[" + ASKED + "]}").thoughtsHidden()).isTrue();
        assertThat(translated("{'contents':[" + ASKED + "],'generationConfig':{'thinkingConfig':"
                + "{'includeThoughts':true}}}").thoughtsHidden()).isFalse();
        assertThat(translated("{'contents':[" + ASKED + "]}").usageAsked()).isTrue();
    }

    private static Translated translated(String request) throws UntranslatableException {
        ByteBuf body = Unpooled.copiedBuffer(JsonTree.quoted(request), StandardCharsets.UTF_8);
        Translated translated = new RequestTranslator().translate(ClientFormat.GEMINI,
                ProviderFormat.CHAT, body, TranslationOptions.of("gpt-4o", false),
                UnpooledByteBufAllocator.DEFAULT);
        translated.body().release();
        body.release();
        return translated;
    }

    @Test
    void googleGetsTheRequestAsItIsButForSignaturesMadeHere() throws Exception {
        String made = seal("penstock:redacted:r", false);
        String in = JsonTree.quoted("{ 'contents' : [{'parts':[{'text':'" + made + "',"
                + "'thoughtSignature':'c2ln'},{'thought_signature' : '" + made + "'}]}],'x':1.0 }");

        String out = TranslationCase.translate(ClientFormat.GEMINI, ProviderFormat.GEMINI, in,
                TranslationOptions.of("gemini-3-pro", false), 0).body();

        assertThat(out).isEqualTo(in.replace("\"thought_signature\" : \"" + made,
                "\"thought_signature\" : \"skip_thought_signature_validator"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"{}|-1|1", "{'maxOutputTokens':7}|7|1",
        "{'max_output_tokens':'70','candidateCount':3.0}|70|3",
        "{'maxOutputTokens':1e9}|1000000000|1",
        "{'maxOutputTokens':1e300,'candidateCount':99999999999}|1000000000|1000000",
        "{'maxOutputTokens':0,'candidateCount':0}|-1|1", "{'maxOutputTokens':'x'}|-1|1",
        "{'maxOutputTokens':{'a':1},'candidateCount':2}|-1|2",
        "{'responseSchema':{'maxOutputTokens':9}}|-1|1", "{'maxOutputTokens':x}|-1|1"})
    void limitsAreReadFromTheConfiguration(String config, long maxTokens, long candidates) {
        ByteBuf bytes = Unpooled.copiedBuffer("xx" + JsonTree.quoted(config) + "yy",
                StandardCharsets.UTF_8);

        GeminiLimits limits = GeminiLimits.of(bytes, 2, bytes.readableBytes() - 4);
        assertThat(limits.maxTokens()).isEqualTo(maxTokens);
        assertThat(limits.candidates()).isEqualTo(candidates);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {"{'maxOutputTokens':7}|7",
        "{'a':{},'max_output_tokens': '70' ,'b':1}|'70'", "{'maxOutputTokens':1e3}|1e3"})
    void theBoundOfTheAnswerIsFound(String config, String value) {
        String text = JsonTree.quoted(config);
        ByteBuf bytes = Unpooled.copiedBuffer(text, StandardCharsets.UTF_8);

        GeminiLimits limits = GeminiLimits.of(bytes, 0, bytes.readableBytes());

        assertThat(text.substring((int) limits.maxTokensStart(), (int) limits.maxTokensEnd()))
                .isEqualTo(JsonTree.quoted(value));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"{}|true", "{'responseMimeType':'text/plain'}|true",
        "{'response_mime_type':'application/json'}|false", "{'responseLogprobs':true}|false",
        "{'responseLogprobs':false}|true", "{'responseMimeType':'text/x.enum'}|false"})
    void whetherTheAnswerIsPlainTextIsRead(String config, boolean plain) {
        ByteBuf bytes = Unpooled.copiedBuffer(JsonTree.quoted(config), StandardCharsets.UTF_8);
        assertThat(GeminiLimits.of(bytes, 0, bytes.readableBytes()).isPlain()).isEqualTo(plain);
    }
}
