package io.penstock.config;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/** The keys of one mapping node, those that {@code <<} merges into it included. */
final class Keys {
    /** A key's value, and the place of the key. */
    record Entry(Node value, Place place) {}

    private static final String MERGE = "<<";

    private final Place place;
    private final Reading reading;
    private final Map<String, Entry> entries = new LinkedHashMap<>();
    // A mapping merged twice adds nothing, so neither cycles nor nested aliases cost more.
    private final Set<Node> merged = Collections.newSetFromMap(new IdentityHashMap<>());

    private Keys(Place place, Reading reading) {
        this.place = place;
        this.reading = reading;
    }

    /** Null, and a problem, when the node is no mapping. */
    static @Nullable Map<String, Entry> read(Node node, Place place, Reading reading,
            String expected) {
        if (!(node instanceof MappingNode mapping)) {
            reading.unexpected(node, place, expected);
            return null;
        }
        Keys keys = new Keys(place, reading);
        keys.addOwn(mapping);
        keys.merge(mapping);
        return keys.entries;
    }

    private void addOwn(MappingNode mapping) {
        for (NodeTuple tuple : mapping.getValue()) {
            Node key = tuple.getKeyNode();
            if (!(key instanceof ScalarNode scalar)) {
                reading.unexpected(key, place.on(key), "a name as the key");
            } else if (!isMerge(scalar)) {
                Place keyPlace = place.key(scalar.getValue()).on(key);
                Entry first = entries.putIfAbsent(scalar.getValue(),
                        new Entry(tuple.getValueNode(), keyPlace));
                if (first != null) {
                    reading.problems().error(keyPlace, "duplicate key '" + scalar.getValue()
                            + "', expected it once; it stands on line " + first.place().line()
                            + " already");
                }
            }
        }
    }

    /** Adds what the mapping's {@code <<} keys refer to; what is there already wins. */
    private void merge(MappingNode mapping) {
        if (!merged.add(mapping)) {
            return;
        }
        for (NodeTuple tuple : mapping.getValue()) {
            if (tuple.getKeyNode() instanceof ScalarNode key && isMerge(key)) {
                if (tuple.getValueNode() instanceof SequenceNode several) {
                    several.getValue().forEach(one -> mergeOne(one, key));
                } else {
                    mergeOne(tuple.getValueNode(), key);
                }
            }
        }
    }

    private void mergeOne(Node source, ScalarNode key) {
        if (!(source instanceof MappingNode mapping)) {
            reading.unexpected(source, place.key(MERGE).on(key), "an alias of a mapping");
            return;
        }
        for (NodeTuple tuple : mapping.getValue()) {
            if (tuple.getKeyNode() instanceof ScalarNode name && !isMerge(name)) {
                entries.putIfAbsent(name.getValue(), new Entry(tuple.getValueNode(),
                        place.key(name.getValue()).on(name)));
            }
        }
        merge(mapping);
    }

    private static boolean isMerge(ScalarNode key) {
        return key.isPlain() && key.getValue().equals(MERGE);
    }
}
