package io.penstock.provider;

import static io.penstock.provider.ChatDialect.Can.*;

import java.util.Set;

/**
 * How a provider's chat completions differ from OpenAI's. Only for requests that are translated: a
 * chat request to a chat provider is relayed as it is.
 *
 * <p><b>Thread:</b> immutable.
 */
public final class ChatDialect {
    /** Somebody's server: what nearly all of them take. */
    public static final ChatDialect COMPATIBLE = of(STREAM_OPTIONS, END_USER, JSON_SCHEMA,
            TEXT_PARTS, SEED, PENALTIES, LOGIT_BIAS, MANY_ANSWERS, PARALLEL_FLAG);

    /** What a dialect may be capable of. */
    public enum Can {
        /** The bound is called {@code max_completion_tokens}. */
        MAX_COMPLETION_TOKENS,
        /** Reasoning models' operator speaks as {@code developer}. */
        DEVELOPER,
        STREAM_OPTIONS, SAFETY_IDENTIFIER, END_USER, JSON_SCHEMA, FILES,
        /** Images have to come with the request. */
        FETCHES_NOTHING,
        /** Content in parts where it is text alone. */
        TEXT_PARTS,
        SEED, RANDOM_SEED, PENALTIES, LOGIT_BIAS, MANY_ANSWERS, MANY_STOPS, TOP_K,
        /** {@code metadata}, {@code store}, {@code service_tier}, caching, moderation and such. */
        ACCOUNT_FIELDS,
        /** {@code reasoning_effort}, whatever the model. */
        NAMED_EFFORT,
        /** {@code reasoning_effort}, where the model is known to think. */
        NAMED_EFFORT_BY_MODEL,
        PARALLEL_FLAG, STRICT_TOOLS,
        /** Goes on from an assistant's last message, as it is or with a flag. */
        PREFILL, PREFIX_FLAG, CONTINUE_FLAGS,
        /** Wants the reasoning of earlier turns back, {@code reasoning_content} with each call. */
        REASONING_BACK,
        /** Takes it back if there is some: {@code reasoning_content} with calls. */
        REASONING_CONTENT_BACK,
        /** Takes it as {@code reasoning} with calls. */
        REASONING_TEXT_BACK,
        /** Takes it as {@code reasoning_details}, signed or encrypted, or {@code reasoning}. */
        REASONING_DETAILS_BACK,
        /** Honours {@code cache_control} of parts of messages. */
        CACHE_CONTROL,
        /** Wants its thought signatures back. */
        SIGNATURES_BACK,
        /** Ids of tool calls have exactly nine letters and digits. */
        IDS_OF_NINE,
        /** Ids of tool calls have at most forty characters. */
        SHORT_IDS
    }

    private final Set<Can> abilities;

    private ChatDialect(Set<Can> abilities) {
        this.abilities = abilities;
    }

    /** One that is capable of these. */
    public static ChatDialect of(Can... abilities) {
        return new ChatDialect(Set.of(abilities));
    }

    public boolean can(Can ability) {
        return abilities.contains(ability);
    }

    @Override
    public String toString() {
        return "ChatDialect" + abilities;
    }
}
