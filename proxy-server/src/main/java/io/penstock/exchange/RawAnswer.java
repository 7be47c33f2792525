package io.penstock.exchange;

import io.penstock.failure.Failure;
import io.penstock.failure.Fault;
import io.penstock.http.HeadWriter;
import io.penstock.limit.Permit;
import io.penstock.listen.DownstreamStream;
import java.util.concurrent.TimeUnit;

/**
 * What the proxy itself says to the caller of a pass-through: the last lines of a provider's head,
 * and errors.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
final class RawAnswer {
    private static final long MAX_RETRY_NANOS = TimeUnit.SECONDS.toNanos(60);

    private final ExchangeLoop loop;
    private final DownstreamStream downstream;
    private final AttemptLog log;
    private Permit permit;
    private Policy policy;
    private String requestId;
    private String cors; // field lines
    private long receivedNanos;

    RawAnswer(ExchangeLoop loop, DownstreamStream downstream, AttemptLog log) {
        this.loop = loop;
        this.downstream = downstream;
        this.log = log;
    }

    /** Begins with an exchange. */
    void begin(Permit permit, Policy policy, String requestId, String cors, long receivedNanos) {
        this.permit = permit;
        this.policy = policy;
        this.requestId = requestId;
        this.cors = cors;
        this.receivedNanos = receivedNanos;
    }

    String requestId() {
        return requestId;
    }

    /** Writes the fields that only now are known of a reply that goes to the caller. */
    void writeLines(HeadWriter out, RawAttempt good, long dispatchedNanos, long nowNanos) {
        LimitReply.write(out, permit, nowNanos);
        out.text("x-request-id: ").text(requestId).crlf().text(cors);
        if (good.status() != 101) {
            out.bytes(HeaderText.securityLines(downstream.isTls()));
        }
        if (policy.fullHeaders()) {
            AttemptClock clock = good.clock();
            out.text("x-penstock-provider: ").text(good.target().provider())
                    .text("\r\nx-penstock-model: ")
                    .text(HeaderText.printable(good.target().model()))
                    .text("\r\nx-penstock-attempts: ");
            log.writeTo(out);
            out.text("\r\nserver-timing: receive;dur=").millis(dispatchedNanos - receivedNanos)
                    .text(", queue;dur=").millis(clock.slotNanos() - clock.startedNanos())
                    .text(", connect;dur=").millis(clock.readyNanos() - clock.slotNanos())
                    .text(", head;dur=").millis(clock.headNanos() - clock.readyNanos())
                    .text(", total;dur=").millis(nowNanos - receivedNanos).crlf();
        }
    }

    /** What all tries have come to, when none brought a reply that could be passed on. */
    Failure failure() {
        Fault last = log.lastFault();
        return Failure.of(last == Fault.SATURATED ? Failure.Kind.OVERLOADED
                : last != null && last.isTimeout() ? Failure.Kind.UPSTREAM_TIMEOUT
                : Failure.Kind.UPSTREAM_ERROR, "The call failed: " + log + ".");
    }

    /**
     * Begins an error.
     *
     * @param readyInNanos until some target may be asked
     */
    LocalReply begin(Failure why, long readyInNanos, long nowNanos) {
        LocalReply reply = loop.localReply();
        if (why.kind() == Failure.Kind.NO_HEALTHY_PROVIDER) {
            reply.retryAfter(Math.min(readyInNanos, MAX_RETRY_NANOS));
        } else if (why.kind() == Failure.Kind.OVERLOADED) {
            reply.retryAfter(0);
        }
        if (policy.fullHeaders()) {
            reply.took(nowNanos - receivedNanos);
            if (!log.entries().isEmpty()) {
                reply.field("x-penstock-attempts", log.toString());
            }
        }
        return reply;
    }

    /** Sends it, when the exchange has settled: only then the permit says what is left. */
    void send(LocalReply reply, Failure why) {
        reply.lines(LimitReply.lines(permit, loop.deadlines().nowNanos())).lines(cors)
                .error(downstream, why, requestId, log.entries().isEmpty() ? null : log.toJson());
    }
}
