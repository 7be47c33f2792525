package io.penstock.compare;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.exchange.Finished;
import io.penstock.failure.Failure;
import io.penstock.json.JsonSyntaxException;
import io.penstock.json.JsonText;
import io.penstock.json.TopLevelScanner;
import io.penstock.sse.EventData;
import io.penstock.translate.ErrorBody;
import io.penstock.usage.TokenUsage;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The closing figures of one model in a comparison, as JSON. */
final class ArmReport {
    private static final int NANO_DIGITS = 9;

    private ArmReport() {}

    /** Whether that model brought an answer. */
    static boolean isGood(Lane arm) {
        Finished x = arm.finished();
        return arm.error() == null && arm.status() == 200 && x != null && x.failure() == null;
    }

    /** Writes all but the answer, without the brace that ends the object. */
    static StringBuilder write(StringBuilder out, Lane arm) {
        Finished x = arm.finished();
        JsonText.quote(out.append("{\"index\":").append(arm.index()).append(",\"model\":"),
                arm.model());
        JsonText.quote(out.append(",\"provider\":"), x == null || x.servedBy() == null ? null
                : x.servedBy().provider());
        out.append(",\"status\":").append(arm.status()).append(",\"ttft_ms\":");
        millis(out, x == null ? -1 : x.firstContentNanos()).append(",\"latency_ms\":");
        millis(out, x == null ? -1 : x.durationNanos()).append(",\"usage\":");
        usage(out, x == null ? null : x.usage());
        out.append(",\"tokens_per_second\":");
        speed(out, x).append(",\"cost_usd\":").append(x == null ? "0"
                : BigDecimal.valueOf(x.nanoDollars(), NANO_DIGITS).stripTrailingZeros()
                        .toPlainString());
        return out.append(",\"error\":").append(isGood(arm) ? "null" : errorOf(arm));
    }

    private static StringBuilder millis(StringBuilder out, long nanos) {
        return nanos < 0 ? out.append("null") : out.append(Math.floorDiv(nanos, 1000) / 1000.0);
    }

    private static void usage(StringBuilder out, @Nullable TokenUsage usage) {
        if (usage == null) {
            out.append("null");
            return;
        }
        out.append("{\"prompt_tokens\":").append(usage.prompt())
                .append(",\"completion_tokens\":").append(usage.completion())
                .append(",\"total_tokens\":").append(usage.total())
                .append(",\"prompt_tokens_details\":{\"cached_tokens\":").append(usage.cached())
                .append("},\"completion_tokens_details\":{\"reasoning_tokens\":")
                .append(usage.reasoning()).append('}')
                .append(usage.estimated() ? ",\"estimated\":true}" : "}");
    }

    /** From the first content of a stream on; over all its time, of a whole answer. */
    private static StringBuilder speed(StringBuilder out, @Nullable Finished x) {
        if (x == null || x.usage() == null || x.usage().completion() == 0
                || x.firstContentNanos() < 0) {
            return out.append("null");
        }
        long nanos = x.isStream() ? x.durationNanos() - x.firstContentNanos() : x.durationNanos();
        return nanos <= 0 ? out.append("null") : out.append(Math.round(x.usage().completion()
                * (double) TimeUnit.SECONDS.toNanos(1) / nanos * 10) / 10.0);
    }

    /** Why there is no good answer: an error object in OpenAI's form. */
    private static String errorOf(Lane arm) {
        if (arm.error() != null) {
            return arm.error();
        }
        ByteBuf whole = arm.whole();
        String said = arm.status() == 200 || whole == null ? null : errorIn(whole);
        if (said != null) {
            return said;
        }
        Finished x = arm.finished();
        return error(x != null && x.failure() != null ? x.failure()
                : Failure.of(Failure.Kind.UPSTREAM_ERROR, "The provider answered with status "
                        + arm.status() + "."));
    }

    /** The error object that says so. */
    static String error(Failure why) {
        String object = ErrorBody.openAi(why, null);
        return object.substring("{\"error\":".length(), object.length() - 1);
    }

    /** The error that an event is; null for any other event. */
    static @Nullable String errorIn(EventData event) {
        return isDoubtful(event) ? errorIn(Unpooled.wrappedBuffer(event.bytes(), 0,
                event.length())) : null;
    }

    /** Nearly no event has the word: only those are looked at. */
    private static boolean isDoubtful(EventData event) {
        return new String(event.bytes(), 0, event.length(), StandardCharsets.ISO_8859_1)
                .contains("\"error\"");
    }

    /** The member {@code error} of a JSON object; null if there is none, or no object. */
    private static @Nullable String errorIn(ByteBuf json) {
        TopLevelScanner found = new TopLevelScanner("error");
        try {
            found.scan(json);
            found.end();
        } catch (JsonSyntaxException e) {
            return null; // a page, or some other text
        }
        return switch (found.kind(0)) {
            case OBJECT -> found.text(0);
            case STRING -> error(Failure.of(Failure.Kind.UPSTREAM_ERROR, found.text(0)));
            default -> null;
        };
    }
}
