package io.penstock.usage;

/**
 * What one caller used of one provider's model in a month.
 *
 * @param calls that were booked, each an attempt that cost something
 * @param prompt tokens, {@code cached} among them
 * @param completion tokens, {@code reasoning} among them
 * @param estimated tokens of {@code prompt} and {@code completion} that no provider reported
 * @param nanoDollars what they cost, in billionths of a dollar
 */
public record LedgerRow(String caller, String provider, String model, long calls, long prompt,
        long completion, long cached, long reasoning, long estimated, long nanoDollars) {
    /** Prompt and completion together: what budgets count. */
    public long tokens() {
        return Totals.sum(prompt, completion);
    }

    /** The figures of both under the names of this one. */
    public LedgerRow plus(LedgerRow other) {
        return new LedgerRow(caller, provider, model, Totals.sum(calls, other.calls),
                Totals.sum(prompt, other.prompt), Totals.sum(completion, other.completion),
                Totals.sum(cached, other.cached), Totals.sum(reasoning, other.reasoning),
                Totals.sum(estimated, other.estimated),
                Totals.sum(nanoDollars, other.nanoDollars));
    }
}
