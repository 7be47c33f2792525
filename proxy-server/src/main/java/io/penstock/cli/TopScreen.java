package io.penstock.cli;

import java.io.IOException;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What {@code penstock top} shows: the feed's last figures as lines of text.
 *
 * <p><b>Thread:</b> confined to the one that reads the feed.
 * <br><b>Bounds:</b> {@value #MAX_FINISHED} exchanges and {@value #MAX_RATES} rates are kept.
 */
final class TopScreen {
    static final int MAX_FINISHED = 100;
    static final int MAX_RATES = 300;

    private static final String BARS = "▁▂▃▄▅▆▇█";
    private static final String UNKNOWN = "–";
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss");
    private static final String[] PROVIDER_HEAD = {"PROVIDER", "BREAKER", "CALLS/S", "FAILED",
        "IN FLIGHT", "WAITING", "KEYS", "P50", "P99"};
    private static final int LEFT_COLUMNS = 2; // the others are figures
    private static final int MAX_NAME = 24;

    private final String address;
    private final ZoneId zone;
    private final Deque<Map<?, ?>> finished = new ArrayDeque<>(); // the newest first
    private final Deque<Double> rates = new ArrayDeque<>();
    private @Nullable Map<?, ?> overview; // null until the feed has told

    /** A colour of the terminal; by its escape code. */
    enum Tone {
        PLAIN(""), BOLD("1"), FAINT("2"), GOOD("32"), WARN("33"), BAD("31");

        private final String code;

        Tone(String code) {
            this.code = code;
        }

        /** The text in that tone, and plain again behind it. */
        String of(String text, boolean colours) {
            return !colours || this == PLAIN ? text : "\u001b[" + code + "m" + text + "\u001b[0m";
        }
    }

    /** A part of a line. */
    private record Part(String text, Tone tone) {}

    TopScreen(String address, ZoneId zone) {
        this.address = address;
        this.zone = zone;
    }

    /** Takes an event of the feed. */
    void onEvent(String name, String data) throws IOException {
        switch (name) {
            case "overview" -> {
                overview = JsonTree.object(data);
                addRate(overview.get("requests_per_second"));
            }
            case "history" -> {
                rates.clear();
                for (Object point : list(JsonTree.object(data), "points")) {
                    addRate(((List<?>) point).get(1));
                }
            }
            case "finished" -> list(JsonTree.object(data), "exchanges").forEach(each -> {
                finished.addFirst((Map<?, ?>) each);
                if (finished.size() > MAX_FINISHED) {
                    finished.removeLast();
                }
            });
            default -> { } // of use to the web console only
        }
    }

    private void addRate(@Nullable Object rate) {
        if (rate instanceof BigDecimal number) {
            rates.addLast(number.doubleValue());
            if (rates.size() > MAX_RATES) {
                rates.removeFirst();
            }
        }
    }

    /** Whether the feed has told how fast things go, which takes it two texts. */
    boolean isComplete() {
        return overview != null && overview.get("requests_per_second") != null;
    }

    /** The screen; as many lines as fit, none of them longer than that. */
    List<String> lines(int columns, int rows, boolean colours, String state) {
        List<List<Part>> lines = new ArrayList<>();
        Map<?, ?> now = overview;
        if (now == null) {
            lines.add(List.of(new Part("Waiting for " + address, Tone.FAINT)));
        } else {
            head(lines, now, state);
            figures(lines, now, columns);
            providers(lines, now);
            errors(lines, now);
            exchanges(lines, rows - lines.size());
        }
        return lines.stream().limit(Math.max(1, rows))
                .map(each -> cut(each, columns, colours)).toList();
    }

    private void head(List<List<Part>> lines, Map<?, ?> now, String state) {
        boolean ready = "true".equals(String.valueOf(now.get("ready")));
        String word = !state.isEmpty() ? state : ready ? "live" : "draining";
        lines.add(List.of(new Part("Penstock " + now.get("version"), Tone.BOLD),
                new Part("  up " + duration(now.get("uptime_seconds")) + "  ", Tone.PLAIN),
                new Part(word, !state.isEmpty() ? Tone.BAD : ready ? Tone.GOOD : Tone.WARN),
                new Part("  " + address, Tone.FAINT)));
        lines.add(List.of());
    }

    private void figures(List<List<Part>> lines, Map<?, ?> now, int columns) {
        boolean failing = positive(now.get("errors_per_second"));
        lines.add(List.of(new Part("Requests/s ", Tone.FAINT),
                new Part(rate(now.get("requests_per_second")), Tone.BOLD),
                new Part("   open ", Tone.FAINT), new Part(count(now.get("open")), Tone.BOLD),
                new Part("   queued ", Tone.FAINT), new Part(count(now.get("queued")),
                        positive(now.get("queued")) ? Tone.WARN : Tone.PLAIN),
                new Part("   errors/s ", Tone.FAINT), new Part(
                        rate(now.get("errors_per_second")), failing ? Tone.WARN : Tone.PLAIN),
                new Part("   failovers/s ", Tone.FAINT),
                new Part(rate(now.get("failovers_per_second")), Tone.PLAIN),
                new Part("   tokens/s ", Tone.FAINT),
                new Part(rate(now.get("tokens_per_second")), Tone.PLAIN)));
        lines.add(percentiles("First content ", now.get("ttft_ms")));
        lines.add(percentiles("Latency       ", now.get("latency_ms")));
        lines.add(List.of(new Part(bars(Math.max(1, columns)), Tone.GOOD)));
        lines.add(List.of());
    }

    private static List<Part> percentiles(String name, @Nullable Object value) {
        Map<?, ?> times = value instanceof Map<?, ?> known ? known : Map.of();
        return List.of(new Part(name, Tone.FAINT),
                new Part("p50 ", Tone.FAINT), new Part(millis(times.get("p50")), Tone.BOLD),
                new Part("   p90 ", Tone.FAINT), new Part(millis(times.get("p90")), Tone.PLAIN),
                new Part("   p99 ", Tone.FAINT), new Part(millis(times.get("p99")), Tone.PLAIN));
    }

    /** Requests per second over time, a character each second. */
    private String bars(int columns) {
        List<Double> shown = rates.stream().skip(Math.max(0, rates.size() - columns)).toList();
        double most = shown.stream().mapToDouble(Double::doubleValue).max().orElse(0);
        StringBuilder out = new StringBuilder();
        for (double each : shown) {
            int step = most == 0 ? 0
                    : (int) Math.min(BARS.length() - 1.0, each / most * BARS.length());
            out.append(BARS.charAt(step));
        }
        return out.toString();
    }

    private static void providers(List<List<Part>> lines, Map<?, ?> now) {
        List<String[]> rows = new ArrayList<>();
        rows.add(PROVIDER_HEAD);
        List<Tone> tones = new ArrayList<>(List.of(Tone.FAINT));
        for (Object each : list(now, "providers")) {
            Map<?, ?> one = (Map<?, ?>) each;
            boolean enabled = "true".equals(String.valueOf(one.get("enabled")));
            String breaker = enabled ? String.valueOf(one.get("breaker")) : "disabled";
            tones.add(!enabled ? Tone.FAINT : breaker.equals("open") ? Tone.BAD
                    : breaker.equals("half_open") ? Tone.WARN : Tone.PLAIN);
            rows.add(new String[] {name(one.get("name")), breaker.replace('_', ' '),
                rate(one.get("attempts_per_second")),
                percent(one.get("failed_per_second"), one.get("attempts_per_second")),
                count(one.get("in_flight")), count(one.get("waiting")), keys(one),
                millis(one.get("ttft_p50_ms")), millis(one.get("ttft_p99_ms"))});
        }
        int[] widths = new int[PROVIDER_HEAD.length];
        for (String[] row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row[i].length());
            }
        }
        for (int i = 0; i < rows.size(); i++) {
            lines.add(List.of(new Part(aligned(rows.get(i), widths), tones.get(i))));
        }
        lines.add(List.of());
    }

    private static String aligned(String[] row, int[] widths) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < row.length; i++) {
            String blank = " ".repeat(widths[i] - row[i].length());
            out.append(i == 0 ? "" : "  ")
                    .append(i < LEFT_COLUMNS ? row[i] + blank : blank + row[i]);
        }
        return out.toString();
    }

    private static String keys(Map<?, ?> provider) {
        BigDecimal all = number(provider.get("keys"));
        BigDecimal resting = number(provider.get("keys_resting"));
        return all == null || resting == null || all.signum() == 0 ? UNKNOWN
                : all.subtract(resting) + "/" + all;
    }

    private static void errors(List<List<Part>> lines, Map<?, ?> now) {
        if (!(now.get("outcomes") instanceof Map<?, ?> outcomes)) {
            return;
        }
        List<Part> parts = new ArrayList<>();
        outcomes.entrySet().stream().filter(each -> !"ok".equals(each.getKey()))
                .sorted(Comparator.comparing(
                        (Map.Entry<?, ?> each) -> (BigDecimal) each.getValue()).reversed())
                .forEach(each -> {
                    parts.add(new Part(String.valueOf(each.getKey()).replace('_', ' ') + " ",
                            Tone.PLAIN));
                    parts.add(new Part(count(each.getValue()) + "   ", Tone.WARN));
                });
        if (!parts.isEmpty()) {
            parts.add(0, new Part("ERRORS  ", Tone.FAINT));
            lines.add(parts);
            lines.add(List.of());
        }
    }

    private void exchanges(List<List<Part>> lines, int room) {
        if (room < 2 || finished.isEmpty()) {
            return;
        }
        lines.add(List.of(new Part("EXCHANGES", Tone.FAINT)));
        finished.stream().limit(room - 1L).forEach(each -> {
            BigDecimal status = number(each.get("status"));
            int code = status == null ? 0 : status.intValue();
            long tried = list(each, "attempts").stream().filter(one ->
                    !"skipped".equals(((Map<?, ?>) one).get("why"))).count();
            lines.add(List.of(new Part(time(each.get("ended_at")) + "  ", Tone.FAINT),
                    new Part(code + "  ", code >= 500 ? Tone.BAD : code >= 400 ? Tone.WARN
                            : Tone.GOOD),
                    new Part(String.format(Locale.ROOT, "%-" + MAX_NAME + "s ",
                            name(each.get("model"))), Tone.PLAIN),
                    new Part(String.format(Locale.ROOT, "%-" + MAX_NAME + "s ",
                            name(each.get("provider"))), Tone.FAINT),
                    new Part(String.format(Locale.ROOT, "%9s", millis(each.get("ms"))),
                            Tone.PLAIN),
                    new Part(tried > 1 ? "  " + tried + " attempts" : "", Tone.WARN)));
        });
    }

    private static String cut(List<Part> parts, int columns, boolean colours) {
        StringBuilder out = new StringBuilder();
        int room = columns;
        for (Part part : parts) {
            String text = part.text().length() <= room ? part.text()
                    : part.text().substring(0, Math.max(0, room));
            room -= text.length();
            out.append(text.isEmpty() ? "" : part.tone().of(text, colours));
        }
        return colours ? out.toString() : out.toString().stripTrailing();
    }

    private static Collection<?> list(Map<?, ?> of, String name) {
        return of.get(name) instanceof List<?> items ? items : List.of();
    }

    private static @Nullable BigDecimal number(@Nullable Object value) {
        return value instanceof BigDecimal number ? number : null;
    }

    private static boolean positive(@Nullable Object value) {
        return value instanceof BigDecimal number && number.signum() > 0;
    }

    private static String count(@Nullable Object value) {
        return value instanceof BigDecimal number
                ? String.format(Locale.ROOT, "%,d", number.longValue()) : UNKNOWN;
    }

    private static String rate(@Nullable Object value) {
        return !(value instanceof BigDecimal number) ? UNKNOWN : String.format(Locale.ROOT,
                number.signum() == 0 || number.doubleValue() >= 100 ? "%,.0f" : "%.1f", number);
    }

    private static String percent(@Nullable Object part, @Nullable Object all) {
        return part instanceof BigDecimal some && all instanceof BigDecimal whole
                && whole.signum() > 0 ? String.format(Locale.ROOT, "%.0f%%",
                        100 * some.doubleValue() / whole.doubleValue()) : UNKNOWN;
    }

    static String millis(@Nullable Object value) {
        if (!(value instanceof BigDecimal number)) {
            return UNKNOWN;
        }
        double millis = number.doubleValue();
        return millis < 1000 ? String.format(Locale.ROOT, millis < 10 ? "%.1f ms" : "%.0f ms",
                millis) : String.format(Locale.ROOT, "%.2f s", millis / 1000);
    }

    private static String duration(@Nullable Object seconds) {
        long all = seconds instanceof BigDecimal number ? number.longValue() : 0;
        long days = all / 86_400;
        String clock = String.format(Locale.ROOT, "%d:%02d:%02d", all % 86_400 / 3600,
                all % 3600 / 60, all % 60);
        return days == 0 ? clock : days + " d " + clock;
    }

    private String time(@Nullable Object epochMillis) {
        return epochMillis instanceof BigDecimal number ? TIME.format(
                Instant.ofEpochMilli(number.longValue()).atZone(zone)) : UNKNOWN;
    }

    /** No name may move the cursor of a terminal, or take all of a line. */
    private static String name(@Nullable Object value) {
        String text = value == null ? UNKNOWN
                : value.toString().replaceAll("[\\p{Cc}\\p{Cf}]", "?");
        return text.length() <= MAX_NAME ? text : text.substring(0, MAX_NAME - 1) + "…";
    }
}
