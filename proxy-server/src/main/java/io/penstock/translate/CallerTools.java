package io.penstock.translate;

import io.penstock.translate.CallerTool.Kind;
import java.util.Map;

/**
 * The tools that the provider knows by other names than their caller, or as functions though they
 * are none: what a reply has to be told in, so that the caller finds its own tools called.
 *
 * <p><b>Thread:</b> immutable.
 *
 * @param bySentName the caller's tool by the name that the provider was given
 */
public record CallerTools(Map<String, CallerTool> bySentName) {
    /** Every tool is a function that has the same name on both sides. */
    public static final CallerTools SAME = new CallerTools(Map.of());

    public CallerTools {
        bySentName = Map.copyOf(bySentName);
    }

    /** The tool that a model means by that name; a function of the same name if it has no other. */
    CallerTool called(String sentName) {
        CallerTool tool = bySentName.get(sentName);
        return tool == null ? CallerTool.function(sentName) : tool;
    }

    /** What the caller calls the tool. */
    String name(String sentName) {
        CallerTool tool = bySentName.get(sentName);
        return tool == null ? sentName : tool.name();
    }

    /** How a call of the tool is told. */
    Kind kind(String sentName) {
        CallerTool tool = bySentName.get(sentName);
        return tool == null ? Kind.FUNCTION : tool.kind();
    }

    boolean hasCustom() {
        return bySentName.values().stream().anyMatch(tool -> tool.kind() == Kind.CUSTOM);
    }
}
