package io.penstock.mock;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Which members a JSON text has, at any depth, and of what type; items of an array count as one.
 *
 * @param types by path; null where only null was seen
 */
record Shape(Map<String, String> types) {

    /** One event of a stream; {@code name} is its data's type, or empty. */
    record Event(String name, Object data) {}

    static Shape of(Object... values) {
        Map<String, String> types = new TreeMap<>();
        for (Object value : values) {
            add(types, "", value);
        }
        return new Shape(types);
    }

    static Object parse(String json) throws IOException {
        return Json.parse(json.getBytes(StandardCharsets.UTF_8));
    }

    /** The bytes of a sample in {@code fixtures}. */
    static String fixture(String name) throws IOException {
        try (var in = Shape.class.getResourceAsStream("/fixtures/" + name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** The events of a stream, its end marker among them as a text. */
    static List<Event> events(String sse) throws IOException {
        List<Event> events = new ArrayList<>();
        for (String event : sse.split("\r?\n\r?\n")) {
            String name = "";
            Object data = null;
            for (String line : event.split("\r?\n")) {
                if (line.startsWith("data: ")) {
                    String text = line.substring("data: ".length());
                    data = text.startsWith("{") ? parse(text) : text;
                }
                if (line.startsWith("event: ")) {
                    name = line.substring("event: ".length());
                }
            }
            if (data != null) {
                events.add(new Event(name, data));
            }
        }
        return events;
    }

    /** The names in their order, runs of one as one. */
    static List<String> course(List<Event> events) {
        List<String> course = new ArrayList<>();
        for (Event event : events) {
            if (course.isEmpty() || !course.get(course.size() - 1).equals(event.name())) {
                course.add(event.name());
            }
        }
        return course;
    }

    /** The shapes of all events of each name. */
    static Map<String, Shape> byName(List<Event> events) {
        Map<String, Shape> shapes = new TreeMap<>();
        for (Event event : events) {
            add(shapes.computeIfAbsent(event.name(), name -> new Shape(new TreeMap<>())).types,
                    "", event.data());
        }
        return shapes;
    }

    /** Whether both have the same members and types, all but those under {@code ignored} paths. */
    void assertSame(Shape other, String... ignored) {
        Set<String> mine = new TreeSet<>(types.keySet());
        Set<String> others = new TreeSet<>(other.types.keySet());
        for (String path : ignored) {
            mine.removeIf(each -> each.startsWith(path));
            others.removeIf(each -> each.startsWith(path));
        }
        assertThat(mine).isEqualTo(others);
        for (String path : mine) {
            String type = types.get(path);
            String otherType = other.types.get(path);
            if (type != null && otherType != null) {
                assertThat(type).as(path).isEqualTo(otherType);
            }
        }
    }

    private static void add(Map<String, String> types, String path, Object value) {
        if (value instanceof Map<?, ?> members) {
            types.put(path, "object");
            members.forEach((name, each) -> add(types, path + "." + name, each));
        } else if (value instanceof List<?> items) {
            types.put(path, "array");
            items.forEach(each -> add(types, path + "[]", each));
        } else if (value == null) {
            types.putIfAbsent(path, null);
        } else {
            types.put(path, value instanceof Json ? "number" : value.getClass().getSimpleName());
        }
    }
}
