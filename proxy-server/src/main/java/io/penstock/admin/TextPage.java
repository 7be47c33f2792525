package io.penstock.admin;

import io.penstock.answer.LocalReply;
import io.penstock.failure.Failure;
import io.penstock.listen.DownstreamStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A page for operators that is made on a thread that may wait: {@code /admin/config} or {@code
 * /admin/threads}.
 *
 * <p><b>Thread:</b> safe; the finished page is sent on the connection's event loop.
 */
enum TextPage {
    CONFIG("/admin/config", "application/yaml; charset=utf-8"),
    THREADS("/admin/threads", "text/plain; charset=utf-8");

    private static final Logger LOG = LoggerFactory.getLogger(TextPage.class);

    private final String path;
    private final String contentType;

    TextPage(String path, String contentType) {
        this.path = path;
        this.contentType = contentType;
    }

    /** The page of that path; null if there is none. */
    static @Nullable TextPage at(String path) {
        for (TextPage page : values()) {
            if (page.path.equals(path)) {
                return page;
            }
        }
        return null;
    }

    void answer(DownstreamStream to, LocalReply reply, ServerState state, String id) {
        Supplier<String> text = this == CONFIG ? state::configuration : ThreadDump::take;
        try {
            state.measure(() -> make(to, reply, text, id));
        } catch (RejectedExecutionException e) {
            refuse(to, reply, "Too many ask for such pages at once.", id);
        }
    }

    /** On the thread that may wait. */
    private void make(DownstreamStream to, LocalReply reply, Supplier<String> text, String id) {
        byte[] made = null;
        try {
            made = text.get().getBytes(StandardCharsets.UTF_8);
        } catch (RuntimeException e) {
            LOG.error("page_failed path={}", path, e); // a mistake of ours: no asker must hang
        }
        byte[] body = made;
        try {
            to.executor().execute(() -> {
                if (body == null) {
                    refuse(to, reply, "The page cannot be made now.", id);
                } else {
                    reply.page(to, id, contentType, body);
                }
            });
        } catch (RejectedExecutionException e) {
            LOG.debug("page_late cause=\"{}\"", e.toString()); // the proxy has stopped
        }
    }

    private static void refuse(DownstreamStream to, LocalReply reply, String why, String id) {
        reply.error(to, Failure.of(Failure.Kind.OVERLOADED, why), id, null);
    }
}
