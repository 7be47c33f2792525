package io.penstock.translate;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** What the chat format and the older completions share. */
final class OpenAiWords {
    private OpenAiWords() {}

    /** An ASCII literal. */
    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** The members with which every chunk and every body begins, up to the answers. */
    static void head(ReplyBytes out, ReplyLoop loop, ReplyOptions options, String object,
            String idPrefix, @Nullable String id, @Nullable String model, long createdSeconds) {
        out.put("{\"id\":").quoted(id == null ? loop.newId(idPrefix) : id)
                .put(",\"object\":\"").put(object)
                .put("\",\"created\":")
                .number(createdSeconds > 0 ? createdSeconds : loop.epochSeconds())
                .put(",\"model\":").quoted(options.shown(model))
                .put(",\"choices\":[");
    }

    static void usage(ReplyBytes out, ReplyUsage usage) {
        out.put("{\"prompt_tokens\":").number(usage.prompt())
                .put(",\"completion_tokens\":").number(usage.completion())
                .put(",\"total_tokens\":").number(usage.total())
                .put(",\"prompt_tokens_details\":{\"cached_tokens\":").number(usage.cached())
                .put(",\"cache_write_tokens\":").number(usage.cacheWrite())
                .put("},\"completion_tokens_details\":{\"reasoning_tokens\":")
                .number(usage.reasoning()).put("}}");
    }
}
