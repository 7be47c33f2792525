package io.penstock.translate;

import org.jspecify.annotations.Nullable;

/**
 * A tool as its caller knows it.
 *
 * @param namespace the group of tools that it is a member of
 */
public record CallerTool(@Nullable String namespace, String name, Kind kind) {
    /** How a call of the tool is told to its caller. */
    public enum Kind {
        /** With arguments that are a JSON object. */
        FUNCTION,
        /** With a free text, which the provider was asked to put into an object. */
        CUSTOM,
        /** As a search for further tools, which the caller runs. */
        SEARCH
    }

    /** A function outside of any namespace. */
    public static CallerTool function(String name) {
        return new CallerTool(null, name, Kind.FUNCTION);
    }
}
