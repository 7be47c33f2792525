package io.penstock.cli;

import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The answer of {@code /admin/usage} as a table for people. */
final class UsageTable {
    private static final String[] HEAD =
            {"caller", "calls", "prompt", "completion", "cached", "dollars", "left"};
    private static final int MAX_DIGITS = 30; // of what can be a figure here

    private final Map<?, ?> answer;

    private UsageTable(Map<?, ?> answer) {
        this.answer = answer;
    }

    /** Reads the answer; throws when it is no JSON object. */
    static UsageTable parse(String body) throws IOException {
        return new UsageTable(JsonTree.object(body));
    }

    /** What an error object says. */
    String error(int status) {
        return answer.get("error") instanceof Map<?, ?> error && error.get("message") != null
                ? error.get("message").toString() : "the admin port answered with " + status;
    }

    /** What is wrong with the store; null if nothing is. */
    @Nullable String warning() {
        return switch (String.valueOf(answer.get("store"))) {
            case "failing" -> "the store fails: what is used now is lost if the proxy ends";
            case "memory" -> "the proxy has no store: what was used is lost when it ends";
            default -> null;
        };
    }

    /** The table; {@code key} is whom it was asked for, null for all. */
    String text(@Nullable String key) throws IOException {
        if (!(answer.get("callers") instanceof List<?> callers)
                || !(answer.get("total") instanceof Map<?, ?> total)) {
            throw new IOException("no usage");
        }
        String month = String.valueOf(answer.get("month"));
        if (callers.isEmpty()) {
            return key == null ? "Nothing was used in " + month + ".\n"
                    : "'" + key + "' used nothing in " + month + ".\n";
        }
        List<String[]> rows = new ArrayList<>();
        rows.add(HEAD);
        for (Object each : callers) {
            if (!(each instanceof Map<?, ?> caller)) {
                throw new IOException("no usage");
            }
            rows.add(row(printable(String.valueOf(caller.get("id"))), caller));
        }
        if (answer.get("omitted_callers") != null) {
            rows.add(new String[] {"… and " + number(answer.get("omitted_callers")) + " more", "",
                "", "", "", "", ""});
        }
        if (callers.size() > 1) {
            rows.add(row("total", total));
        }
        return month + " (UTC)\n" + aligned(rows);
    }

    private static String[] row(String name, Map<?, ?> figures) {
        return new String[] {name, number(figures.get("calls")),
            number(figures.get("prompt_tokens")), number(figures.get("completion_tokens")),
            number(figures.get("cached_tokens")), number(figures.get("dollars")),
            left(figures.get("budget"))};
    }

    private static String left(@Nullable Object budget) {
        List<String> parts = new ArrayList<>();
        if (budget instanceof Map<?, ?> limits) {
            if (limits.get("tokens_left") != null) {
                parts.add(number(limits.get("tokens_left")) + " tokens");
            }
            if (limits.get("dollars_left") != null) {
                parts.add("$" + number(limits.get("dollars_left")));
            }
        }
        return parts.isEmpty() ? "-" : String.join(", ", parts);
    }

    private static String number(@Nullable Object value) {
        if (!(value instanceof BigDecimal number)
                || Math.abs((long) number.scale()) > MAX_DIGITS) {
            return "-";
        }
        return String.format(Locale.ROOT, "%,." + Math.max(0, number.scale()) + "f", number);
    }

    /** No caller's name may move the cursor of a terminal. */
    private static String printable(String text) {
        return text.replaceAll("[\\p{Cc}\\p{Cf}]", "?");
    }

    private static String aligned(List<String[]> rows) {
        int[] widths = new int[HEAD.length];
        for (String[] row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row[i].length());
            }
        }
        StringBuilder out = new StringBuilder();
        for (String[] row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                String blank = " ".repeat(widths[i] - row[i].length());
                line.append(i == 0 ? "" : "  ").append(i == 0 ? row[i] + blank : blank + row[i]);
            }
            out.append(line.toString().stripTrailing()).append('\n');
        }
        return out.toString();
    }
}
