package io.penstock.usage;

/**
 * The {@code budget} section.
 *
 * @param enforce what a spent budget brings about
 * @param onStoreFailure what becomes of callers with a budget while usage can't be written down
 */
public record BudgetSettings(Enforce enforce, OnStoreFailure onStoreFailure) {
    public static final BudgetSettings DEFAULT =
            new BudgetSettings(Enforce.REJECT, OnStoreFailure.CONTINUE);

    public enum Enforce {
        /** Running streams end as well. */
        CUT,
        /** The next call is refused. */
        REJECT
    }

    public enum OnStoreFailure {
        /** Calls continue, counted in memory. */
        CONTINUE,
        /** Their calls are refused. */
        REJECT
    }
}
