package io.penstock.config;

import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.Node;

/**
 * A kind of value that a key can have.
 *
 * @param <T> what it is once read
 */
interface Type<T> {
    /** Null when nothing is set there, or when it is a mistake, which was then reported. */
    @Nullable T read(Node node, Place place, Reading reading);

    /** A word or two for the documentation. */
    String label();

    /** The value as one would write it in the file. */
    String format(T value);
}
