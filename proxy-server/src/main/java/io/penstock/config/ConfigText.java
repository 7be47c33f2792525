package io.penstock.config;

import io.penstock.json.JsonText;
import io.penstock.upstream.ProviderSettings;
import io.penstock.upstream.TimeoutSettings;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A configuration as it was understood, as YAML: what flags and environment brought is in it,
 * defaults are written out, and secrets are not.
 */
final class ConfigText {
    private static final String MASK = "\"****\"";
    private static final Pattern PLAIN =
            Pattern.compile("[A-Za-z_./][A-Za-z0-9_./-]*|\\d+(\\.\\d+)?[A-Za-z]+");
    private static final Set<String> RESERVED = Set.of("null", "true", "false", "yes", "no", "on",
            "off", ".", "..");
    private static final Pattern QUERY_VALUE = Pattern.compile("([?&][^=&#]*=)[^&#]+");

    /** Sections that mean something by being there; their defaults count only then. */
    private static final Set<Field<?>> ONLY_IF_THERE = Set.of(Schema.LISTEN_TLS, AuthSchema.JWT,
            RouteSchema.HEDGE, RouteSchema.CACHE, RouteSchema.TARGET_TIMEOUTS);

    private final StringBuilder out = new StringBuilder(4096);

    private ConfigText() {}

    /** The text of a configuration whose parts are all in {@code root}. */
    static String of(Section root) {
        ConfigText text = new ConfigText();
        text.section(root, "", "");
        return text.out.toString();
    }

    /** The sections of those providers that are in force, with what their types brought. */
    static List<Section> providers(List<Section> sections, List<ProviderSettings> settings) {
        List<Section> inForce = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (Section section : sections) {
            ProviderSettings provider = settings.stream()
                    .filter(each -> each.name().equals(section.get(ProviderSchema.NAME)))
                    .findFirst().orElse(null);
            if (provider != null && names.add(provider.name())) {
                Place place = section.place();
                section.put(ProviderSchema.TYPE, provider.type(), place)
                        .put(ProviderSchema.BASE_URL, provider.baseUrl(), place);
                String usual = provider.type().defaultKeyEnv();
                if (usual != null && !provider.keys().isEmpty()
                        && section.get(ProviderSchema.API_KEYS).isEmpty()
                        && !section.has(ProviderSchema.API_KEY_ENV)) {
                    section.put(ProviderSchema.API_KEY_ENV, usual, place);
                }
                section.put(ProviderSchema.TIMEOUTS, timeouts(provider.timeouts(), place), place);
                inForce.add(section);
            }
        }
        return inForce;
    }

    private static Section timeouts(TimeoutSettings of, Place place) {
        return new Section(ProviderSchema.TIMEOUTS_TYPE, place)
                .put(ProviderSchema.CONNECT, of.connect(), place)
                .put(ProviderSchema.HANDSHAKE, of.tls(), place)
                .put(ProviderSchema.HEAD, of.head(), place)
                .put(ProviderSchema.FIRST_CONTENT, of.firstContent(), place)
                .put(ProviderSchema.GAP, of.gap(), place)
                .put(ProviderSchema.TOTAL, of.total(), place);
    }

    /** Writes each key; {@code first} stands before the first of them, {@code indent} else. */
    private void section(Section section, String first, String indent) {
        String before = first;
        for (Field<?> field : section.type().fields()) {
            out.append(before).append(field.name()).append(':');
            field(section, field, indent);
            before = indent;
        }
    }

    private void field(Section section, Field<?> field, String indent) {
        if (section.isNull(field)) {
            out.append(" null\n");
        } else if (field.type() instanceof SectionType type) {
            Section nested = (Section) section.get(field);
            if (nested == null && ONLY_IF_THERE.contains(field)) {
                out.append(" null\n");
            } else {
                String deeper = indent + "  ";
                out.append('\n');
                section(nested == null ? new Section(type, section.place(field)) : nested, deeper,
                        deeper);
            }
        } else {
            value(field.type(), section.get(field), indent);
        }
    }

    private void value(Type<?> type, @Nullable Object value, String indent) {
        if (value == null) {
            out.append(" null\n");
        } else if (value instanceof Section section) {
            out.append('\n');
            section(section, indent + "  ", indent + "  ");
        } else if (value instanceof List<?> items && type instanceof ListType<?> list) {
            items(list.item(), items, indent);
        } else if (type instanceof OptionsType) {
            options((Map<?, ?>) value, indent);
        } else if (value instanceof Map<?, ?> map && type instanceof MapType<?> named) {
            out.append(map.isEmpty() ? " {}\n" : "\n");
            map.forEach((name, each) -> {
                out.append(indent).append("  ").append(scalar((String) name)).append(':');
                value(named.value(), each, indent + "  ");
            });
        } else {
            out.append(' ').append(format(type, value)).append('\n');
        }
    }

    private void items(Type<?> type, List<?> items, String indent) {
        if (items.isEmpty()) {
            out.append(" []\n");
            return;
        }
        out.append('\n');
        for (Object item : items) {
            if (item instanceof Section section) {
                section(section, indent + "  - ", indent + "    ");
            } else {
                out.append(indent).append("  - ").append(format(type, item)).append('\n');
            }
        }
    }

    /** What the type does with them is not known here, so any text may be a secret. */
    private void options(Map<?, ?> options, String indent) {
        out.append(options.isEmpty() ? " {}\n" : "\n");
        options.forEach((name, value) -> {
            out.append(indent).append("  ").append(scalar((String) name)).append(':');
            Map<String, String> names = ((OptionsType.Value) value).names();
            out.append(names == null ? " " + MASK + "\n" : "\n");
            if (names != null) {
                names.forEach((key, text) -> out.append(indent).append("    ")
                        .append(scalar(key)).append(": ").append(scalar(text)).append('\n'));
            }
        });
    }

    @SuppressWarnings("unchecked") // a field's value is of its type
    private static <T> String format(Type<T> type, Object value) {
        String text = type.format((T) value);
        boolean isBare = type instanceof ScalarType<?> scalar && scalar.isBare();
        return isBare ? text : scalar(QUERY_VALUE.matcher(text).replaceAll("$1****"));
    }

    private static String scalar(String text) {
        return PLAIN.matcher(text).matches() && !RESERVED.contains(text) ? text
                : JsonText.quote(new StringBuilder(), text).toString();
    }
}
