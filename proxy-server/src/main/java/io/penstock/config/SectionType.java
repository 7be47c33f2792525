package io.penstock.config;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;

/** A mapping whose keys are known: reports those that are not, and those that are missing. */
final class SectionType implements Type<Section> {
    private final String label;
    private final Map<String, Field<?>> fields = new LinkedHashMap<>();
    private final @Nullable Field<?> shorthand;

    private SectionType(String label, @Nullable Field<?> shorthand, Field<?>... fields) {
        this.label = label;
        this.shorthand = shorthand;
        for (Field<?> field : fields) {
            this.fields.put(field.name(), field);
        }
    }

    static SectionType of(String label, Field<?>... fields) {
        return new SectionType(label, null, fields);
    }

    /** A section that a single value may stand for: the value of its first field. */
    static SectionType withShorthand(String label, Field<?>... fields) {
        return new SectionType(label, fields[0], fields);
    }

    Collection<Field<?>> fields() {
        return fields.values();
    }

    /** The field whose value alone may stand for the section; null for none. */
    @Nullable Field<?> shorthand() {
        return shorthand;
    }

    @Nullable Field<?> field(String name) {
        return fields.get(name);
    }

    @Override
    public @Nullable Section read(Node node, Place place, Reading reading) {
        Section section = new Section(this, place);
        if (shorthand != null && node instanceof ScalarNode) {
            section.read(shorthand, node, place, reading);
            return section;
        }
        Map<String, Keys.Entry> entries = Keys.read(node, place, reading,
                "a section with the keys " + String.join(", ", fields.keySet()));
        if (entries == null) {
            return null;
        }
        entries.forEach((name, entry) -> {
            Field<?> field = fields.get(name);
            if (field == null) {
                reading.problems().error(entry.place(), "unknown key '" + name + "', "
                        + Suggestion.among(name, fields.keySet()));
            } else {
                section.read(field, entry.value(), entry.place(), reading);
            }
        });
        for (Field<?> field : fields.values()) {
            if (field.isRequired() && !section.has(field) && !section.isMistaken(field)) {
                reading.problems().error(section.place(field),
                        "missing, expected " + field.type().label());
            }
        }
        return section;
    }

    @Override
    public String label() {
        return label;
    }

    @Override
    public String format(Section section) {
        throw new UnsupportedOperationException("a section has no default of its own");
    }
}
