package io.penstock.provider;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Something that the providers of a type can be told under {@code options}.
 *
 * @param name lower-case letters, digits and underscores
 * @param kind what its value is
 * @param meaning one sentence, for the documentation and for messages
 * @param isRequired whether it has to be there, from wherever
 * @param variables the environment variables that count where the configuration doesn't say it, the
 *     first that is set
 */
public record Option(String name, Kind kind, String meaning, boolean isRequired,
        @Nullable String defaultValue, List<String> variables) {
    /** What a value is. */
    public enum Kind { TEXT, NAMES }

    public Option {
        variables = List.copyOf(variables);
        if (!name.matches("[a-z][a-z0-9_]{0,39}")) {
            throw new IllegalArgumentException("option '" + name
                    + "' (expected: lower-case letters, digits and underscores)");
        }
    }

    /** One with a text for a value. */
    public static Option text(String name, String meaning) {
        return new Option(name, Kind.TEXT, meaning, false, null, List.of());
    }

    /** One whose value says what names stand for: a mapping of texts to texts. */
    public static Option names(String name, String meaning) {
        return new Option(name, Kind.NAMES, meaning, false, null, List.of());
    }

    /** It has to be there. */
    public Option required() {
        return new Option(name, kind, meaning, true, defaultValue, variables);
    }

    /** It has that value if nothing else is said. */
    public Option or(String value) {
        return new Option(name, kind, meaning, isRequired, value, variables);
    }

    /** It is what the first of these environment variables says, if nothing else does. */
    public Option orEnvironment(String... names) {
        return new Option(name, kind, meaning, isRequired, defaultValue, List.of(names));
    }
}
