package io.penstock.trace;

import io.penstock.http.HeadWriter;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * The span of one attempt, whose id is fixed before the request goes out.
 *
 * <p><b>Thread:</b> immutable.
 */
public final class AttemptSpan {
    private static final HexFormat HEX = HexFormat.of();

    private final RequestTrace trace;
    private final long id;
    private final @Nullable AttemptSpan beside;

    AttemptSpan(RequestTrace trace, long id, @Nullable AttemptSpan beside) {
        this.trace = trace;
        this.id = id;
        this.beside = beside;
    }

    /** 16 hex digits. */
    public String id() {
        return HEX.toHexDigits(id);
    }

    /** The attempt beside which this one stands, or whose reply it continues; null for none. */
    public @Nullable AttemptSpan beside() {
        return beside;
    }

    /** Writes the field lines that tell the provider the trace, and this span as its parent. */
    public void writeTo(HeadWriter out) {
        trace.writeTo(out, id);
    }
}
