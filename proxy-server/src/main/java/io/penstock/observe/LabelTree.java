package io.penstock.observe;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The figures of one metric on one event loop, by the values of its labels: a level a label. A tree
 * rather than a map by all labels together, since a look-up then makes no key.
 *
 * <p><b>Thread:</b> grown by one event loop, which takes no lock for it; read by any thread.
 * <br><b>Bounds:</b> the values that labels have: names go through {@link BoundedNames}.
 */
final class LabelTree<T> {
    private final Supplier<T> leaves;
    private final Map<String, LabelTree<T>> branches = new ConcurrentHashMap<>(4);
    private volatile @Nullable T leaf; // null where nothing has been counted

    LabelTree(Supplier<T> leaves) {
        this.leaves = leaves;
    }

    /** The branch of that value of the next label. */
    LabelTree<T> at(String value) {
        LabelTree<T> branch = branches.get(value);
        if (branch == null) {
            branch = new LabelTree<>(leaves);
            branches.put(value, branch);
        }
        return branch;
    }

    /** The figure of the labels so far. */
    T leaf() {
        T here = leaf;
        if (here == null) {
            here = leaves.get();
            leaf = here;
        }
        return here;
    }

    /** Gives each figure with the values of its labels. */
    void forEach(BiConsumer<List<String>, T> action) {
        forEach(List.of(), action);
    }

    private void forEach(List<String> values, BiConsumer<List<String>, T> action) {
        T here = leaf;
        if (here != null) {
            action.accept(values, here);
        }
        branches.forEach((value, branch) -> {
            List<String> longer = new ArrayList<>(values);
            longer.add(value);
            branch.forEach(List.copyOf(longer), action);
        });
    }
}
