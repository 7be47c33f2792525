package io.penstock.config;

import io.penstock.provider.ProviderType;
import io.penstock.upstream.KeySettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** A provider's API keys, from wherever its section says they are. */
final class KeyBinder {
    /** The keys that were found; {@code isLeftOut} when the provider is no use without one. */
    record Bound(List<KeySettings> keys, boolean isLeftOut) {}

    private final Map<String, String> environment;
    private final Problems problems;

    KeyBinder(Map<String, String> environment, Problems problems) {
        this.environment = environment;
        this.problems = problems;
    }

    Bound bind(Section section, String provider, ProviderType type, boolean enabled) {
        List<KeySettings> keys = new ArrayList<>();
        List<Unset> unset = new ArrayList<>();
        boolean isNamed = section.has(ProviderSchema.API_KEY_ENV);
        String variable = isNamed ? section.get(ProviderSchema.API_KEY_ENV)
                : section.has(ProviderSchema.API_KEYS) ? null : type.defaultKeyEnv();
        int before = problems.errorCount();
        if (variable != null) {
            addVariable(section, ProviderSchema.API_KEY_ENV, variable, 1, keys, unset);
        }
        if (!isNamed && type.canDoWithoutKey()) {
            unset.clear();
        }
        for (Section key : section.get(ProviderSchema.API_KEYS)) {
            addPooled(key, keys, unset);
        }
        // A server of one's own may well want no key; the provider's own address does.
        boolean isMoved = section.place(ProviderSchema.BASE_URL).isCommandLine();
        boolean isWanted = !section.has(ProviderSchema.BASE_URL)
                || !isMoved && (isNamed || section.has(ProviderSchema.API_KEYS));
        if (!enabled || !isWanted || problems.errorCount() > before) {
            return new Bound(keys, false);
        }
        boolean isLeftOut = keys.isEmpty() && !unset.isEmpty();
        for (Unset each : unset) {
            problems.warn(each.place(), "the variable " + each.variable() + " is not set, so "
                    + (isLeftOut ? "provider '" + provider + "'" : "this key") + " is left out");
        }
        return new Bound(keys, isLeftOut);
    }

    /** A variable that was to hold a key, and does not. */
    private record Unset(String variable, Place place) {}

    private void addVariable(Section section, Field<String> field, String variable, int weight,
            List<KeySettings> keys, List<Unset> unset) {
        String value = environment.getOrDefault(variable, "").strip();
        if (value.isEmpty()) {
            unset.add(new Unset(variable, section.place(field)));
        } else {
            add(section, field, value, weight, keys);
        }
    }

    private void addPooled(Section key, List<KeySettings> keys, List<Unset> unset) {
        List<Field<?>> sources = Stream.<Field<?>>of(ProviderSchema.KEY_ENV,
                ProviderSchema.KEY_FILE, ProviderSchema.KEY_VALUE).filter(key::has).toList();
        int weight = key.get(ProviderSchema.KEY_WEIGHT);
        if (sources.size() != 1) {
            boolean isMistaken = key.type().fields().stream().anyMatch(key::isMistaken);
            if (!isMistaken) {
                problems.error(key.place(), (sources.isEmpty() ? "no key" : "several keys in one")
                        + ", expected one of env, file, value");
            }
        } else if (key.has(ProviderSchema.KEY_ENV)) {
            addVariable(key, ProviderSchema.KEY_ENV, key.get(ProviderSchema.KEY_ENV), weight, keys,
                    unset);
        } else if (key.has(ProviderSchema.KEY_FILE)) {
            addFile(key, weight, keys);
        } else {
            add(key, ProviderSchema.KEY_VALUE, key.get(ProviderSchema.KEY_VALUE), weight, keys);
        }
    }

    private void addFile(Section key, int weight, List<KeySettings> keys) {
        Path file = key.get(ProviderSchema.KEY_FILE);
        try {
            add(key, ProviderSchema.KEY_FILE, Files.readString(file).strip(), weight, keys);
        } catch (IOException e) {
            problems.error(key.place(ProviderSchema.KEY_FILE),
                    "no file '" + file + "' that can be read, expected one that holds an API key");
        }
    }

    /** Adds a key, or says where it stands that it is none; its text is never shown. */
    private void add(Section section, Field<?> field, String value, int weight,
            List<KeySettings> keys) {
        KeySettings settings = section.build(problems, field, () -> new KeySettings(value, weight));
        if (settings != null) {
            keys.add(settings);
        }
    }
}
