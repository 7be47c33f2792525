package io.penstock.translate.request;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.loop.Scratch;
import io.penstock.translate.CallerTools;
import io.penstock.translate.ResponseMemory;
import java.util.List;

/**
 * Turns a caller's request into the one that a provider of another format takes. The body is
 * indexed once, then read into turns and settings that point into it, then written in the order of
 * the other format; long texts and images are copied as bytes.
 *
 * <p><b>Thread:</b> confined to the event loop, which uses one for all its requests.
 * <br><b>Buffers:</b> borrows the request's body; gives the provider's.
 * <br><b>Bounds:</b> while it runs, beside the body: a copy of it, an index of 17 bytes for each of
 * at most {@value JsonIndex#MAX_VALUES} values, and an output of at most about twice the body
 * (arguments of tools grow when they become a string). Afterwards, the output, and what the next
 * request uses again: twice {@value #KEPT_BYTES} bytes at most, and the index of a usual request.
 */
public final class RequestTranslator {
    private static final int KEPT_BYTES = 1024 * 1024;
    private static final int ROOM_BYTES = 1024; // for what formats say beyond what they were told

    private final JsonIndex index = new JsonIndex();
    private Scratch scratch = new Scratch();

    /** Writes the provider's request, or says why there is none. */
    public Translated translate(ClientFormat from, ProviderFormat to, ByteBuf body,
            TranslationOptions options, ByteBufAllocator allocator)
            throws UntranslatableException {
        int length = body.readableBytes();
        ByteBuf out = allocator.directBuffer(length + ROOM_BYTES);
        try {
            byte[] bytes = scratch.copy(body, body.readerIndex(), length);
            index.read(bytes, 0, length);
            Translated translated = translate(from, to, options, out);
            out = null;
            return translated;
        } finally {
            if (out != null) {
                out.release();
            }
            if (length > KEPT_BYTES) {
                scratch = new Scratch();
            }
        }
    }

    /**
     * Puts what a Responses request refers to in its place, as far as it is kept. To be called
     * before the request is translated; its answer is to be told to what comes back.
     */
    public Recalled recall(ResponseMemory memory, String caller, ByteBuf body,
            ByteBufAllocator allocator) {
        int length = body.readableBytes();
        try {
            byte[] bytes = scratch.copy(body, body.readerIndex(), length);
            index.read(bytes, 0, length);
            return new ResponseRecall(index, memory, caller).recall(body, bytes, allocator);
        } catch (UntranslatableException e) {
            return new Recalled(body.retainedSlice(), memory, caller, null, null); // as it is
        } finally {
            if (length > KEPT_BYTES) {
                scratch = new Scratch();
            }
        }
    }

    private Translated translate(ClientFormat from, ProviderFormat to, TranslationOptions options,
            ByteBuf out) throws UntranslatableException {
        if (from == ClientFormat.GEMINI && to == ProviderFormat.GEMINI) {
            GeminiHistory.copy(index.raw(index.root()), out);
            return new Translated(out, List.of(), List.of(), false, true, null, false,
                    CallerTools.SAME, false);
        }
        ModelRequest request = read(from);
        CallerTools tools = ToolNaming.apply(request, to);
        JsonOut json = new JsonOut(out);
        boolean jsonByTool = false;
        switch (to) {
            case CHAT -> new ChatWriter(request, options).write(json);
            case MESSAGES, MESSAGES_ON_BEDROCK -> {
                MessagesWriter writer = new MessagesWriter(request, options,
                        to == ProviderFormat.MESSAGES_ON_BEDROCK);
                writer.write(json);
                jsonByTool = writer.jsonByTool();
            }
            case GEMINI -> new GeminiWriter(request, options).write(json);
            case CONVERSE -> {
                ConverseWriter writer = new ConverseWriter(request, options);
                writer.write(json);
                jsonByTool = writer.jsonByTool();
            }
            default -> throw new IllegalArgumentException("no writer for " + to);
        }
        request.dropTheRest();
        return new Translated(out, request.notes.dropped(), request.notes.changed(),
                jsonByTool, request.usageAsked, request.responseSettings, request.functionsOffered,
                tools, request.thoughtsHidden);
    }

    private ModelRequest read(ClientFormat from) throws UntranslatableException {
        ModelRequest request = new ModelRequest();
        TypedBody typed = new TypedBody(index);
        switch (from) {
            case CHAT -> new ChatReader(typed, request).read();
            case MESSAGES -> new MessagesReader(typed, request).read();
            case RESPONSES -> new ResponsesReader(typed, request).read();
            case COMPLETIONS -> new CompletionsReader(typed, request).read();
            case GEMINI -> new GeminiReader(typed, request).read();
            default -> throw new IllegalArgumentException("no reader for " + from);
        }
        if (request.turns.isEmpty()) {
            throw UntranslatableException.invalid(switch (from) {
                case RESPONSES -> "input";
                case GEMINI -> "contents";
                default -> "messages";
            }, "expected at least one");
        }
        Turns.checkParts(request.turns);
        return request;
    }
}
