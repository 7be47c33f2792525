package io.penstock.translate.request;

import static io.penstock.translate.request.TranslationCase.maps;
import static io.penstock.translate.request.TranslationCase.refuses;

import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The pairs that follow from the others: every reader works with every writer. */
class OtherPairsTest {
    private static final String HI = "'messages':[{'role':'user','content':'hi'}]";

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void completionsToChat(TranslationCase row) throws Exception {
        row.check(ClientFormat.COMPLETIONS, ProviderFormat.CHAT, "gpt-4o", "'prompt':'hi'");
    }

    static Stream<TranslationCase> completionsToChat() {
        return Stream.of(
                maps("a prompt is what a user says, and its bound is the format's own",
                        "{'prompt':'a'}", "{'messages':[{'role':'user','content':'a'}],"
                        + "'max_completion_tokens':16}"),
                maps("one prompt in a list", "{'prompt':['a']}",
                        "{'messages':[{'role':'user','content':'a'}]}"),
                refuses("several prompts", "{'prompt':['a','b']}", "prompt"),
                refuses("tokens", "{'prompt':[1,2]}", "prompt"),
                refuses("no prompt", "{'prompt':null}", "prompt"),
                refuses("a suffix", "{'suffix':'a'}", "suffix"),
                refuses("an echo", "{'echo':true}", "echo"),
                maps("the best of several is the only one", "{'best_of':2}", "{'n':null}")
                        .drops("best_of"),
                maps("settings", "{'max_tokens':5,'temperature':0.5,'top_p':0.9,'n':2,'stop':"
                        + "'a','seed':1,'frequency_penalty':1,'presence_penalty':1,'logit_bias':"
                        + "{'1':2},'user':'u','suffix':'','echo':false,'best_of':1}",
                        "{'max_completion_tokens':5,'temperature':0.5,'top_p':0.9,'n':2,'stop':"
                        + "['a'],'seed':1,'frequency_penalty':1,'presence_penalty':1,"
                        + "'logit_bias':{'1':2},'safety_identifier':'u'}"),
                maps("what has no equal is dropped", "{'logprobs':5,'foo':1}",
                        "{'logprobs':null}").drops("logprobs", "foo"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void messagesToGemini(TranslationCase row) throws Exception {
        row.check(ClientFormat.MESSAGES, ProviderFormat.GEMINI, "gemini-2.5-pro", HI,
                "'max_tokens':9");
    }

    static Stream<TranslationCase> messagesToGemini() {
        return Stream.of(
                maps("a conversation with a call whose result is an error and an image",
                        "{'system':'s','messages':[{'role':'user','content':'a'},{'role':"
                        + "'assistant','content':[{'type':'thinking','thinking':'h','signature':"
                        + "'s'},{'type':'tool_use','id':'t','name':'f','input':{'x': 1.0}}]},"
                        + "{'role':'user','content':[{'type':'tool_result','tool_use_id':'t',"
                        + "'is_error':true,'content':[{'type':'text','text':'{}'},{'type':"
                        + "'image','source':{'type':'base64','media_type':'image/png','data':"
                        + "'AAAA'}}]},{'type':'text','text':'b'}]}]}",
                        "{'systemInstruction':{'parts':[{'text':'s'}]},'contents':[{'role':"
                        + "'user','parts':[{'text':'a'}]},{'role':'model','parts':"
                        + "[{'functionCall':{'name':'f','args':{'x':1.0}}}]},{'role':'user',"
                        + "'parts':[{'functionResponse':{'name':'f','response':{'error':'{}'}}},"
                        + "{'text':'Image from tool call t:'},{'inlineData':{'mimeType':"
                        + "'image/png','data':'AAAA'}},{'text':'b'}]}]}")
                        .drops("messages.content.thinking"),
                maps("settings", "{'top_k':5,'stop_sequences':['a'],'thinking':{'type':"
                        + "'enabled','budget_tokens':3000}}",
                        "{'generationConfig':{'maxOutputTokens':9,'topK':5,'stopSequences':"
                        + "['a'],'thinkingConfig':{'thinkingBudget':3000,'includeThoughts':true}"
                        + "}}"),
                maps("a budget as a level", "{'thinking':{'type':'enabled','budget_tokens':3000"
                        + "}}", "{'generationConfig':{'maxOutputTokens':9,'thinkingConfig':"
                        + "{'thinkingLevel':'MEDIUM','includeThoughts':true}}}")
                        .model("gemini-3-pro"),
                maps("as much as it takes", "{'thinking':{'type':'adaptive'}}",
                        "{'generationConfig':{'maxOutputTokens':9,'thinkingConfig':"
                        + "{'thinkingBudget':-1,'includeThoughts':true}}}"),
                refuses("a document elsewhere", "{'messages':[{'role':'user','content':[{'type':"
                        + "'document','source':{'type':'url','url':'https://a'}}]}]}",
                        "messages[0].content[0]"));
    }

    /** Thoughts between texts and calls, as Claude wants them back. */
    private static final String INTERLEAVED =
            "{'messages':[{'role':'user','content':[{'type':'text','text':'a'}]},{'role':"
            + "'assistant','content':[{'type':'thinking','thinking':'h','signature':'s'},"
            + "{'type':'text','text':'b'},{'type':'thinking','thinking':'i','signature':'t'},"
            + "{'type':'tool_use','id':'c','name':'f','input':{}}]},{'role':'user','content':["
            + "{'type':'tool_result','tool_use_id':'c','content':'r'}]}]";

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void messagesToBedrock(TranslationCase row) throws Exception {
        row.check(ClientFormat.MESSAGES, ProviderFormat.MESSAGES_ON_BEDROCK,
                "anthropic.claude-opus-4-8-v1:0", HI, "'max_tokens':9");
    }

    static Stream<TranslationCase> messagesToBedrock() {
        String image = "{'type':'image','source':{'type':'base64','media_type':'image/png',"
                + "'data':'AAAA'}}";
        return Stream.of(
                maps("neither model nor stream are in the body", "{'stream':true,'model':'x'}",
                        "{'anthropic_version':'bedrock-2023-05-31','model':null,'stream':null,"
                        + "'max_tokens':9}").with(all -> TranslationOptions.of(all.model(), true)),
                maps("thoughts stay where they were", INTERLEAVED + "}", INTERLEAVED
                        + ",'tools':[{'name':'f','input_schema':{'type':'object','properties':"
                        + "{}}}]}").changes("tools"),
                maps("but for those of other providers", INTERLEAVED.replace(
                        "{'type':'thinking','thinking':'i','signature':'t'}",
                        "{'type':'redacted_thinking','data':'penstock:detail:{}'}") + "}",
                        INTERLEAVED.replace("{'type':'thinking','thinking':'i','signature':'t'},",
                        "") + "}").drops("messages.content.thinking").changes("tools"),
                maps("blocks come out as they went in", "{'messages':[{'role':'user','content':["
                        + image + "]},{'role':'assistant','content':[{'type':'thinking',"
                        + "'thinking':'h','signature':'s'},{'type':'tool_use','id':'t1','name':"
                        + "'f','input':{'x':1.0}}]},{'role':'user','content':[{'type':"
                        + "'tool_result','tool_use_id':'t1','is_error':true,'content':["
                        + image + "]}]}],'tools':[{'name':'f','input_schema':{'type':'object'}}]}",
                        "{'messages':[{'role':'user','content':["
                        + image + "]},{'role':'assistant','content':[{'type':'thinking',"
                        + "'thinking':'h','signature':'s'},{'type':'tool_use','id':'t1','name':"
                        + "'f','input':{'x':1.0}}]},{'role':'user','content':[{'type':"
                        + "'tool_result','tool_use_id':'t1','is_error':true,'content':["
                        + image + "]}]}],'tools':[{'name':'f','input_schema':{'type':'object'}}]}"),
                refuses("an image elsewhere", "{'messages':[{'role':'user','content':[{'type':"
                        + "'image','source':{'type':'url','url':'https://a'}}]}]}",
                        "messages[0].content[0]"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void responsesToMessages(TranslationCase row) throws Exception {
        row.check(ClientFormat.RESPONSES, ProviderFormat.MESSAGES, "claude-opus-4-8",
                "'input':'hi'");
    }

    static Stream<TranslationCase> responsesToMessages() {
        String hi = "{'role':'user','content':'hi'}";
        String hiOut = "{'role':'user','content':[{'type':'text','text':'hi'}]}";
        return Stream.of(
                maps("reasoning that Penstock sealed comes back", "{'instructions':'s','input':["
                        + hi + ",{'type':'reasoning','id':'a','summary':[{'type':'summary_text',"
                        + "'text':'h'}],'encrypted_content':'penstock:signature:sig'},{'type':"
                        + "'reasoning','id':'b','summary':[],'encrypted_content':"
                        + "'penstock:redacted:data'},{'type':'function_call','call_id':'c',"
                        + "'name':'f','arguments':'{}'},{'type':'function_call_output',"
                        + "'call_id':'c','output':'r'}],'tools':[{'type':'function','name':'f'"
                        + "}]}",
                        "{'system':[{'type':'text','text':'s'}],'messages':[" + hiOut
                        + ",{'role':'assistant','content':[{'type':'thinking','thinking':'h',"
                        + "'signature':'sig'},{'type':'redacted_thinking','data':'data'},{'type':"
                        + "'tool_use','id':'c','name':'f','input':{}}]},{'role':'user','content':"
                        + "[{'type':'tool_result','tool_use_id':'c','content':'r'}]}]}"),
                maps("reasoning stays where it was", "{'input':[" + hi + ",{'type':'reasoning',"
                        + "'summary':[{'type':'summary_text','text':'h'}],'encrypted_content':"
                        + "'penstock:signature:s'},{'role':'assistant','content':'b'},{'type':"
                        + "'reasoning','summary':[{'type':'summary_text','text':'i'}],"
                        + "'encrypted_content':'penstock:signature:t'},{'type':'function_call',"
                        + "'call_id':'c','name':'f','arguments':'{}'},{'type':"
                        + "'function_call_output','call_id':'c','output':'r'}],'tools':[{'type':"
                        + "'function','name':'f'}]}",
                        INTERLEAVED.replace("'text':'a'", "'text':'hi'") + "}"),
                maps("reasoning of others doesn't", "{'input':[" + hi + ",{'type':'reasoning',"
                        + "'id':'a','summary':[{'type':'summary_text','text':'h'}],"
                        + "'encrypted_content':'x'},{'role':'assistant','content':'b'}," + hi
                        + "]}", "{'messages':[" + hiOut + ",{'role':'assistant','content':"
                        + "[{'type':'text','text':'b'}]}," + hiOut + "]}")
                        .drops("input.reasoning", "input.encrypted_content"),
                maps("settings", "{'max_output_tokens':99,'reasoning':{'effort':'high'}}",
                        "{'max_tokens':99,'output_config':{'effort':'high'}}"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void messagesToConverse(TranslationCase row) throws Exception {
        row.check(ClientFormat.MESSAGES, ProviderFormat.CONVERSE,
                "anthropic.claude-sonnet-4-20250514-v1:0", HI, "'max_tokens':9000");
    }

    static Stream<TranslationCase> messagesToConverse() {
        return Stream.of(
                maps("thoughts stay where they were", INTERLEAVED + "}", "{'messages':[{'role':"
                        + "'user','content':[{'text':'a'}]},{'role':'assistant','content':["
                        + "{'reasoningContent':{'reasoningText':{'text':'h','signature':'s'}}},"
                        + "{'text':'b'},{'reasoningContent':{'reasoningText':{'text':'i',"
                        + "'signature':'t'}}},{'toolUse':{'toolUseId':'c','name':'f','input':{}"
                        + "}}]},{'role':'user','content':[{'toolResult':{'toolUseId':'c',"
                        + "'content':[{'text':'r'}]}}]}]}").changes("tools").drops("tool_choice"),
                maps("a result that is an error, and a breakpoint behind it",
                        "{'messages':[{'role':'user','content':'a'},{'role':'assistant',"
                        + "'content':[{'type':'tool_use','id':'t','name':'f','input':{}}]},"
                        + "{'role':'user','content':[{'type':'tool_result','tool_use_id':'t',"
                        + "'is_error':true,'content':'r','cache_control':{'type':'ephemeral',"
                        + "'ttl':'1h'}}]}]}",
                        "{'messages':[{'role':'user','content':[{'text':'a'}]},{'role':"
                        + "'assistant','content':[{'toolUse':{'toolUseId':'t','name':'f',"
                        + "'input':{}}}]},{'role':'user','content':[{'toolResult':{'toolUseId':"
                        + "'t','content':[{'text':'r'}],'status':'error'}},{'cachePoint':"
                        + "{'type':'default','ttl':'1h'}}]}]}")
                        .changes("tools").drops("tool_choice"),
                maps("a text document", "{'messages':[{'role':'user','content':[{'type':"
                        + "'document','title':'t','source':{'type':'text','media_type':"
                        + "'text/plain','data':'d'}}]}]}",
                        "{'messages':[{'role':'user','content':[{'document':{'format':'txt',"
                        + "'name':'t','source':{'text':'d'}}},{'text':'.'}]}]}"),
                maps("a budget as it is", "{'thinking':{'type':'enabled','budget_tokens':8000}}",
                        "{'inferenceConfig':{'maxTokens':9000},'additionalModelRequestFields':"
                        + "{'thinking':{'type':'enabled','budget_tokens':8000}}}"));
    }
}
