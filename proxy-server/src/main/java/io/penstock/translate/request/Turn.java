package io.penstock.translate.request;

import java.util.ArrayList;
import java.util.List;

/** What one side says in a row. The results of tools are among what the user says. */
record Turn(Role role, String path, List<Part> parts) {
    enum Role { SYSTEM, USER, ASSISTANT }

    Turn(Role role, String path) {
        this(role, path, new ArrayList<>());
    }

    boolean is(Role other) {
        return role == other;
    }

    boolean has(Class<? extends Part> kind) {
        for (Part part : parts) {
            if (kind.isInstance(part)) {
                return true;
            }
        }
        return false;
    }

    /** Those of one kind, in order. */
    <T extends Part> List<T> all(Class<T> kind) {
        List<T> found = new ArrayList<>();
        for (Part part : parts) {
            if (kind.isInstance(part)) {
                found.add(kind.cast(part));
            }
        }
        return found;
    }
}
