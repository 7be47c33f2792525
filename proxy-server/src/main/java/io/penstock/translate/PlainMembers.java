package io.penstock.translate;

import java.io.IOException;
import java.util.Set;

/**
 * Tells whether a reply, or an event of one, holds nothing but what a {@link Turn} keeps, so that
 * another shape of it says the same.
 *
 * <p><b>Thread:</b> immutable.
 */
final class PlainMembers {
    private static final PlainMembers CHAT = new PlainMembers(Set.of("id", "object", "created",
            "model", "usage", "system_fingerprint", "service_tier", "obfuscation"),
            Set.of("choices", "index", "message", "delta", "role", "content", "refusal",
                    "reasoning_content", "tool_calls", "type", "function", "name", "arguments",
                    "finish_reason", "text"),
            Set.of("function"));
    private static final PlainMembers MESSAGES = new PlainMembers(Set.of("id", "model", "usage",
            "input", "caller"),
            Set.of("type", "role", "message", "content", "content_block", "delta", "text",
                    "thinking", "signature", "data", "stop_reason", "stop_sequence", "index",
                    "name", "partial_json"),
            Set.of("message", "message_start", "content_block_start", "content_block_delta",
                    "content_block_stop", "message_delta", "message_stop", "ping", "text",
                    "thinking", "redacted_thinking", "tool_use", "text_delta", "thinking_delta",
                    "signature_delta", "input_json_delta"));
    /** Of the items of its output. */
    private static final PlainMembers RESPONSES = new PlainMembers(Set.of("id"),
            Set.of("type", "status", "role", "content", "text", "refusal", "name", "arguments",
                    "call_id", "summary"),
            Set.of("message", "output_text", "refusal", "function_call", "reasoning",
                    "summary_text"));
    private static final PlainMembers GEMINI = new PlainMembers(Set.of("usageMetadata",
            "modelVersion", "responseId", "createTime", "args", "id"),
            Set.of("candidates", "content", "parts", "text", "thought", "role", "finishReason",
                    "index", "functionCall", "name", "thoughtSignature"),
            Set.of());

    private final Set<String> skipped; // with all that is in them
    private final Set<String> kept;
    private final Set<String> types;

    private PlainMembers(Set<String> skipped, Set<String> kept, Set<String> types) {
        this.skipped = skipped;
        this.kept = kept;
        this.types = types;
    }

    static PlainMembers of(ReplyFormat format) {
        return switch (format) {
            case MESSAGES -> MESSAGES;
            case RESPONSES -> RESPONSES;
            case GEMINI -> GEMINI;
            default -> CHAT;
        };
    }

    /** Whether the value, of which the first token has been read, is nothing else; reads it. */
    boolean areAll(JsonFeed in) throws IOException {
        if (in.isArray()) {
            while (in.nextElement()) {
                if (!areAll(in)) {
                    return false;
                }
            }
        } else if (in.isObject()) {
            while (in.nextMember()) {
                if (!isKept(in)) {
                    return false;
                }
            }
        }
        return true;
    }

    private boolean isKept(JsonFeed in) throws IOException {
        String name = in.name();
        if (skipped.contains(name)) {
            in.skip();
            return true;
        }
        if (!kept.contains(name)) {
            return !in.isTruthy();
        }
        if (name.equals("type")) {
            String type = in.word();
            return type == null || types.contains(type);
        }
        // Parts of a chat's content can be more than text.
        return !(this == CHAT && name.equals("content") && in.isArray()) && areAll(in);
    }
}
