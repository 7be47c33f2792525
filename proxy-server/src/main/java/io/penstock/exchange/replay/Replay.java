package io.penstock.exchange.replay;

import io.netty.buffer.ByteBuf;
import io.penstock.cache.CachedReply;
import io.penstock.cache.Seat;
import io.penstock.exchange.call.ReplySource;
import io.penstock.exchange.replay.Pages.Page;
import io.penstock.failure.Failure;
import io.penstock.http.Chunks;
import io.penstock.http.HeadWriter;
import io.penstock.listen.DownstreamStream;
import io.penstock.loop.Deadlines;
import io.penstock.translate.ErrorBody;
import io.penstock.translate.ReplyFormat;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Gives a caller a reply that no attempt of its own brought: one that was given before, or one that
 * another call is getting, each at the caller's pace.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Bounds:</b> writes while the caller has room: about a page waits above the high watermark.
 */
public final class Replay implements ReplySource {
    private final DownstreamStream downstream;
    private final Deadlines deadlines;
    private final Pages pages;
    private final boolean events;
    private final ReplyFormat format;
    private final long length; // of the body; -1 if that is not known, or not told
    private final Runnable onEnd;
    private final boolean framed;
    private int written; // events, where the last word has to count them
    private boolean writing;
    private boolean over;

    private Replay(DownstreamStream downstream, Deadlines deadlines, ReplyFormat format,
            Pages pages, boolean events, long length, Runnable onEnd) {
        this.downstream = downstream;
        this.deadlines = deadlines;
        this.format = format;
        this.pages = pages;
        this.events = events;
        this.length = length;
        this.onEnd = onEnd;
        framed = length == DownstreamStream.UNKNOWN_LENGTH && downstream.takesChunks();
    }

    /**
     * A replay of a whole reply.
     *
     * @param paced its events are spread over the time that their provider took
     * @param onEnd is run when all of it is queued
     */
    public static Replay of(CachedReply reply, boolean paced, DownstreamStream downstream,
            Deadlines deadlines, ReplyFormat format, Runnable onEnd) {
        boolean events = reply.kind().isEvents();
        return new Replay(downstream, deadlines, format,
                new KnownPages(reply, paced, deadlines.nowNanos()), events,
                events ? DownstreamStream.UNKNOWN_LENGTH : reply.body().length, onEnd);
    }

    /** A replay of the events that another call is getting. */
    public static Replay of(Seat seat, DownstreamStream downstream, Deadlines deadlines,
            ReplyFormat format, Runnable onEnd) {
        return new Replay(downstream, deadlines, format, new FollowedPages(seat), true,
                DownstreamStream.UNKNOWN_LENGTH, onEnd);
    }

    /** Writes the head, with these lines behind its own, and as much of the body as there is. */
    public void begin(HeadWriter out, String lines) {
        out.clear().text(events
                ? "content-type: text/event-stream\r\ncache-control: no-cache\r\n"
                        + "x-accel-buffering: no\r\n"
                : "content-type: application/json\r\n").text(lines);
        ByteBuf fields = downstream.fields(out,
                (int) Math.min(KnownPages.PAGE_BYTES, Math.max(0, length)));
        downstream.writeHead(200, fields, length);
        resume();
    }

    /** All of a reply that is followed has come. */
    public void complete() {
        if (pages instanceof FollowedPages followed) {
            followed.complete();
        }
    }

    @Override
    public void resume() {
        if (writing || over) {
            return;
        }
        writing = true;
        while (downstream.isWritable() && writeNext()) {
            if (!downstream.isWritable()) {
                downstream.flush(); // perhaps it only waits for that
            }
        }
        downstream.flush();
        writing = false;
        if (pages.isEnded() && !over) {
            end();
        }
    }

    /** Writes one page; false if there is none for now. */
    private boolean writeNext() {
        long now = deadlines.nowNanos();
        Page next = pages.poll(now);
        if (next == null) {
            long remaining = pages.remainingNanos(now);
            if (remaining != Deadlines.NEVER) {
                deadlines.expectBy(now + remaining);
            }
            return false;
        }
        write(next);
        return true;
    }

    private void write(Page page) {
        ByteBuf out = downstream.allocator().directBuffer(page.length() + Chunks.FRAME_BYTES);
        if (framed) {
            Chunks.begin(out, page.length());
        }
        out.writeBytes(page.bytes(), page.from(), page.length());
        if (framed) {
            Chunks.end(out);
        }
        if (format == ReplyFormat.RESPONSES && events) {
            written += countEvents(page);
        }
        downstream.write(out);
    }

    private static int countEvents(Page page) {
        int count = 0;
        byte before = 0;
        for (int i = page.from(); i < page.from() + page.length(); i++) {
            byte next = page.bytes()[i];
            if (next != '\r') {
                count += next == '\n' && before == '\n' ? 1 : 0;
                before = next;
            }
        }
        return count;
    }

    private void end() {
        over = true;
        if (framed) {
            downstream.write(Chunks.last());
        }
        onEnd.run();
    }

    /** Nanoseconds until more of the reply is due; {@link Deadlines#NEVER} for none. */
    public long remainingNanos(long nowNanos) {
        return over || !downstream.isWritable() ? Deadlines.NEVER : pages.remainingNanos(nowNanos);
    }

    @Override
    public void cut(Failure why, @Nullable String attempts) {
        String word = events && !over ? ErrorBody.event(format, why, attempts, written) : null;
        over = true;
        if (word != null) {
            byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
            write(new Page(bytes, 0, bytes.length));
        }
    }

    @Override
    public void abandon() {
        over = true;
    }
}
