package io.penstock.trace;

import java.util.HashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A {@code tracestate} field (W3C Trace Context, section 3.3), which other systems fill and the
 * proxy passes on as it is.
 */
final class TraceState {
    static final int MAX_CHARS = 1024; // twice what has to be passed on
    private static final int MAX_MEMBERS = 32;
    private static final Pattern MEMBER = Pattern.compile(
            "([a-z0-9][a-z0-9_\\-*/]{0,255}"
                    + "|[a-z0-9][a-z0-9_\\-*/]{0,240}@[a-z][a-z0-9_\\-*/]{0,13})="
                    + "[\\x20-\\x2b\\x2d-\\x3c\\x3e-\\x7e]{0,255}"
                    + "[\\x21-\\x2b\\x2d-\\x3c\\x3e-\\x7e]");

    private TraceState() {}

    /** The value if it is well formed; null to go on without it, as for one that is too long. */
    static @Nullable String checked(@Nullable String value) {
        if (value == null || value.isBlank() || value.length() > MAX_CHARS) {
            return null;
        }
        Set<String> keys = new HashSet<>();
        for (String part : value.split(",", -1)) {
            String member = part.strip();
            Matcher matcher = MEMBER.matcher(member);
            if (!member.isEmpty() && (!matcher.matches() || !keys.add(matcher.group(1))
                    || keys.size() > MAX_MEMBERS)) {
                return null;
            }
        }
        return keys.isEmpty() ? null : value;
    }
}
