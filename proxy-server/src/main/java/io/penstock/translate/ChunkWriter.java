package io.penstock.translate;

import io.penstock.failure.Failure;
import org.jspecify.annotations.Nullable;

/**
 * What the streams of the chat format and of the older completions share: every chunk repeats the
 * same head and the same end.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
abstract class ChunkWriter extends TurnWriter {
    private static final byte[] END = OpenAiWords.ascii("}]}\n\n");
    private static final byte[] END_NULL_USAGE = OpenAiWords.ascii("}],\"usage\":null}\n\n");

    private final String object;
    private final String idPrefix;
    private final byte[] end;
    private byte[] head = {};

    ChunkWriter(ReplyLoop loop, ReplyOptions options, String object, String idPrefix) {
        super(loop, options);
        this.object = object;
        this.idPrefix = idPrefix;
        end = options.includeUsage() ? END_NULL_USAGE : END;
    }

    /** Continues a stream of which the caller has the beginning, under that name. */
    void resume(@Nullable String id, @Nullable String model, long createdSeconds) {
        writeHead(id, model, createdSeconds);
    }

    @Override
    public void onStart(@Nullable String id, @Nullable String model, long createdSeconds) {
        writeHead(id, model, createdSeconds);
    }

    private void writeHead(@Nullable String id, @Nullable String model, long createdSeconds) {
        ReplyBytes out = out();
        int from = out.length();
        out.put("data: ");
        OpenAiWords.head(out, loop(), options(), object, idPrefix, id, model, createdSeconds);
        head = out.takeFrom(from);
    }

    /** Begins a chunk, up to its first answer. */
    final ReplyBytes chunk() {
        return out().put(head);
    }

    /** Ends a chunk behind its answer's last member. */
    final void endChunk() {
        out().put(end);
    }

    @Override
    public final void onEnd() {
        if (options().includeUsage() && usage() != null) {
            OpenAiWords.usage(chunk().put("],\"usage\":"), usage());
            out().put("}\n\n");
        }
        out().put("data: [DONE]\n\n");
    }

    @Override
    final void fail(Failure failure, @Nullable String attempts) {
        out().putRaw(ErrorBody.openAiEvent(failure, attempts));
    }

    @Override
    final void fail(ReplyError error) {
        out().putRaw(ErrorBody.openAiEvent(error));
    }
}
