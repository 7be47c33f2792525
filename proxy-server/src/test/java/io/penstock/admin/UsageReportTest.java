package io.penstock.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.caller.Allowance;
import io.penstock.store.Month;
import io.penstock.usage.Ledger;
import io.penstock.usage.LedgerRow;
import org.junit.jupiter.api.Test;

class UsageReportTest {
    private static final int MONTH = Month.parse("2026-11");

    private final UsageReport report = new UsageReport();

    private void add(String caller, String model, long tokens, long nanoDollars) {
        report.add(new LedgerRow(caller, "openai", model, 1, tokens, 0, 0, 0, 0, nanoDollars));
    }

    private String json(Allowance allowance) {
        return report.json(MONTH, id -> id.equals("a") ? allowance : null, Ledger.State.FAILING);
    }

    private static Allowance budget(long tokens, long nanoDollars) {
        return new Allowance(0, Allowance.MINUTE_NANOS, 0, 0, tokens, nanoDollars);
    }

    @Test
    void tellsWhatIsLeftOfABudget() {
        add("a", "m", 30, 1_250_000_000L);
        add("a", "n", 12, 1);

        assertThat(json(budget(100, 2_000_000_000L))).contains("\"budget\":{"
                + "\"tokens_per_month\":100,\"tokens_left\":58,\"dollars_per_month\":2,"
                + "\"dollars_left\":0.749999999}");
        assertThat(json(budget(0, 2_000_000_000L))).contains("\"budget\":{"
                + "\"tokens_per_month\":null,\"tokens_left\":null,\"dollars_per_month\":2,");
    }

    @Test
    void leavesNothingOfABudgetThatIsOverdrawn() {
        add("a", "m", 30, 0);

        assertThat(json(budget(10, 0))).contains("\"tokens_left\":0,");
    }

    @Test
    void tellsOfNoBudgetWhereThereIsNone() {
        add("a", "m", 30, 0);
        add("unknown", "m", 30, 0);

        assertThat(json(Allowance.UNBOUNDED)).doesNotContain("tokens_per_month")
                .endsWith(",\"store\":\"failing\"}");
    }

    @Test
    void tellsTheBudgetOfWhoeverHasUsedNothingYet() {
        report.list("a");

        assertThat(json(budget(10, 0))).contains("{\"id\":\"a\",\"calls\":0,",
                "\"tokens_left\":10,", "\"models\":[]");
    }

    @Test
    void putsWhoUsedMostFirst() {
        add("b", "m", 1, 0);
        add("a", "m", 1, 0);
        add("c", "m", 1, 0);
        add("c", "n", 2, 0);

        assertThat(json(null)).containsSubsequence("\"id\":\"c\"", "\"model\":\"n\"",
                "\"model\":\"m\"", "\"id\":\"a\"", "\"id\":\"b\"");
    }

    @Test
    void listsSomeOfVeryManyAndCountsAll() {
        for (int i = 0; i < UsageReport.MAX_CALLERS + 5; i++) {
            add("caller-" + i, "m", 1, 1);
        }
        for (int i = 0; i < UsageReport.MAX_MODELS + 7; i++) {
            add("a", "model-" + i, 1, 1);
        }
        String json = json(null);

        assertThat(json).contains(",\"omitted_models\":7}", "],\"omitted_callers\":6,\"total\":{"
                + "\"calls\":10112,\"tokens\":10112,", "\"dollars\":0.000010112}");
        assertThat(json.split("\"id\":")).hasSize(UsageReport.MAX_CALLERS + 1);
    }
}
