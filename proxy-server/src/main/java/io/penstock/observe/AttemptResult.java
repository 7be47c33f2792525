package io.penstock.observe;

import io.penstock.failure.Fault;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What an attempt came to, as far as its provider is concerned. */
public enum AttemptResult {
    GOOD,
    FAILED,
    /** Ended for a reason that is not the provider's. */
    ABANDONED;

    /** What ends an attempt that its provider would have gone on with. */
    private static final Set<String> NOT_THE_PROVIDERS = Stream.of(Fault.HEDGE_LOST,
            Fault.CALLER_GONE, Fault.BUDGET_SPENT, Fault.SHUTDOWN, Fault.TUNNEL_IDLE,
            Fault.TUNNEL_OVERDUE).map(Fault::code).collect(Collectors.toUnmodifiableSet());

    private final String label = name().toLowerCase(Locale.ROOT);

    /** By an attempt's outcome: a status, or the code of what happened instead. */
    public static AttemptResult of(String outcome) {
        if (Character.isDigit(outcome.charAt(0))) {
            return outcome.charAt(0) < '4' ? GOOD : FAILED;
        }
        return NOT_THE_PROVIDERS.contains(outcome) ? ABANDONED : FAILED;
    }

    /** As metrics call it. */
    String label() {
        return label;
    }
}
