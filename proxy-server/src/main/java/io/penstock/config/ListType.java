package io.penstock.config;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * A list of values of one kind; items that are mistakes are reported and left out.
 *
 * @param needsItem whether an empty list is a mistake
 */
record ListType<T>(Type<T> item, boolean needsItem) implements Type<List<T>> {

    @Override
    public @Nullable List<T> read(Node node, Place place, Reading reading) {
        if (!(node instanceof SequenceNode sequence)) {
            reading.unexpected(node, place, "a list");
            return null;
        }
        int atStart = reading.problems().errorCount();
        List<T> values = new ArrayList<>();
        List<Node> nodes = sequence.getValue();
        if (needsItem && nodes.isEmpty()) {
            reading.problems().error(place, "empty list, expected one item at least");
        }
        for (int i = 0; i < nodes.size(); i++) {
            Place itemPlace = place.item(i).on(nodes.get(i));
            int before = reading.problems().errorCount();
            T value = Reading.isNull(nodes.get(i)) ? null
                    : item.read(nodes.get(i), itemPlace, reading);
            if (value != null) {
                values.add(value);
            } else if (reading.problems().errorCount() == before) {
                reading.problems().error(itemPlace, "empty item, expected a value");
            }
        }
        boolean isMistaken = values.isEmpty() && reading.problems().errorCount() > atStart;
        return isMistaken ? null : List.copyOf(values);
    }

    @Override
    public String label() {
        return item.label() + " list";
    }

    @Override
    public String format(List<T> values) {
        return values.stream().map(item::format).collect(Collectors.joining(", ", "[", "]"));
    }
}
