package io.penstock.config;

import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;

/**
 * A kind of single value.
 *
 * @param label for the documentation
 * @param expected what messages say was expected
 * @param isBare whether quotes make it another kind of value, as they do with numbers
 * @param isSecret whether its text stays out of messages
 * @param parser null for a text that is no such value
 * @param shown what messages show of a text that isn't secret
 */
record ScalarType<T>(String label, String expected, boolean isBare, boolean isSecret,
        Function<String, T> parser, UnaryOperator<String> shown, Function<T, String> formatter)
        implements Type<T> {

    /** One whose texts messages show as they are. */
    ScalarType(String label, String expected, boolean isBare, boolean isSecret,
            Function<String, T> parser, Function<T, String> formatter) {
        this(label, expected, isBare, isSecret, parser, UnaryOperator.identity(), formatter);
    }

    @Override
    public @Nullable T read(Node node, Place place, Reading reading) {
        if (!(node instanceof ScalarNode scalarNode)) {
            reading.unexpected(node, place, expected);
            return null;
        }
        Reading.Scalar scalar = reading.scalar(scalarNode, place);
        if (scalar == null || scalar.text().isEmpty() && scalar.isInterpolated()) {
            return null; // ${X:-} is how a value is left to the environment, or to nobody
        }
        boolean isMisquoted = isBare && scalar.isQuoted() && !scalar.isInterpolated();
        T value = isMisquoted ? null : parser.apply(scalar.text());
        if (value == null) {
            reading.problems().error(place, wrong(scalar) + ", expected " + expected);
        }
        return value;
    }

    private String wrong(Reading.Scalar scalar) {
        if (isSecret && !scalar.isInterpolated()) {
            return "unexpected value";
        }
        String quote = scalar.isQuoted() ? "\"" : "'";
        return "unexpected value " + quote + shown.apply(scalar.shown()) + quote;
    }

    @Override
    public String format(T value) {
        return formatter.apply(value);
    }
}
