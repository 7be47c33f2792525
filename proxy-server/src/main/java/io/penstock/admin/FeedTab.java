package io.penstock.admin;

import io.netty.buffer.ByteBuf;
import io.penstock.answer.EventAnswer;
import io.penstock.failure.Failure;
import io.penstock.listen.DownstreamStream;
import io.penstock.listen.OpenRequest;
import io.penstock.observe.LoopWatch.Viewer;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * One open console of the feed.
 *
 * <p><b>Thread:</b> texts come from the feed's thread, everything else on the stream's event loop.
 * <br><b>Bounds:</b> one text waits for the event loop, and a further one for the caller's
 * connection to have room; what comes meanwhile is left out, and counted.
 */
final class FeedTab implements OpenRequest {
    private final DownstreamStream to;
    private final EventAnswer answer;
    private final Viewer viewer;
    private final boolean endsWithDrain;
    private final Consumer<FeedTab> onGone;
    private final AtomicBoolean busy = new AtomicBoolean(); // a text waits for the event loop
    private final AtomicLong missed = new AtomicLong();
    private boolean greeted; // the feed's thread's own

    FeedTab(DownstreamStream to, EventAnswer answer, Viewer viewer, boolean endsWithDrain,
            Consumer<FeedTab> onGone) {
        this.to = to;
        this.answer = answer;
        this.viewer = viewer;
        this.endsWithDrain = endsWithDrain;
        this.onGone = onGone;
    }

    Viewer viewer() {
        return viewer;
    }

    /** Whether the answer ends when the proxy drains, which would wait for it. */
    boolean endsWithDrain() {
        return endsWithDrain;
    }

    /** Whether the console has been told of what was before it opened. */
    boolean isGreeted() {
        return greeted;
    }

    void onGreeted() {
        greeted = true;
    }

    /** Sends the text, unless the console does not keep up. */
    void send(byte[] events) {
        if (!busy.compareAndSet(false, true)) {
            missed.incrementAndGet();
            return;
        }
        execute(() -> {
            busy.set(false);
            sendNow(events);
        });
    }

    private void sendNow(byte[] events) {
        long lost = missed.get();
        if (lost > 0 && answer.trySend(EventFeed.event("missed", Long.toString(lost)))) {
            missed.addAndGet(-lost);
        }
        if (!answer.trySend(events)) {
            missed.incrementAndGet();
        }
    }

    /** Ends the answer. */
    void end() {
        execute(this::onShutdown);
    }

    private void execute(Runnable task) {
        try {
            to.executor().execute(task);
        } catch (RejectedExecutionException e) {
            onGone.accept(this); // the proxy has stopped
        }
    }

    @Override
    public void onClosed() {
        answer.onClosed();
        onGone.accept(this);
    }

    @Override
    public void onShutdown() {
        answer.end();
        onGone.accept(this);
    }

    @Override
    public void onRequestBody(ByteBuf bytes) {
        bytes.release(); // there is nothing to be said in one
    }

    @Override
    public void onRequestEnd() {
        // answered on the head
    }

    @Override
    public void onBadRequest(Failure failure) {
        onClosed();
        to.abort();
    }

    @Override
    public void onWritabilityChanged(boolean writable) {
        // the next second's text shows whether there is room
    }
}
