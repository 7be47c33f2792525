package io.penstock.auth;

import java.util.List;
import java.util.function.Predicate;

/**
 * Who calls, and what they may ask for.
 *
 * @param id names the caller in logs and limits
 * @param models what a model's name has to match, one of them; empty for any name
 */
public record Caller(String id, List<Predicate<String>> models) {
    /** Whoever reaches a proxy that asks for no credential. */
    public static final Caller ANYONE = new Caller("anyone", List.of());

    public boolean mayUse(String model) {
        if (models.isEmpty()) {
            return true;
        }
        for (Predicate<String> allowed : models) {
            if (allowed.test(model)) {
                return true;
            }
        }
        return false;
    }
}
