package io.penstock.exchange.chat;

import io.penstock.exchange.call.Ask;
import io.penstock.exchange.call.OutboundRequest;
import io.penstock.exchange.call.ReplyReading;
import io.penstock.exchange.call.RequestBody;
import io.penstock.http.HeadWriter;
import io.penstock.http.RequestLine;
import io.penstock.http.ResponseHead;
import io.penstock.limit.Gauge;
import io.penstock.provider.Api;
import io.penstock.translate.ReplyFormat;
import io.penstock.translate.ReplyOptions;
import io.penstock.translate.ResponseAnswer;
import io.penstock.translate.request.Recalled;
import io.penstock.translate.request.Translated;
import io.penstock.upstream.Provider;
import io.penstock.upstream.ProviderTypeException;
import io.penstock.upstream.RequestStart;
import io.penstock.upstream.UpstreamStream;
import java.util.List;
import java.util.Set;

/**
 * The request in the format of a target that does not speak the caller's, and what is needed to
 * translate the answer.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 * <br><b>Buffers:</b> owns the body until {@link #release}; each sending takes a slice of it.
 * <br><b>Bounds:</b> what a translation makes of a bounded body; counted among the bodies in
 * memory, though never refused for lack of room: the caller's own was admitted.
 */
final class TranslatedRequest implements OutboundRequest {
    static final String ANTHROPIC_VERSION = "anthropic-version: 2023-06-01\r\n";

    private final ChatCall call;
    private final Provider provider;
    private final String modelName; // as the provider calls it
    private final Translated translated;
    private Recalled recalled; // null where nothing is to be kept, or has been
    private final ReplyOptions options;
    private final boolean prefilled;
    private final ProviderTypeException impediment; // why it can't be sent; null if it can
    private final Gauge memory;
    private final long gauged;
    private boolean released;

    /**
     * A request to one target. Takes the translated body.
     *
     * @param recalled what remembers the answer, its body released; null where callers can't refer
     *     to the answer
     */
    TranslatedRequest(ChatCall call, Provider provider, String modelName, Translated translated,
            Recalled recalled, long promptTokens, boolean prefilled,
            ProviderTypeException impediment, Gauge memory) {
        this.call = call;
        this.provider = provider;
        this.modelName = modelName;
        this.translated = translated;
        this.recalled = recalled == null || !recalled.isKept() ? null : recalled;
        this.prefilled = prefilled;
        this.impediment = impediment;
        this.memory = memory;
        options = new ReplyOptions(null, modelName, translated.usageAsked(),
                (int) call.fields().choices(), translated.responseSettings(),
                translated.jsonByTool() ? Translated.JSON_TOOL : null,
                translated.functionsOffered(), translated.tools(), promptTokens,
                !translated.thoughtsHidden(), call.fields().isArray());
        int kept = translated.body().capacity() + (translated.responseSettings() == null ? 0
                : translated.responseSettings().length());
        gauged = kept > RequestBody.FREE_BYTES ? kept : 0;
        memory.take(gauged);
    }

    @Override
    public Api api() {
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
        return call.format();
    }

    ReplyOptions options() {
        return options;
    }

    /** Keeps the whole answer for later requests that refer to it; null for one that isn't. */
    void remember(ResponseAnswer answer) {
        if (recalled != null && answer != null) {
            recalled.remember(answer);
            recalled = null;
        }
    }

    /** Whether its last message is what the caller already has of the answer. */
    boolean isPrefilled() {
        return prefilled;
    }

    @Override
    public List<String> dropped() {
        return translated.dropped();
    }

    @Override
    public List<String> changed() {
        return translated.changed();
    }

    @Override
    public void send(Ask ask, UpstreamStream to) throws ProviderTypeException {
        if (impediment != null) {
            throw impediment;
        }
        RequestStart start = provider.requestStart(provider.mainApi(), modelName,
                call.isStream());
        HeadWriter out = call.beginHead(start, to);
        RequestLine line = start.line();
        Set<String> replaced = provider.authorize(provider.authorization(ask.key()), out,
                line.method(), line.path(), line.query(), translated.body());
        if (provider.mainApi() == Api.MESSAGES) {
            out.text(ANTHROPIC_VERSION);
        }
        ask.writeTrace(out);
        call.writeCommonFields(out, replaced);
        to.writeHead(out, translated.body().readableBytes());
        to.write(translated.body().retainedDuplicate());
    }

    @Override
    public ReplyReading read(ResponseHead head, Ask ask) {
        release(); // it has been answered, and is not sent again
        return call.replies().ofTranslated(this, head, ask);
    }

    @Override
    public void release() {
        if (!released) {
            released = true;
            translated.body().release();
            memory.release(gauged);
        }
    }
}
