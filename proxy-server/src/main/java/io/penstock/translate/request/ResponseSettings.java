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
    /** What stands where an earlier response was named, once its items have been put in place. */
    static final String RESOLVED = "resolved";

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
        copy(body.member(root, "previous_response_id"), RESOLVED, "previous_response_id", "null");
        copy(root, "prompt_cache_key", "null");
        copy(root, "prompt_cache_retention", "null");
        copy(root, "presence_penalty", "0.0");
        copy(root, "frequency_penalty", "0.0");
        name("reasoning");
        object(body.member(root, "reasoning"), "effort", "null", "summary", "null");
        copy(root, "safety_identifier", "null");
        int tier = body.member(root, "service_tier");
        name("service_tier");
        if (tier == NONE || body.text(tier, "service_tier").equals("auto")) {
            out.append("\"default\"");
        } else {
            append(body.any(tier, "service_tier"));
        }
        name("store").append("false"); // nothing is kept that could be fetched again
        copy(root, "temperature", "1.0");
        name("text");
        object(body.member(root, "text"), "format", "{\"type\":\"text\"}", "verbosity",
                "\"medium\"");
        writeToolChoice(body.member(root, "tool_choice"));
        writeTools(body.member(root, "tools"));
        copy(root, "top_logprobs", "0");
        copy(root, "top_p", "1.0");
        name("truncation").append("\"disabled\"");
        copy(root, "user", "null");
        copy(root, "metadata", "{}");
        return out.toString();
    }

    private void writeToolChoice(int choice) throws UntranslatableException {
        name("tool_choice");
        boolean allowed = body.isObject(choice)
                && body.text(choice, "type", "tool_choice").equals("allowed_tools");
        if (allowed) {
            object(choice, "mode", "\"auto\"");
        } else if (choice == NONE) {
            out.append("\"auto\"");
        } else {
            append(body.any(choice, "tool_choice"));
        }
    }

    /** The tools; functions with all members that they have, said or not. */
    private void writeTools(int tools) throws UntranslatableException {
        name("tools").append('[');
        if (tools != NONE) {
            body.elements(tools, "tools", (tool, path) -> {
                out.append(out.charAt(out.length() - 1) == '[' ? "" : ",");
                if (body.text(tool, "type", path).equals("function")) {
                    boolean strict = ResponseTools.isStrict(
                            body.optionalBool(tool, "strict", path),
                            body.optionalObject(tool, "parameters", path));
                    object(tool, "type", "", "name", "null", "description", "null", "parameters",
                            "null", "strict", Boolean.toString(strict));
                } else {
                    append(body.any(tool, path));
                }
            });
        }
        out.append(']');
    }

    /** The name of the next member, behind a comma if it is not the first of its object. */
    private StringBuilder name(String name) {
        boolean first = out.length() == 0 || out.charAt(out.length() - 1) == '{';
        return out.append(first ? "\"" : ",\"").append(name).append("\":");
    }

    private void copy(int object, String name, String otherwise) {
        copy(object, name, name, otherwise);
    }

    private void copy(int object, String name, String shownName, String otherwise) {
        int value = body.member(object, name);
        name(shownName);
        if (value == NONE) {
            out.append(otherwise);
        } else {
            append(body.any(value, name));
        }
    }

    /** An object with all its members, and those that have to be there. */
    private void object(int object, String... required) throws UntranslatableException {
        out.append('{');
        for (int i = 0; i < required.length; i += 2) {
            copy(object, required[i], required[i + 1]);
        }
        if (object != NONE) {
            body.members(object, "", (value, member) -> {
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
