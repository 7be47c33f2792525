package io.penstock.upstream;

/**
 * One key of a provider's pool; {@code weight} is its share of the calls, relative to the others.
 */
public record KeySettings(String value, int weight) {
    public KeySettings {
        if (value == null || value.isBlank()) {
            throw new IllegalArgumentException("value: empty (expected: the provider's API key)");
        }
        if (value.chars().anyMatch(c -> c <= ' ' || c >= 0x7f)) {
            throw new IllegalArgumentException(
                    "value: has a blank or a character outside ASCII (expected: a bare API key)");
        }
        if (weight < 1) {
            throw new IllegalArgumentException("weight: " + weight + " (expected: >= 1)");
        }
    }

    /** The key as logs and pages may show it: its last four characters at most. */
    public String masked() {
        return value.length() < 12 ? "****" : "****" + value.substring(value.length() - 4);
    }

    @Override
    public String toString() {
        return "KeySettings[value=" + masked() + ", weight=" + weight + "]";
    }
}
