package io.penstock.observe;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The names that have figures of their own; all others share those of {@link #OTHER}, so that no
 * caller can make figures without end.
 *
 * <p><b>Thread:</b> safe; a known name is looked up without a lock.
 * <br><b>Bounds:</b> as many names as it was made for, of {@value #MAX_LENGTH} characters each.
 */
final class BoundedNames {
    static final String OTHER = "other";
    static final int MAX_LENGTH = 200;

    private final Set<String> known = ConcurrentHashMap.newKeySet();
    private final AtomicInteger room;

    BoundedNames(int max) {
        room = new AtomicInteger(max);
    }

    /** The name itself if there is room for it, or was; else {@link #OTHER}. */
    String of(String name) {
        if (known.contains(name)) {
            return name;
        }
        if (name.length() > MAX_LENGTH || room.get() <= 0) {
            return OTHER;
        }
        if (room.decrementAndGet() < 0) {
            room.incrementAndGet();
            return OTHER;
        }
        if (!known.add(name)) {
            room.incrementAndGet(); // another loop was faster
        }
        return name;
    }
}
