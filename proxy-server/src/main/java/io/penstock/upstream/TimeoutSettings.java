package io.penstock.upstream;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The six timers of an attempt.
 *
 * @param connect waiting for a connection: the pool's queue and the TCP handshake
 * @param tls the TLS handshake
 * @param head from the request sent to the response head, for a streamed reply
 * @param headOfUnary the same for a unary reply; null (it was not set by hand) leaves it to
 *     {@code total}, since a unary reply comes when the model has finished
 * @param firstContent from the request sent to the first content event of a stream
 * @param gap silence between two reads of a reply
 * @param total the whole exchange, all attempts included
 */
public record TimeoutSettings(Duration connect, Duration tls, Duration head,
        @Nullable Duration headOfUnary, Duration firstContent, Duration gap, Duration total) {

    public static final TimeoutSettings DEFAULT = new TimeoutSettings(Duration.ofSeconds(2),
            Duration.ofSeconds(3), Duration.ofSeconds(60), null, Duration.ofSeconds(120),
            Duration.ofSeconds(60), Duration.ofMinutes(10));

    public TimeoutSettings {
        positive("connect", connect);
        positive("tls", tls);
        positive("head", head);
        if (headOfUnary != null) {
            positive("head", headOfUnary);
        }
        positive("first_content", firstContent);
        positive("gap", gap);
        positive("total", total);
    }

    /** These settings with those replaced that are not null. */
    public TimeoutSettings with(@Nullable Duration connect, @Nullable Duration tls,
            @Nullable Duration head, @Nullable Duration headOfUnary,
            @Nullable Duration firstContent, @Nullable Duration gap, @Nullable Duration total) {
        return new TimeoutSettings(connect == null ? this.connect : connect,
                tls == null ? this.tls : tls, head == null ? this.head : head,
                headOfUnary == null ? this.headOfUnary : headOfUnary,
                firstContent == null ? this.firstContent : firstContent,
                gap == null ? this.gap : gap, total == null ? this.total : total);
    }

    private static void positive(String name, Duration value) {
        if (value.isNegative() || value.isZero()) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: > 0)");
        }
    }
}
