package io.penstock.config;

import java.util.List;

/** Settings to start from, and what their author should know about them, in the file's order. */
public record Loaded(Settings settings, List<Problem> warnings) {
    public Loaded {
        warnings = List.copyOf(warnings);
    }
}
