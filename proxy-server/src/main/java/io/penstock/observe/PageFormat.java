package io.penstock.observe;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The forms of the metrics page, and which of them an Accept field prefers (RFC 9110, 12.5.1). */
enum PageFormat {
    JSON("application/json"),
    PROMETHEUS("text/plain"),
    OPEN_METRICS("application/openmetrics-text");

    private final String type;

    PageFormat(String type) {
        this.type = type;
    }

    /** The one with the highest weight, the first of those; JSON where none is named. */
    static PageFormat of(@Nullable String accept) {
        PageFormat best = JSON;
        double bestWeight = 0;
        for (String range : accept == null ? new String[0] : accept.split(",")) {
            String[] parts = range.split(";", -1);
            for (PageFormat format : values()) {
                double weight = weight(parts);
                if (parts[0].strip().equalsIgnoreCase(format.type) && weight > bestWeight) {
                    best = format;
                    bestWeight = weight;
                }
            }
        }
        return best;
    }

    private static double weight(String[] parts) {
        for (int i = 1; i < parts.length; i++) {
            String part = parts[i].strip().toLowerCase(Locale.ROOT);
            if (part.matches("q=[01](\\.[0-9]{0,3})?")) {
                return Double.parseDouble(part.substring(2));
            }
        }
        return 1;
    }
}
