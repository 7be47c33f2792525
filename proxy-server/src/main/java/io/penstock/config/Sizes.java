package io.penstock.config;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Sizes as the configuration writes them, in bytes. */
final class Sizes {
    static final String EXPECTED = "a size such as 64KiB, 32MiB, 1GiB or a number of bytes";

    private static final Pattern FORM =
            Pattern.compile("(\\d{1,9}) ?(B|KB|MB|GB|KiB|MiB|GiB)|(\\d{1,18})");
    private static final long KIB = 1024;

    private Sizes() {}

    /** Null when the text is no size. */
    static @Nullable Long parse(String text) {
        Matcher form = FORM.matcher(text);
        if (!form.matches()) {
            return null;
        }
        if (form.group(3) != null) {
            return Long.valueOf(form.group(3));
        }
        return Long.parseLong(form.group(1)) * unit(form.group(2));
    }

    private static long unit(String name) {
        return switch (name) {
            case "KB" -> 1000;
            case "MB" -> 1000 * 1000;
            case "GB" -> 1000 * 1000 * 1000;
            case "KiB" -> KIB;
            case "MiB" -> KIB * KIB;
            case "GiB" -> KIB * KIB * KIB;
            default -> 1;
        };
    }

    /** In the largest unit that needs no fraction. */
    static String format(long bytes) {
        if (bytes == 0 || bytes % KIB != 0) {
            return bytes + "B";
        }
        if (bytes % (KIB * KIB) != 0) {
            return bytes / KIB + "KiB";
        }
        return bytes % (KIB * KIB * KIB) == 0
                ? bytes / (KIB * KIB * KIB) + "GiB" : bytes / (KIB * KIB) + "MiB";
    }
}
