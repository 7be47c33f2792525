package io.penstock.config;

import io.penstock.provider.Option;
import io.penstock.provider.Options;
import io.penstock.provider.ProviderType;
import io.penstock.provider.Site;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The options of a provider, held to what its type has declared. */
final class OptionBinder {
    private final Map<String, String> environment;
    private final Problems problems;

    OptionBinder(Map<String, String> environment, Problems problems) {
        this.environment = environment;
        this.problems = problems;
    }

    /** What is said of each, in the file, the environment or the type; null for a mistake. */
    @Nullable Options bind(Section section, ProviderType type) {
        Map<String, OptionsType.Value> said = said(section);
        int before = problems.errorCount();
        List<Option> known = type.options();
        List<String> knownNames = known.stream().map(Option::name).toList();
        said.forEach((name, value) -> {
            if (!knownNames.contains(name)) {
                problems.error(value.place(), "unknown option '" + name + "' of type '"
                        + type.configName() + "', " + Suggestion.among(name, knownNames));
            }
        });
        Map<String, String> texts = new HashMap<>();
        Map<String, Map<String, String>> names = new HashMap<>();
        for (Option option : known) {
            OptionsType.Value value = said.get(option.name());
            if (value != null) {
                add(option, value, texts, names);
            } else if (option.kind() == Option.Kind.TEXT) {
                String otherwise = otherwise(option);
                if (otherwise != null) {
                    texts.put(option.name(), otherwise);
                }
            }
            boolean isThere = texts.containsKey(option.name()) || names.containsKey(option.name());
            if (option.isRequired() && !isThere && value == null) {
                problems.error(section.place(ProviderSchema.OPTIONS).key(option.name()),
                        "missing, type '" + type.configName() + "' needs it, expected "
                                + option.meaning());
            }
        }
        return problems.errorCount() > before ? null : new Options(texts, names);
    }

    private static Map<String, OptionsType.Value> said(Section section) {
        Map<String, OptionsType.Value> said = section.get(ProviderSchema.OPTIONS);
        return said == null ? Map.of() : said;
    }

    private void add(Option option, OptionsType.Value value, Map<String, String> texts,
            Map<String, Map<String, String>> names) {
        boolean isText = option.kind() == Option.Kind.TEXT;
        if (isText && value.text() != null) {
            texts.put(option.name(), value.text());
        } else if (!isText && value.names() != null) {
            names.put(option.name(), value.names());
        } else if (value.text() != null || value.names() != null) {
            problems.error(value.place(), isText ? "unexpected mapping of keys, expected a text"
                    : "unexpected single value, expected a mapping of names");
        }
    }

    private @Nullable String otherwise(Option option) {
        return option.variables().stream()
                .map(variable -> environment.getOrDefault(variable, "").strip())
                .filter(value -> !value.isEmpty()).findFirst().orElse(option.defaultValue());
    }

    /** Whether the type can have a provider there; if not, it was reported where it stands. */
    boolean isFit(Section section, ProviderType type, Site site) {
        try {
            type.check(site);
            return true;
        } catch (IllegalArgumentException e) {
            String said = String.valueOf(e.getMessage());
            int colon = said.indexOf(": ");
            OptionsType.Value value = colon < 0 ? null
                    : said(section).get(said.substring(0, colon));
            if (value == null) {
                return true; // the settings will say so
            }
            problems.error(value.place(), Section.readable(said.substring(colon + 2)));
            return false;
        } catch (RuntimeException | Error e) {
            return true; // as above
        }
    }
}
