package io.penstock.admin;

import io.penstock.answer.LocalReply;
import io.penstock.failure.Failure;
import io.penstock.listen.DownstreamStream;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers that are made on the thread that makes pages of figures, since they ask every event loop
 * or take some milliseconds.
 *
 * <p><b>Thread:</b> safe; the finished answer is sent on the stream's event loop.
 */
final class LateAnswer {
    private static final Logger LOG = LoggerFactory.getLogger(LateAnswer.class);

    private LateAnswer() {}

    /**
     * Makes the answer and has it sent; refuses where too many wait to be made.
     *
     * @param made on the other thread: what sends the answer
     */
    static void make(ServerState state, DownstreamStream to, LocalReply reply, String id,
            Supplier<Consumer<LocalReply>> made) {
        try {
            state.measure(() -> makeNow(to, reply, id, made));
        } catch (RejectedExecutionException e) {
            refuse(to, reply, id, "Too many pages of this kind are asked for at once.");
        }
    }

    private static void makeNow(DownstreamStream to, LocalReply reply, String id,
            Supplier<Consumer<LocalReply>> made) {
        @Nullable Consumer<LocalReply> answer = null;
        try {
            answer = made.get();
        } catch (RuntimeException e) {
            LOG.error("page_failed", e); // a mistake of ours: the caller must not hang
        }
        @Nullable Consumer<LocalReply> finished = answer;
        try {
            to.executor().execute(() -> {
                if (finished == null) {
                    refuse(to, reply, id, "The page cannot be made now.");
                } else {
                    finished.accept(reply);
                }
            });
        } catch (RejectedExecutionException e) {
            LOG.debug("page_late cause=\"{}\"", e.toString()); // the proxy has stopped
        }
    }

    private static void refuse(DownstreamStream to, LocalReply reply, String id,
            String message) {
        reply.error(to, Failure.of(Failure.Kind.OVERLOADED, message), id, null);
    }
}
