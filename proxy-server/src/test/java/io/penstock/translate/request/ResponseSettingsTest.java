package io.penstock.translate.request;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ResponseSettingsTest {
    private static String settings(String more) throws Exception {
        return TranslationCase.translate(ClientFormat.RESPONSES, ProviderFormat.MESSAGES,
                JsonTree.quoted("{'model':'m','input':'hi'" + more + "}"),
                TranslationOptions.of("claude-sonnet-4-6", true), 0).responseSettings();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '^', value = {
        "'instructions':null | instructions | null",
        "'instructions':'S \\u00e9 \\\"' | instructions | 'S \\u00e9 \\\"'",
        "'max_output_tokens':99 | max_output_tokens | 99",
        "'metadata':{'k':'v'} | metadata | {'k':'v'}",
        "'parallel_tool_calls':false | parallel_tool_calls | false",
        "'user':'u' | parallel_tool_calls | true",
        "'reasoning':{'effort':'low'} | reasoning | {'effort':'low','summary':null}",
        "'reasoning':{'summary':'auto','x':1.0} | reasoning "
            + "| {'effort':null,'summary':'auto','x':1.0}",
        "'store':true | store | false",
        "'temperature':0.50 | temperature | 0.50",
        "'text':{'verbosity':'low'} | text | {'format':{'type':'text'},'verbosity':'low'}",
        "'user':'u' | text | {'format':{'type':'text'},'verbosity':'medium'}",
        "'user':'u' | temperature | 1.0",
        "'user':'u' | top_p | 1.0",
        "'user':'u' | top_logprobs | 0",
        "'top_logprobs':3 | top_logprobs | 3",
        "'user':'u' | presence_penalty | 0.0",
        "'frequency_penalty':0.5 | frequency_penalty | 0.5",
        "'user':'u' | service_tier | 'default'",
        "'service_tier':'auto' | service_tier | 'default'",
        "'service_tier':'flex' | service_tier | 'flex'",
        "'previous_response_id':{'resolved':'resp_1'} | previous_response_id | 'resp_1'",
        "'tools':[{'type':'function','name':'f','parameters':{'a':1.0}}],'tool_choice':"
            + "{'type':'function','name':'f'} | tool_choice | {'type':'function','name':'f'}",
        "'tools':[{'type':'function','name':'f'}] | tools | [{'type':'function','name':'f',"
            + "'description':null,'parameters':null,'strict':false}]",
        "'tools':[{'type':'function','name':'f','strict':true,'parameters':{'a':1.0},"
            + "'defer_loading':true},{'type':'web_search'}] | tools | [{'type':'function',"
            + "'name':'f','description':null,'parameters':{'a':1.0},'strict':true,"
            + "'defer_loading':true},{'type':'web_search'}]",
        "'tools':[{'type':'function','name':'f'}],'tool_choice':{'type':'allowed_tools','tools':"
            + "[{'type':'function','name':'f'}]} | tool_choice | {'mode':'auto','type':"
            + "'allowed_tools','tools':[{'type':'function','name':'f'}]}",
        "'truncation':'auto' | truncation | 'disabled'"})
    void areRepeatedAsTheyWereSpelled(String said, String name, String repeated)
            throws Exception {
        Map<String, Object> all = JsonTree.object("{" + settings("," + said) + "}");

        assertThat(all).containsEntry(name, JsonTree.of(JsonTree.quoted(repeated)));
        assertThat(all).containsKeys("instructions", "max_output_tokens", "parallel_tool_calls",
                "previous_response_id", "reasoning", "store", "temperature", "text",
                "tool_choice", "tools", "top_p", "truncation", "user", "metadata",
                "max_tool_calls", "prompt_cache_key", "prompt_cache_retention",
                "presence_penalty", "frequency_penalty", "safety_identifier", "service_tier",
                "top_logprobs");
    }

    @ParameterizedTest
    @EnumSource(names = {"CHAT", "COMPLETIONS"})
    void areNoneOfAnotherFormat(ClientFormat from) throws Exception {
        assertThat(TranslationCase.translate(from, ProviderFormat.MESSAGES, JsonTree.quoted(
                "{'model':'m','prompt':'hi','messages':[{'role':'user','content':'hi'}]}"),
                TranslationOptions.of("claude-sonnet-4-6", true), 0).responseSettings()).isNull();
    }

    /** A request may be spread over lines; an event's data may not. */
    @ParameterizedTest
    @CsvSource({"'\n'", "'\r\n'", "'\r'"})
    void areOnOneLine(String end) throws Exception {
        String spread = settings(",'metadata':{" + end + "'k':" + end + "'v'},'text':{" + end
                + "'verbosity':" + end + "'low'}");

        assertThat(spread).doesNotContain("\n").doesNotContain("\r");
        assertThat(JsonTree.object("{" + spread + "}")).containsEntry("metadata",
                Map.of("k", "v"));
    }
}
