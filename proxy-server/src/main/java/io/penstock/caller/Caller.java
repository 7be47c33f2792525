package io.penstock.caller;

import java.util.List;
import java.util.function.Predicate;

/**
 * Who calls, what they may ask for, and how much of it.
 *
 * @param id whom usage and budgets are booked for, and what logs say: the id of an API key, {@code
 *     jwt:} and a token's subject, {@code anonymous}
 * @param account whose rates count: the id, but {@code ip:} and the address where there is no
 *     credential
 * @param models what a model's name has to match, one of them; empty for any name
 */
public record Caller(String id, String account, List<Predicate<String>> models,
        Allowance allowance) implements Authentication {
    /** The beginning of a token holder's id, before the token's subject. */
    public static final String TOKEN_PREFIX = "jwt:";

    /** The id that all callers share who show no credential where that is allowed. */
    public static final String ANONYMOUS = "anonymous";

    /** Any caller of a proxy that asks for no credential. */
    public static final Caller ANYONE =
            new Caller("anyone", "anyone", List.of(), Allowance.UNBOUNDED);

    public boolean mayUse(String model) {
        return models.isEmpty() || isAnyOf(models, model);
    }

    /** Whether that name passes one of the tests. */
    public static boolean isAnyOf(List<Predicate<String>> models, String model) {
        for (Predicate<String> allowed : models) {
            if (allowed.test(model)) {
                return true;
            }
        }
        return false;
    }
}
