package io.penstock.provider;

import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Matcher;
import org.jspecify.annotations.Nullable;

/**
 * What one provider was told under {@code options}, defaults included.
 *
 * <p><b>Thread:</b> immutable. Its text shows no values: there may be secrets among them.
 */
public final class Options {
    public static final Options NONE = new Options(Map.of(), Map.of());

    private final Map<String, String> texts;
    private final Map<String, Map<String, String>> names;

    public Options(Map<String, String> texts, Map<String, Map<String, String>> names) {
        this.texts = Map.copyOf(texts);
        Map<String, Map<String, String>> copies = new TreeMap<>();
        names.forEach((name, values) -> copies.put(name, Map.copyOf(values)));
        this.names = Map.copyOf(copies);
    }

    /** Null if nothing is said. */
    public @Nullable String text(String name) {
        return texts.get(name);
    }

    /** What the names of that option stand for; empty if nothing is said. */
    public Map<String, String> names(String name) {
        return names.getOrDefault(name, Map.of());
    }

    /** A text with the names in braces replaced by their values; null if one has none. */
    public @Nullable String filledIn(@Nullable String template) {
        if (template == null) {
            return null;
        }
        Matcher names = TypeCheck.PLACEHOLDER.matcher(template);
        StringBuilder out = new StringBuilder();
        while (names.find()) {
            String value = texts.get(names.group(1));
            if (value == null) {
                return null;
            }
            names.appendReplacement(out, Matcher.quoteReplacement(value));
        }
        return names.appendTail(out).toString();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Options options && options.texts.equals(texts)
                && options.names.equals(names);
    }

    @Override
    public int hashCode() {
        return Objects.hash(texts, names);
    }

    @Override
    public String toString() {
        return "Options" + new TreeMap<>(texts).keySet() + new TreeMap<>(names).keySet();
    }
}
