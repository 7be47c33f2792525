package io.penstock.translate.request;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * What did not come through a translation as the caller wrote it: named, never silently lost.
 *
 * <p><b>Bounds:</b> {@value #MAX_NAMES} names of each kind, {@value #MAX_NAME_CHARS} characters a
 * name: they go into a header, and the caller chooses them.
 */
final class Notes {
    static final int MAX_NAMES = 32;
    static final int MAX_NAME_CHARS = 64;
    private static final String MORE = "...";

    private final Set<String> dropped = new LinkedHashSet<>();
    private final Set<String> changed = new LinkedHashSet<>();

    /** The provider has no word for the field, and goes without. */
    void drop(String path) {
        add(dropped, path);
    }

    /** The provider gets another value than the caller's. */
    void change(String path) {
        add(changed, path);
    }

    private static void add(Set<String> names, String path) {
        names.add(names.size() < MAX_NAMES ? printable(path) : MORE);
    }

    List<String> dropped() {
        return List.copyOf(dropped);
    }

    List<String> changed() {
        return List.copyOf(changed);
    }

    /** The path with nothing in it that a header could not hold. */
    static String printable(String path) {
        int length = Math.min(path.length(), MAX_NAME_CHARS);
        StringBuilder out = new StringBuilder(length);
        for (int i = 0; i < length; i++) {
            char c = path.charAt(i);
            out.append(c > ' ' && c < 0x7f && c != ',' ? c : '?');
        }
        return out.toString();
    }
}
