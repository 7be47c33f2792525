package io.penstock.config;

import io.penstock.provider.Option;
import io.penstock.provider.ProviderType;
import io.penstock.provider.ProviderTypes;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code conf/penstock.schema.json}, written from the schema that the file is read by: what editors
 * complete and underline. It takes a little more than {@code penstock check} does, which also knows
 * what belongs together; it refuses nothing that the check accepts.
 *
 * <p>JSON Schema's draft 7, which every editor has. That draft knows nothing beside a {@code $ref},
 * so only bare values are referred to.
 */
final class SchemaJson {
    private static final Pattern RANGE =
            Pattern.compile("an? (?:integer|number)(?: of (\\S+) or more| from (\\S+) to (\\S+))?");

    /** Any scalar: text may look like a number, or like a switch. */
    private static final List<String> SCALAR = List.of("string", "number", "boolean");

    /** Forms of text, for the types that have one. */
    private static final Map<Type<?>, Map<String, Object>> FORMS = new IdentityHashMap<>();

    static {
        FORMS.put(Types.FLAG, Map.of("type", "boolean"));
        FORMS.put(Types.DURATION, orNumber(Map.of("const", 0),
                "^(\\d{1,9}(us|µs|μs|ms|s|m|h|d)|0)$"));
        FORMS.put(Types.SIZE, orNumber(object("type", "integer", "minimum", 0),
                "^(\\d{1,9} ?(B|KB|MB|GB|KiB|MiB|GiB)|\\d{1,18})$"));
        FORMS.put(Types.ADDRESS, text("^(\\[[0-9A-Fa-f:.%]+\\]|[A-Za-z0-9._-]+):\\d{1,5}$"));
        FORMS.put(Types.URL, text("^[A-Za-z][A-Za-z0-9+.-]*://?\\S+$"));
        FORMS.put(Types.VARIABLE, text("^[A-Za-z_][A-Za-z0-9_]*$"));
        FORMS.put(Types.PROXY, text("^(off|https?://\\S+)$"));
        FORMS.put(Types.LOG_PATH, Map.of("type", SCALAR));
        FORMS.put(RouteSchema.TARGET.type(), text("^[^/]+/.+$"));
        FORMS.put(RouteSchema.AFFINITY.type(),
                text("^(prompt_cache_key|user|header:[A-Za-z0-9-]{1,64})$"));
        FORMS.put(RouteSchema.HEDGE_AFTER.type(), orNumber(Map.of("const", 0),
                "^(p[5-9]\\d|\\d{1,9}(us|µs|μs|ms|s|m|h|d)|0)$"));
        FORMS.put(Schema.REDIS_URL.type(),
                text("^rediss?(-cluster|-sentinel)?://\\S+$"));
    }

    private SchemaJson() {}

    static Map<String, Object> schema() {
        Map<String, Object> schema = object("$schema", "http://json-schema.org/draft-07/schema#",
                "title", "penstock.yaml",
                "description", "The configuration of Penstock. docs/configuration.md says the same "
                        + "in tables; `penstock check` finds what this schema cannot.",
                "definitions", object("variable", object("type", "string",
                        "description", "A value with ${NAME} or ${NAME:-default} in it.",
                        "pattern", "\\$\\{")));
        schema.putAll(section(Schema.ROOT));
        return schema;
    }

    private static Map<String, Object> section(SectionType type) {
        Map<String, Object> properties = object();
        List<String> required = new ArrayList<>();
        for (Field<?> field : type.fields()) {
            properties.put(field.name(), property(field));
            if (field.isRequired()) {
                required.add(field.name());
            }
        }
        Map<String, Object> section = object("type", "object", "properties", properties,
                "additionalProperties", false);
        if (!required.isEmpty()) {
            section.put("required", required);
        }
        return section;
    }

    private static <T> Map<String, Object> property(Field<T> field) {
        Map<String, Object> property = object("description", field.meaning());
        if (field.defaultValue() != null) {
            property.put("default", standard(field));
        }
        Map<String, Object> value = value(field.type());
        if (field.isRequired()) {
            property.putAll(value);
        } else {
            property.put("anyOf", flat(value, Map.of("type", "null")));
        }
        return property;
    }

    /** A value of that type, or what has variables in it where that may stand there. */
    private static Map<String, Object> value(Type<?> type) {
        if (type instanceof SectionType section) {
            Map<String, Object> whole = section(section);
            return section.shorthand() == null ? whole
                    : object("anyOf", flat(value(section.shorthand().type()), whole));
        }
        if (type instanceof ListType<?> list) {
            Map<String, Object> array = object("type", "array", "items", value(list.item()));
            if (list.needsItem()) {
                array.put("minItems", 1);
            }
            return array;
        }
        if (type instanceof MapType<?> map) {
            return object("type", "object", "additionalProperties",
                    object("anyOf", flat(value(map.value()), Map.of("type", "null"))));
        }
        if (type instanceof OptionsType) {
            return options();
        }
        Map<String, Object> form = type instanceof TypeName
                ? object("anyOf", List.of(
                        object("enum", ProviderTypes.BUILT_IN.all().stream()
                                .map(ProviderType::configName).toList()),
                        object("type", "string", "description", "a plugin's type")))
                : scalar((ScalarType<?>) type);
        return object("anyOf", flat(form, Map.of("$ref", "#/definitions/variable")));
    }

    private static Map<String, Object> scalar(ScalarType<?> type) {
        if (FORMS.containsKey(type)) {
            return FORMS.get(type);
        }
        Matcher range = RANGE.matcher(type.expected());
        if (range.matches()) {
            Map<String, Object> number = object("type", type.label());
            String least = range.group(1) == null ? range.group(2) : range.group(1);
            if (least != null) {
                number.put("minimum", Long.parseLong(least));
            }
            if (range.group(3) != null) {
                number.put("maximum", Long.parseLong(range.group(3)));
            }
            return number;
        }
        if (type.expected().startsWith("one of ")) {
            return object("enum", List.of(type.expected().substring("one of ".length())
                    .split(", ")));
        }
        return object("type", SCALAR, "minLength", 1);
    }

    private static Map<String, Object> options() {
        Map<String, Object> known = object();
        for (ProviderType type : ProviderTypes.BUILT_IN.all()) {
            for (Option option : type.options()) {
                known.put(option.name(), object("description",
                        type.configName() + ": " + option.meaning()));
            }
        }
        Map<String, Object> names = object("type", "object", "additionalProperties",
                object("type", SCALAR));
        List<Object> either = new ArrayList<>(List.of(object("type", SCALAR), names,
                object("type", "null")));
        return object("type", "object", "properties", known, "additionalProperties",
                object("anyOf", either));
    }

    private static <T> Object standard(Field<T> field) {
        T value = field.defaultValue();
        return value instanceof Number && !(field.type() == (Object) Types.SIZE)
                || value instanceof Boolean || value instanceof List<?> ? value
                : field.type().format(value);
    }

    /** The alternatives of both, one list deep. */
    @SuppressWarnings("unchecked") // of this class's own making
    private static List<Object> flat(Map<String, Object> value, Map<String, Object> more) {
        List<Object> all = new ArrayList<>(value.keySet().equals(Set.of("anyOf"))
                ? (List<Object>) value.get("anyOf") : List.of(value));
        all.add(more);
        return all;
    }

    private static Map<String, Object> text(String pattern) {
        return object("type", "string", "pattern", pattern);
    }

    private static Map<String, Object> orNumber(Map<String, Object> number, String pattern) {
        return object("anyOf", List.of(text(pattern), number));
    }

    private static Map<String, Object> object(Object... namesAndValues) {
        Map<String, Object> object = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            object.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return object;
    }
}
