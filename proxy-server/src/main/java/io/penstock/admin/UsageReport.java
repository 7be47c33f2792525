package io.penstock.admin;

import io.penstock.caller.Allowance;
import io.penstock.json.JsonText;
import io.penstock.store.Month;
import io.penstock.usage.Ledger;
import io.penstock.usage.LedgerRow;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/**
 * Rows of the ledger, summed up by caller, as JSON; who used most comes first.
 *
 * <p><b>Thread:</b> confined to the one that makes it.
 * <br><b>Bounds:</b> {@value #MAX_CALLERS} callers with {@value #MAX_MODELS} models each; the sums
 * count the others, too, and {@code omitted_callers} and {@code omitted_models} say how many.
 */
final class UsageReport {
    static final int MAX_CALLERS = 10_000;
    static final int MAX_MODELS = 100;
    private static final int NANO_DIGITS = 9;

    private final Map<String, Use> callers = new HashMap<>();
    private final Use total = new Use("");

    /** What one caller used, or all did. */
    private static final class Use {
        final String id;
        final List<LedgerRow> rows = new ArrayList<>();
        LedgerRow sum = new LedgerRow("", "", "", 0, 0, 0, 0, 0, 0, 0);

        Use(String id) {
            this.id = id;
        }

        long tokens() {
            return sum.tokens();
        }

        void add(LedgerRow row) {
            sum = sum.plus(row);
        }
    }

    void add(LedgerRow row) {
        Use use = use(row.caller());
        use.rows.add(row);
        use.add(row);
        total.add(row);
    }

    /** Lists a caller even if there is no row of theirs. */
    void list(String caller) {
        use(caller);
    }

    private Use use(String caller) {
        return callers.computeIfAbsent(caller, Use::new);
    }

    String json(int month, Function<String, Allowance> allowances, Ledger.State state) {
        List<Use> sorted = callers.values().stream()
                .sorted(Comparator.comparingLong(Use::tokens).reversed()
                        .thenComparing(use -> use.id))
                .limit(MAX_CALLERS).toList();
        StringBuilder out = new StringBuilder("{\"month\":\"").append(Month.text(month))
                .append("\",\"callers\":[");
        for (Use use : sorted) {
            out.append(out.charAt(out.length() - 1) == '[' ? "" : ",");
            caller(out, use, allowances.apply(use.id));
        }
        out.append(']');
        omitted(out, "omitted_callers", callers.size() - sorted.size());
        figures(out.append(",\"total\":{"), total.sum);
        return out.append("},\"store\":\"").append(state.name().toLowerCase(Locale.ROOT))
                .append("\"}").toString();
    }

    private static void caller(StringBuilder out, Use use, Allowance allowance) {
        JsonText.quote(out.append("{\"id\":"), use.id).append(',');
        figures(out, use.sum);
        budget(out.append(",\"budget\":"), use.sum, allowance);
        limits(out, allowance);
        List<LedgerRow> rows = use.rows.stream()
                .sorted(Comparator.comparingLong(LedgerRow::tokens).reversed()
                        .thenComparing(LedgerRow::provider).thenComparing(LedgerRow::model))
                .limit(MAX_MODELS).toList();
        out.append(",\"models\":[");
        for (LedgerRow row : rows) {
            out.append(out.charAt(out.length() - 1) == '[' ? "" : ",");
            JsonText.quote(out.append("{\"provider\":"), row.provider());
            JsonText.quote(out.append(",\"model\":"), row.model()).append(',');
            figures(out, row);
            out.append('}');
        }
        out.append(']');
        omitted(out, "omitted_models", use.rows.size() - rows.size());
        out.append('}');
    }

    private static void omitted(StringBuilder out, String name, int count) {
        if (count > 0) {
            out.append(",\"").append(name).append("\":").append(count);
        }
    }

    private static void figures(StringBuilder out, LedgerRow row) {
        out.append("\"calls\":").append(row.calls())
                .append(",\"tokens\":").append(row.tokens())
                .append(",\"prompt_tokens\":").append(row.prompt())
                .append(",\"completion_tokens\":").append(row.completion())
                .append(",\"cached_tokens\":").append(row.cached())
                .append(",\"reasoning_tokens\":").append(row.reasoning())
                .append(",\"estimated_tokens\":").append(row.estimated())
                .append(",\"dollars\":").append(dollars(row.nanoDollars()));
    }

    private static void budget(StringBuilder out, LedgerRow used, Allowance allowance) {
        if (allowance == null || !allowance.hasBudget()) {
            out.append("null");
            return;
        }
        long tokens = allowance.tokensPerMonth();
        long nanoDollars = allowance.nanoDollarsPerMonth();
        out.append("{\"tokens_per_month\":").append(tokens == 0 ? "null" : tokens)
                .append(",\"tokens_left\":")
                .append(tokens == 0 ? "null" : Math.max(0, tokens - used.tokens()))
                .append(",\"dollars_per_month\":")
                .append(nanoDollars == 0 ? "null" : dollars(nanoDollars))
                .append(",\"dollars_left\":")
                .append(nanoDollars == 0 ? "null"
                        : dollars(Math.max(0, nanoDollars - used.nanoDollars())))
                .append('}');
    }

    private static void limits(StringBuilder out, Allowance allowance) {
        if (allowance == null || allowance.requests() == 0 && allowance.tokensPerMinute() == 0
                && allowance.concurrent() == 0) {
            return;
        }
        out.append(",\"limits\":{\"requests\":").append(orNull(allowance.requests()))
                .append(",\"request_window_seconds\":")
                .append(allowance.requests() == 0 ? "null" : BigDecimal.valueOf(
                        allowance.requestWindowNanos(), NANO_DIGITS).stripTrailingZeros()
                        .toPlainString())
                .append(",\"tokens_per_minute\":").append(orNull(allowance.tokensPerMinute()))
                .append(",\"concurrent\":").append(orNull(allowance.concurrent())).append('}');
    }

    private static String orNull(long bound) {
        return bound == 0 ? "null" : Long.toString(bound);
    }

    /** Decimal, with as many digits as there are. */
    private static String dollars(long nanoDollars) {
        return BigDecimal.valueOf(nanoDollars, NANO_DIGITS).stripTrailingZeros().toPlainString();
    }
}
