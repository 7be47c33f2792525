package io.penstock.config;

import io.penstock.provider.ProviderTypes;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/**
 * One reading of a file: what its values may refer to, and where its mistakes go.
 *
 * @param types that providers may be of
 */
record Reading(Map<String, String> environment, Problems problems, ProviderTypes types) {
    private static final Pattern REFERENCE =
            Pattern.compile("\\$\\$\\{|\\$\\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\\})?");

    /**
     * A scalar with its variables filled in.
     *
     * @param shown the text as the file has it: what a variable holds stays out of messages
     */
    record Scalar(String text, String shown, boolean isQuoted, boolean isInterpolated) {}

    /** Null, and a problem, when a variable is not set. */
    @Nullable Scalar scalar(ScalarNode node, Place place) {
        String source = node.getValue();
        boolean quoted = !node.isPlain();
        if (!source.contains("${")) {
            return new Scalar(source, source, quoted, false);
        }
        int before = problems.errorCount();
        String text = REFERENCE.matcher(source).replaceAll(
                reference -> Matcher.quoteReplacement(resolve(reference.group(),
                        reference.group(1), reference.group(2), place)));
        return problems.errorCount() > before ? null : new Scalar(text, source, quoted, true);
    }

    private String resolve(String reference, String name, String fallback, Place place) {
        if (reference.equals("$${")) {
            return "${";
        }
        if (name == null) {
            problems.error(place, "'${' without a variable's name and '}', "
                    + "expected ${NAME} or ${NAME:-default}; $${ stands for itself");
            return "";
        }
        String value = environment.get(name);
        if (fallback != null) {
            return value == null || value.isEmpty() ? fallback : value;
        }
        if (value == null) {
            problems.error(place, "the variable " + name + " is not set, expected it in the "
                    + "environment or .env, or a default as in ${" + name + ":-default}");
            return "";
        }
        return value;
    }

    /** Whether nothing stands there: {@code null}, {@code ~}, or no value at all. */
    static boolean isNull(Node node) {
        return node instanceof ScalarNode scalar && scalar.isPlain()
                && scalar.getTag().equals(Tag.NULL);
    }

    void unexpected(Node node, Place place, String expected) {
        problems.error(place, "unexpected " + kind(node) + ", expected " + expected);
    }

    private static String kind(Node node) {
        if (node instanceof MappingNode) {
            return "mapping of keys";
        }
        return node instanceof SequenceNode ? "list" : "single value";
    }
}
