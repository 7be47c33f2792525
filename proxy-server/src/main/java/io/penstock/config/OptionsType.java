package io.penstock.config;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;

/**
 * A section whose keys are for a provider's type to know: each a text, or a mapping of texts. What
 * is wrong with them is said once the type is known.
 */
final class OptionsType implements Type<Map<String, OptionsType.Value>> {
    /** One of both; {@code text} and {@code names} are null where it is the other, or a mistake. */
    record Value(Place place, @Nullable String text, @Nullable Map<String, String> names) {
        @Override
        public String toString() {
            return "Value[" + place + "]"; // there may be a secret in it
        }
    }

    private static final Type<String> TEXT = Types.SECRET;
    private static final Type<Map<String, String>> NAMES = new MapType<>("name", Types.TEXT);

    @Override
    public @Nullable Map<String, Value> read(Node node, Place place, Reading reading) {
        Map<String, Keys.Entry> entries = Keys.read(node, place, reading,
                "a section with the options of the provider's type");
        if (entries == null) {
            return null;
        }
        Map<String, Value> values = new LinkedHashMap<>();
        entries.forEach((name, entry) -> {
            Node value = entry.value();
            boolean isMapping = value instanceof MappingNode;
            int before = reading.problems().errorCount();
            String text = isMapping || Reading.isNull(value) ? null
                    : TEXT.read(value, entry.place(), reading);
            Map<String, String> names =
                    isMapping ? NAMES.read(value, entry.place(), reading) : null;
            if (text != null || names != null || reading.problems().errorCount() > before) {
                values.put(name, new Value(entry.place(), text, names));
            }
        });
        return values;
    }

    @Override
    public String label() {
        return "section";
    }

    @Override
    public String format(Map<String, Value> values) {
        throw new UnsupportedOperationException("options have no default of their own");
    }
}
