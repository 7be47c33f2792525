package io.penstock.config;

import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The one list of what the schema takes and this version does not act on. A part that arrives takes
 * its line out of the static block below, and nothing else.
 */
final class Notices {
    static final String NO_EFFECT = "has no effect in this version";

    private record Notice<T>(Predicate<T> applies) {
        boolean appliesTo(Section section, Field<T> field) {
            return section.has(field) && applies.test(section.get(field));
        }
    }

    private static final Map<Field<?>, Notice<?>> NOTICES = new IdentityHashMap<>();
    private static final List<String> IGNORED_VARIABLES = List.of();

    static {
        noEffect(Schema.POSTHOG, posthog -> posthog.has(Schema.POSTHOG_HOST));
    }

    private Notices() {}

    private static <T> void noEffect(Field<T> field, Predicate<T> applies) {
        NOTICES.put(field, new Notice<>(applies));
    }

    /** What the documentation adds to the field's meaning; null when it works. */
    static @Nullable String of(Field<?> field) {
        return NOTICES.containsKey(field) ? NO_EFFECT : null;
    }

    /** Reports what is set in the file and would be ignored. */
    static void check(Section section, Problems problems) {
        for (Field<?> field : section.type().fields()) {
            check(section, field, problems);
            Object value = section.get(field);
            if (value instanceof Section nested) {
                check(nested, problems);
            } else if (value instanceof List<?> items) {
                for (Object item : items) {
                    if (item instanceof Section nested) {
                        check(nested, problems);
                    }
                }
            }
        }
    }

    @SuppressWarnings("unchecked") // a field is put together with a notice of its own type
    private static <T> void check(Section section, Field<T> field, Problems problems) {
        Notice<T> notice = (Notice<T>) NOTICES.get(field);
        if (notice != null && notice.appliesTo(section, field)) {
            problems.warn(section.place(field), NO_EFFECT);
        }
    }

    /** Reports variables of the environment that would be ignored. */
    static void check(Map<String, String> environment, Problems problems) {
        for (String variable : IGNORED_VARIABLES) {
            if (!environment.getOrDefault(variable, "").isEmpty()) {
                problems.warn(Place.environment(variable), NO_EFFECT);
            }
        }
    }
}
