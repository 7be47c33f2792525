package io.penstock.translate.request;

import static io.penstock.translate.request.JsonIndex.NONE;

import io.penstock.json.JsonText;
import io.penstock.translate.request.JsonIndex.Kind;
import io.penstock.translate.request.ModelRequest.Value;
import java.nio.charset.StandardCharsets;

/**
 * The settings of a Responses request as its answer repeats them: what was asked for, as it was
 * spelled, or else what holds unasked.
 *
 * <p><b>Bounds:</b> as long as what it repeats of the request; a stream has it three times.
 */
final class ResponseSettings {
    private final TypedBody body;
    private final StringBuilder out = new StringBuilder();

    private ResponseSettings(TypedBody body) {
        this.body = body;
    }

    /** The members of the response object that repeat settings, on one line and without braces. */
    static String of(TypedBody body) throws UntranslatableException {
        return new ResponseSettings(body).write();
    }

    private String write() throws UntranslatableException {
        int root = body.root();
        copy(root, "instructions", "null");
        copy(root, "max_output_tokens", "null");
        copy(root, "max_tool_calls", "null");
        copy(root, "parallel_tool_calls", "true");
        name("previous_response_id").append("null");
        copy(root, "prompt_cache_key", "null");
        nested(body.member(root, "reasoning"), "reasoning", "effort", "null", "summary", "null");
        copy(root, "safety_identifier", "null");
        name("store").append("false"); // nothing is kept that could be fetched again
        copy(root, "temperature", "null");
        nested(body.member(root, "text"), "text", "format", "{\"type\":\"text\"}");
        copy(root, "tool_choice", "\"auto\"");
        copy(root, "tools", "[]");
        copy(root, "top_p", "null");
        name("truncation").append("\"disabled\"");
        copy(root, "user", "null");
        copy(root, "metadata", "{}");
        return out.toString();
    }

    /** The name of the next member, behind a comma if it is not the first of its object. */
    private StringBuilder name(String name) {
        boolean first = out.length() == 0 || out.charAt(out.length() - 1) == '{';
        return out.append(first ? "\"" : ",\"").append(name).append("\":");
    }

    private void copy(int object, String name, String otherwise) {
        int value = body.member(object, name);
        name(name);
        if (value == NONE) {
            out.append(otherwise);
        } else {
            append(body.any(value, name));
        }
    }

    /** An object with all its members, and those that have to be there. */
    private void nested(int object, String name, String... required)
            throws UntranslatableException {
        name(name).append('{');
        for (int i = 0; i < required.length; i += 2) {
            copy(object, required[i], required[i + 1]);
        }
        if (object != NONE) {
            body.members(object, name, (value, member) -> {
                boolean written = false;
                for (int i = 0; i < required.length; i += 2) {
                    written |= required[i].equals(member);
                }
                if (!written) {
                    Value other = body.any(value, member);
                    JsonText.quote(out.append(','), member).append(':');
                    append(other);
                }
            });
        }
        out.append('}');
    }

    /** The value on one line: an event's data has no other. */
    private void append(Value value) {
        Raw raw = value.raw();
        String text = new String(raw.bytes(), raw.start(), raw.length(), StandardCharsets.UTF_8);
        if (value.kind() == Kind.STRING) {
            out.append('"').append(text).append('"'); // no line ends in it, but as escapes
        } else {
            out.append(text.replace('\n', ' ').replace('\r', ' '));
        }
    }
}
