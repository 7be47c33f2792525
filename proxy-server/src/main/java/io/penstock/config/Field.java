package io.penstock.config;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One key of a section. A constant of the schema: its identity is what it is looked up by.
 *
 * @param <T> what its value is once read
 */
final class Field<T> {
    private final String name;
    private final Type<T> type;
    private final @Nullable T defaultValue;
    private final boolean isRequired;
    private final String meaning;

    private Field(String name, Type<T> type, @Nullable T defaultValue, boolean isRequired,
            String meaning) {
        this.name = name;
        this.type = type;
        this.defaultValue = defaultValue;
        this.isRequired = isRequired;
        this.meaning = meaning;
    }

    /** A key that must be there. */
    static <T> Field<T> required(String name, Type<T> type, String meaning) {
        return new Field<>(name, type, null, true, meaning);
    }

    /** A key that reads as null when it is not there. */
    static <T> Field<T> optional(String name, Type<T> type, String meaning) {
        return new Field<>(name, type, null, false, meaning);
    }

    static <T> Field<T> of(String name, Type<T> type, @Nullable T defaultValue, String meaning) {
        return new Field<>(name, type, defaultValue, false, meaning);
    }

    /** A section that reads as one with nothing set when it is not there. */
    static Field<Section> section(String name, SectionType type, String meaning) {
        return optional(name, type, meaning);
    }

    /** A list that reads as empty when it is not there. */
    static <T> Field<List<T>> list(String name, Type<T> item, String meaning) {
        return of(name, new ListType<>(item, false), List.of(), meaning);
    }

    String name() {
        return name;
    }

    Type<T> type() {
        return type;
    }

    @Nullable T defaultValue() {
        return defaultValue;
    }

    boolean isRequired() {
        return isRequired;
    }

    String meaning() {
        return meaning;
    }
}
