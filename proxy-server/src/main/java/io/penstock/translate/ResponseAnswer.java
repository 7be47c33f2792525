package io.penstock.translate;

import java.util.List;

/**
 * An answer to a Responses caller, as far as later requests may refer to it.
 *
 * <p><b>Thread:</b> immutable; nobody writes into its arrays.
 */
public record ResponseAnswer(String id, List<Item> items) {
    /** An output item: its id, and the JSON that a request may hold in its stead. */
    public record Item(String id, byte[] json) {}

    public ResponseAnswer {
        items = List.copyOf(items);
    }
}
