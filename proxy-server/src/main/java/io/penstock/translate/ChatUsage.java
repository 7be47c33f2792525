package io.penstock.translate;

import java.io.IOException;

/**
 * The usage object of the chat format, and of all who imitate it. May come again and again: the
 * last word counts, member by member.
 */
final class ChatUsage {
    private long prompt = -1;
    private long completion = -1;
    private long total = -1;
    private long cached = -1;
    private long cacheWrite = -1;
    private long reasoning = -1;

    /** Reads an object that has been entered; whether it counts anything. */
    boolean read(JsonFeed in) throws IOException {
        total = -1;
        boolean any = false;
        while (in.nextMember()) {
            switch (in.name()) {
                case "prompt_tokens" -> {
                    prompt = newer(prompt, in.count());
                    any = true;
                }
                case "completion_tokens" -> {
                    completion = newer(completion, in.count());
                    any = true;
                }
                case "total_tokens" -> total = in.count();
                case "prompt_cache_hit_tokens" -> cached = newer(cached, in.count());
                case "prompt_tokens_details", "completion_tokens_details" -> readDetails(in);
                default -> in.skip();
            }
        }
        return any;
    }

    private void readDetails(JsonFeed in) throws IOException {
        if (in.enterObject()) {
            while (in.nextMember()) {
                switch (in.name()) {
                    case "cached_tokens" -> cached = newer(cached, in.count());
                    case "cache_write_tokens" -> cacheWrite = newer(cacheWrite, in.count());
                    case "reasoning_tokens" -> reasoning = newer(reasoning, in.count());
                    default -> in.skip();
                }
            }
        }
    }

    /**
     * What has been counted. Some leave reasoning out of the completion, but not out of the total.
     */
    ReplyUsage total() {
        long in = Math.max(0, prompt);
        long out = Math.max(Math.max(0, completion), total - in);
        return new ReplyUsage(in, out, Math.max(0, cached), Math.max(0, cacheWrite),
                Math.max(0, reasoning));
    }

    /** The later count; the earlier one if the later is none. */
    static long newer(long earlier, long later) {
        return later < 0 ? earlier : later;
    }
}
