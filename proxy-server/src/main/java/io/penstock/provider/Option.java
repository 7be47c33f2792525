package io.penstock.provider;

/**
 * Something that the providers of a type can be told under {@code options}.
 *
 * @param name lower-case letters, digits and underscores
 * @param kind what its value is
 * @param meaning one sentence, for the documentation and for messages
 * @param isRequired whether it has to be there, from wherever
 * @param defaultValue null for none
 * @param variable the environment variable that counts where the configuration doesn't say it; null
 *     for none
 */
public record Option(String name, Kind kind, String meaning, boolean isRequired,
        String defaultValue, String variable) {
    /** What a value is. */
    public enum Kind { TEXT, NAMES }

    public Option {
        if (!name.matches("[a-z][a-z0-9_]{0,39}")) {
            throw new IllegalArgumentException("option '" + name
                    + "' (expected: lower-case letters, digits and underscores)");
        }
    }

    /** One with a text for a value. */
    public static Option text(String name, String meaning) {
        return new Option(name, Kind.TEXT, meaning, false, null, null);
    }

    /** One whose value says what names stand for: a mapping of texts to texts. */
    public static Option names(String name, String meaning) {
        return new Option(name, Kind.NAMES, meaning, false, null, null);
    }

    /** It has to be there. */
    public Option required() {
        return new Option(name, kind, meaning, true, defaultValue, variable);
    }

    /** It has that value if nothing else is said. */
    public Option or(String value) {
        return new Option(name, kind, meaning, isRequired, value, variable);
    }

    /** It is what that environment variable says, if the configuration doesn't say it. */
    public Option orEnvironment(String name) {
        return new Option(this.name, kind, meaning, isRequired, defaultValue, name);
    }
}
