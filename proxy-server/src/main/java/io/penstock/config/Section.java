package io.penstock.config;

import java.time.Duration;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.NullUnmarked;
import org.snakeyaml.engine.v2.nodes.Node;

/**
 * One section as it was read: the values of its fields, and where each stands. Whether a value may
 * be null is up to the field, by its default and by what makes it required; no type says so.
 */
@NullUnmarked
final class Section {
    /** What a settings record says of a value that it refuses. */
    private static final Pattern REFUSAL = Pattern.compile("([a-z][a-z0-9_]*): (.*)");
    private static final Pattern EXPECTATION = Pattern.compile(" ?\\((expected: )(.*)\\)$");
    private static final Pattern ISO_DURATION = Pattern.compile("\\bPT[-0-9.HMS]+");

    private enum State { SET, NULL, MISTAKEN }

    private record Entry(Object value, Place place, State state) {}

    private final SectionType type;
    private final Place place;
    private final Map<Field<?>, Entry> entries = new IdentityHashMap<>();

    Section(SectionType type, Place place) {
        this.type = type;
        this.place = place;
    }

    <T> void read(Field<T> field, Node node, Place at, Reading reading) {
        int before = reading.problems().errorCount();
        T value = Reading.isNull(node) ? null : field.type().read(node, at, reading);
        State state = reading.problems().errorCount() > before && value == null ? State.MISTAKEN
                : value == null ? State.NULL : State.SET;
        entries.put(field, new Entry(value, at, state));
    }

    /** Sets what does not come from the file. */
    <T> Section put(Field<T> field, T value, Place at) {
        entries.put(field, new Entry(value, at, State.SET));
        return this;
    }

    /** The field's value, else its default. */
    @SuppressWarnings("unchecked") // read and put see to it that a field has a value of its type
    <T> T get(Field<T> field) {
        Entry entry = entries.get(field);
        return entry == null || entry.value() == null ? field.defaultValue() : (T) entry.value();
    }

    /** The section there, else one with nothing set. */
    Section section(Field<Section> field) {
        Section section = get(field);
        return section != null ? section
                : new Section((SectionType) field.type(), place(field));
    }

    boolean has(Field<?> field) {
        return stands(field, State.SET);
    }

    /** Whether the key is there with no value: {@code null}, which takes the default away. */
    boolean isNull(Field<?> field) {
        return stands(field, State.NULL);
    }

    /** Whether the key is there, but what it says was reported and not understood. */
    boolean isMistaken(Field<?> field) {
        return stands(field, State.MISTAKEN);
    }

    private boolean stands(Field<?> field, State state) {
        Entry entry = entries.get(field);
        return entry != null && entry.state() == state;
    }

    /** Whether every required field has a value. */
    boolean isComplete() {
        return type.fields().stream().allMatch(field -> !field.isRequired() || has(field));
    }

    SectionType type() {
        return type;
    }

    Place place() {
        return place;
    }

    /** Where the key stands, or would stand. */
    Place place(Field<?> field) {
        Entry entry = entries.get(field);
        return entry != null ? entry.place() : place.key(field.name());
    }

    /** A settings record of this section's values; null, and a problem, when it refuses them. */
    <T> T build(Problems problems, Supplier<T> constructor) {
        try {
            return constructor.get();
        } catch (IllegalArgumentException e) {
            Matcher refusal = REFUSAL.matcher(e.getMessage());
            if (refusal.matches()) {
                Field<?> field = type.field(refusal.group(1));
                problems.error(field != null ? place(field) : place.key(refusal.group(1)),
                        readable(refusal.group(2)));
            } else {
                problems.error(place, readable(e.getMessage()));
            }
            return null;
        }
    }

    /** Builds a record all of which comes from one field. */
    <T> T build(Problems problems, Field<?> field, Supplier<T> constructor) {
        try {
            return constructor.get();
        } catch (IllegalArgumentException e) {
            Matcher refusal = REFUSAL.matcher(e.getMessage());
            problems.error(place(field),
                    readable(refusal.matches() ? refusal.group(2) : e.getMessage()));
            return null;
        }
    }

    static String readable(String refusal) {
        String durations = ISO_DURATION.matcher(refusal).replaceAll(
                iso -> Durations.format(Duration.parse(iso.group())));
        Matcher expectation = EXPECTATION.matcher(durations);
        if (!expectation.find()) {
            return durations;
        }
        String wrong = durations.substring(0, expectation.start());
        return (wrong.isEmpty() ? "unexpected value" : wrong) + ", expected "
                + expectation.group(2);
    }
}
