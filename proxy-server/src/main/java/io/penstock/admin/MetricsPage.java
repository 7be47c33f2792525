package io.penstock.admin;

import io.penstock.answer.LocalReply;
import io.penstock.failure.Failure;
import io.penstock.listen.DownstreamStream;
import io.penstock.observe.Metrics;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code GET /metrics}: JSON, or text for Prometheus. Made on a thread of its own, since it takes
 * the figures of every event loop and some milliseconds.
 *
 * <p><b>Thread:</b> safe; the finished page is sent on the connection's event loop.
 */
final class MetricsPage {
    static final String PATH = "/metrics";
    private static final Logger LOG = LoggerFactory.getLogger(MetricsPage.class);

    private final ServerState state;
    private final boolean operator;

    /** {@code operator} shows figures of single callers. */
    MetricsPage(ServerState state, boolean operator) {
        this.state = state;
        this.operator = operator;
    }

    void answer(DownstreamStream to, LocalReply reply, @Nullable String accept, String id) {
        try {
            state.measure(() -> make(to, reply, accept, id));
        } catch (RejectedExecutionException e) {
            refuse(to, reply, id, "Too many ask for the metrics at once.");
        }
    }

    /** On the thread that may wait. */
    private void make(DownstreamStream to, LocalReply reply, @Nullable String accept, String id) {
        Metrics.@Nullable Page made = null;
        try {
            made = state.metrics().page(accept, state.readings(), operator);
        } catch (RuntimeException e) {
            LOG.error("metrics_page_failed", e); // a mistake of ours: the caller must not hang
        }
        Metrics.@Nullable Page page = made;
        try {
            to.executor().execute(() -> {
                if (page == null) {
                    refuse(to, reply, id, "The metrics cannot be read now.");
                } else {
                    reply.page(to, id, page.contentType(), page.body());
                }
            });
        } catch (RejectedExecutionException e) {
            LOG.debug("metrics_page_late cause=\"{}\"", e.toString()); // the proxy has stopped
        }
    }

    private static void refuse(DownstreamStream to, LocalReply reply, String id,
            String message) {
        reply.error(to, Failure.of(Failure.Kind.OVERLOADED, message), id, null);
    }
}
