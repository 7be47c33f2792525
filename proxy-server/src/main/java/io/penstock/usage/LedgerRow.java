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
}
