package io.penstock.provider;

import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a provider's chat completions refuse of a request that others of the same format take, so
 * that a request written for one provider can go on to another. Only what tunes an answer is taken
 * out; a field without which the answer would be another one stays, for the provider to judge.
 *
 * <p><b>Thread:</b> immutable.
 *
 * @param removed fields of the request that are taken out
 * @param removedIfEmpty those that are taken out where they ask for nothing: null, false, 0, 1 for
 *     {@code n}, an empty list, object or text
 * @param renamed fields that have another name here; the old one is taken out where both are there
 * @param removedOfMessages members of messages that are taken out
 * @param developer whether messages may have the role {@code developer}; else they become the
 *     {@code system}'s
 * @param ids what ids of tool calls have to look like
 * @param boundByModel whether models that think refuse {@code max_tokens}, and take {@code
 *     max_completion_tokens}
 */
public record RelayRules(Set<String> removed, Set<String> removedIfEmpty,
        Map<String, String> renamed, Set<String> removedOfMessages, boolean developer, Ids ids,
        boolean boundByModel) {
    /** What ids of tool calls have to look like. */
    public enum Ids {
        ANY,
        /** At most forty characters. */
        FORTY,
        /** Exactly nine letters and digits. */
        NINE
    }

    /** All is relayed as it is. */
    public static final RelayRules NONE = new RelayRules(Set.of(), Set.of(), Map.of(), Set.of(),
            true, Ids.ANY, false);

    /** Rules that change nothing, for servers without the role {@code developer}. */
    static final RelayRules NARROW = new RelayRules(Set.of(), Set.of(), Map.of(), Set.of(),
            false, Ids.ANY, false);

    /** For servers that know the older name of the bound alone. */
    static final Map<String, String> SHORT_BOUND = Map.of("max_completion_tokens", "max_tokens");

    /** Fields of an OpenAI account, or of its newest models, that tune and that others lack. */
    static final Set<String> OF_OPENAI = Set.of("store", "metadata", "safety_identifier",
            "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options", "moderation",
            "service_tier", "verbosity");

    /** What other servers take beyond OpenAI's fields, and OpenAI refuses by name. */
    static final Set<String> OF_OTHERS = Set.of("top_k", "top_a", "min_p", "min_tokens",
            "repetition_penalty", "length_penalty", "safe_prompt", "prompt_mode",
            "include_reasoning", "reasoning_format", "disable_tool_validation", "transforms",
            "ignore_eos", "skip_special_tokens", "spaces_between_special_tokens", "priority",
            "cache_salt", "chat_template_kwargs", "add_generation_prompt",
            "perf_metrics_in_response",
            "prompt_truncate_len", "context_length_exceeded_behavior", "safety_model");

    static final Set<String> OF_OTHERS_THAN_GROQ = without(OF_OTHERS,
            Set.of("include_reasoning", "reasoning_format", "disable_tool_validation"));

    /** What asks for nothing by itself. */
    static final Set<String> EMPTY = Set.of("logprobs", "top_logprobs", "logit_bias", "n",
            "audio", "functions", "function_call", "web_search_options", "prediction", "user",
            "reasoning_effort", "parallel_tool_calls", "stream_options", "seed", "stop");

    /** What assistants' messages may have got at another provider. */
    static final Set<String> REASONING = Set.of("reasoning", "reasoning_content",
            "reasoning_details", "thinking_blocks", "provider_specific_fields", "extra_content");

    RelayRules removing(Set<String> names) {
        return new RelayRules(both(removed, names), removedIfEmpty, renamed, removedOfMessages,
                developer, ids, boundByModel);
    }

    RelayRules keeping(Set<String> names) {
        return new RelayRules(without(removed, names), removedIfEmpty, renamed, removedOfMessages,
                developer, ids, boundByModel);
    }

    RelayRules removingIfEmpty(Set<String> names) {
        return new RelayRules(removed, both(removedIfEmpty, names), renamed, removedOfMessages,
                developer, ids, boundByModel);
    }

    RelayRules renaming(Map<String, String> names) {
        return new RelayRules(removed, removedIfEmpty, names, removedOfMessages, developer, ids,
                boundByModel);
    }

    RelayRules removingOfMessages(Set<String> names) {
        return new RelayRules(removed, removedIfEmpty, renamed, both(removedOfMessages, names),
                developer, ids, boundByModel);
    }

    RelayRules withIds(Ids like) {
        return new RelayRules(removed, removedIfEmpty, renamed, removedOfMessages, developer, like,
                boundByModel);
    }

    RelayRules bindingByModel() {
        return new RelayRules(removed, removedIfEmpty, renamed, removedOfMessages, developer, ids,
                true);
    }

    private static Set<String> both(Set<String> some, Set<String> others) {
        return Stream.concat(some.stream(), others.stream())
                .collect(Collectors.toUnmodifiableSet());
    }

    private static Set<String> without(Set<String> all, Set<String> some) {
        return all.stream().filter(name -> !some.contains(name))
                .collect(Collectors.toUnmodifiableSet());
    }

    /** Whether there is nothing to do for any request. */
    public boolean isNothing() {
        return equals(NONE);
    }
}
