package io.penstock.config;

import java.util.Collections;
import java.util.HashMap;
import java.util.Map;

/** The variables that a configuration may refer to. */
public final class Environment {
    private Environment() {}

    /** Both together; the real environment wins over {@code .env}, even where it is empty. */
    public static Map<String, String> of(Map<String, String> real, Map<String, String> dotEnv) {
        Map<String, String> merged = new HashMap<>(dotEnv);
        merged.putAll(real);
        return Collections.unmodifiableMap(merged);
    }
}
