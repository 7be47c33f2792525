package io.penstock.admin;

import io.penstock.answer.LocalReply;
import io.penstock.listen.DownstreamStream;
import io.penstock.observe.Metrics;
import org.jspecify.annotations.Nullable;

/**
 * {@code GET /metrics}: JSON, or text for Prometheus.
 *
 * <p><b>Thread:</b> safe.
 */
final class MetricsPage {
    static final String PATH = "/metrics";

    private final ServerState state;
    private final boolean operator;

    /** {@code operator} shows figures of single callers. */
    MetricsPage(ServerState state, boolean operator) {
        this.state = state;
        this.operator = operator;
    }

    void answer(DownstreamStream to, LocalReply reply, @Nullable String accept, String id) {
        LateAnswer.make(state, to, reply, id, () -> {
            Metrics.Page page = state.metrics().page(accept, state.readings(), operator);
            return answer -> answer.page(to, id, page.contentType(), page.body());
        });
    }
}
