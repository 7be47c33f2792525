package io.penstock.exchange.call;

import io.penstock.failure.Failure;
import io.penstock.http.Field;
import io.penstock.http.RequestHead;
import io.penstock.loop.Deadlines;
import java.math.BigDecimal;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The field {@code x-penstock-timeout}: how long an exchange may take, as its caller asks. */
public final class CallersTimeout {
    /** The value for a call without the field. */
    public static final long NONE = Deadlines.NEVER;

    private static final String FIELD = "x-penstock-timeout";
    private static final Pattern FORM =
            Pattern.compile("([0-9]{1,9}(?:\\.[0-9]{1,9})?)(ms|s|m|h)?");
    private static final BigDecimal MAX_NANOS =
            BigDecimal.valueOf(TimeUnit.DAYS.toNanos(365)); // far from overflow

    private CallersTimeout() {}

    /** Nanoseconds; {@link #NONE} where the field is absent, 0 where it is no time at all. */
    public static long nanos(RequestHead head) {
        String timeout = head.has(Field.X_PENSTOCK) ? head.values(FIELD) : null;
        return timeout == null ? NONE : nanos(timeout);
    }

    /** What is wrong when the field is no time. */
    public static Failure malformed() {
        return new Failure(Failure.Kind.BAD_REQUEST, "'" + FIELD
                + "' has to be a time such as 30s, 500ms or 12.5 (seconds).", FIELD, null);
    }

    private static long nanos(String text) {
        Matcher form = FORM.matcher(text);
        if (!form.matches()) {
            return 0;
        }
        TimeUnit unit = switch (form.group(2) == null ? "s" : form.group(2)) {
            case "ms" -> TimeUnit.MILLISECONDS;
            case "m" -> TimeUnit.MINUTES;
            case "h" -> TimeUnit.HOURS;
            default -> TimeUnit.SECONDS;
        };
        return new BigDecimal(form.group(1)).multiply(BigDecimal.valueOf(unit.toNanos(1)))
                .min(MAX_NANOS).longValue();
    }
}
