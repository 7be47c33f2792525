package io.penstock.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.Node;

/** Values of one kind under names of the author's own choice. */
record MapType<T>(String keyLabel, Type<T> value) implements Type<Map<String, T>> {

    @Override
    public @Nullable Map<String, T> read(Node node, Place place, Reading reading) {
        Map<String, Keys.Entry> entries = Keys.read(node, place, reading,
                "a section with a key for each " + keyLabel);
        if (entries == null) {
            return null;
        }
        Map<String, T> values = new LinkedHashMap<>();
        entries.forEach((name, entry) -> {
            T read = Reading.isNull(entry.value()) ? null
                    : value.read(entry.value(), entry.place(), reading);
            if (read != null) {
                values.put(name, read);
            }
        });
        return Collections.unmodifiableMap(values);
    }

    @Override
    public String label() {
        return value.label() + " for each " + keyLabel;
    }

    @Override
    public String format(Map<String, T> values) {
        StringBuilder text = new StringBuilder("{");
        values.forEach((name, each) -> text.append(text.length() > 1 ? ", " : "").append(name)
                .append(": ").append(value.format(each)));
        return text.append('}').toString();
    }
}
