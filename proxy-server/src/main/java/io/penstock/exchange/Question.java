package io.penstock.exchange;

import io.netty.buffer.ByteBuf;
import io.penstock.http.HeadWriter;
import io.penstock.limit.Gauge;
import io.penstock.provider.Api;
import io.penstock.translate.ReplyFormat;
import io.penstock.translate.ReplyOptions;
import io.penstock.translate.request.Translated;
import io.penstock.upstream.Provider;
import io.penstock.upstream.ProviderKey;
import io.penstock.upstream.ProviderTypeException;
import io.penstock.upstream.RequestStart;
import java.util.List;
import java.util.Set;

/**
 * The request as a target gets it that doesn't speak the caller's format, and what has to be known
 * to read its answer.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Buffers:</b> owns the body until {@link #release}; each sending takes a slice of it.
 * <br><b>Bounds:</b> what a translation makes of a bounded body; counted among the bodies in
 * memory, though never refused for want of room: the caller's own was admitted.
 */
final class Question {
    static final String ANTHROPIC_VERSION = "anthropic-version: 2023-06-01\r\n";

    private final Provider provider;
    private final String modelName; // as the provider calls it
    private final boolean stream;
    private final Translated translated;
    private final ReplyFormat client;
    private final ReplyOptions options;
    private final boolean prefilled;
    private final ProviderTypeException impediment; // why it can't be sent; null if it can
    private final Gauge memory;
    private final long gauged;
    private boolean released;

    /** Takes the translated body. */
    Question(Provider provider, String modelName, boolean stream, Translated translated,
            ReplyFormat client, long choices, boolean array, boolean prefilled,
            ProviderTypeException impediment, Gauge memory) {
        this.provider = provider;
        this.modelName = modelName;
        this.stream = stream;
        this.translated = translated;
        this.client = client;
        this.prefilled = prefilled;
        this.impediment = impediment;
        this.memory = memory;
        options = new ReplyOptions(null, modelName, translated.usageAsked(), (int) choices,
                translated.responseSettings(),
                translated.jsonByTool() ? Translated.JSON_TOOL : null,
                translated.functionsOffered(), !translated.thoughtsHidden(), array);
        int kept = translated.body().capacity() + (translated.responseSettings() == null ? 0
                : translated.responseSettings().length());
        gauged = kept > RequestBody.FREE_BYTES ? kept : 0;
        memory.take(gauged);
    }

    /** The API in which the target is asked. */
    Api api() {
        return provider.mainApi();
    }

    /** The format of the answer. */
    ReplyFormat upstream() {
        return switch (provider.mainApi()) {
            case MESSAGES -> ReplyFormat.MESSAGES;
            case GEMINI -> ReplyFormat.GEMINI;
            case CONVERSE -> ReplyFormat.CONVERSE;
            default -> ReplyFormat.CHAT;
        };
    }

    /** The format that the caller reads. */
    ReplyFormat client() {
        return client;
    }

    ReplyOptions options() {
        return options;
    }

    /** Whether its last message is what the caller already has of the answer. */
    boolean isPrefilled() {
        return prefilled;
    }

    /** The caller's fields that the target goes without. */
    List<String> dropped() {
        return translated.dropped();
    }

    /** The caller's fields that the target gets another value for. */
    List<String> changed() {
        return translated.changed();
    }

    int length() {
        return translated.body().readableBytes();
    }

    /**
     * Writes the request's head up to the caller's own fields; returns which of those, in lower
     * case, must not follow.
     */
    Set<String> writeHead(HeadWriter out, ProviderKey key) throws ProviderTypeException {
        if (impediment != null) {
            throw impediment;
        }
        RequestStart start = provider.requestStart(provider.mainApi(), modelName, stream);
        Set<String> replaced = provider.authorize(provider.authorization(key),
                out.bytes(start.bytes()), "POST", start.path(), start.query(), translated.body());
        if (provider.mainApi() == Api.MESSAGES) {
            out.text(ANTHROPIC_VERSION);
        }
        out.text("content-length: ").number(length()).crlf();
        return replaced;
    }

    /** The body, to be sent; it can be sent again. */
    ByteBuf body() {
        return translated.body().retainedDuplicate();
    }

    /** It will not be sent again; harmless if that was known before. */
    void release() {
        if (!released) {
            released = true;
            translated.body().release();
            memory.release(gauged);
        }
    }
}
