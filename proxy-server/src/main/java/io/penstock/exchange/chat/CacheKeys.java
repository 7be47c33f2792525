package io.penstock.exchange.chat;

import io.netty.buffer.ByteBuf;
import io.penstock.cache.CacheKey;
import io.penstock.http.RequestHead;
import io.penstock.route.Route;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * What decides on the reply to a call, and what does not: finds the key under which the reply may
 * be given again. Two requests have one key only if a provider could not tell them apart, but for
 * how the reply is to be delivered and for whom it is.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
final class CacheKeys {
    /** Any caller, where replies are shared. */
    private static final String EVERYBODY = "";

    /** Fields of the head that ask for another reply. */
    private static final String[] VARYING = {"anthropic-version", "anthropic-beta", "openai-beta"};

    // The models are in the key by themselves, as the targets are for which they stand.
    private static final Set<String> OF_CHATS = Set.of("model", "models", "fallbacks", "stream",
            "stream_options", "user", "metadata", "safety_identifier", "prompt_cache_key",
            "prompt_cache_retention");
    private static final Set<String> OF_MESSAGES =
            Set.of("model", "fallbacks", "stream", "metadata");

    /** The object that a Responses caller is answered repeats what the others leave out. */
    private static final Set<String> OF_RESPONSES =
            Set.of("model", "fallbacks", "stream", "stream_options");
    private static final Set<String> OF_GEMINI = Set.of("fallbacks", "labels");

    /** What makes a response change, or something else by it. */
    private static final Set<String> OF_NO_RESPONSE = Set.of("background", "conversation");

    private CacheKeys() {}

    /** The fields of a head that ask for another reply, as one text. */
    static String varying(RequestHead head) {
        StringBuilder all = new StringBuilder();
        for (String name : VARYING) {
            String values = head.values(name);
            all.append(values == null ? "" : values).append('\n');
        }
        return all.toString();
    }

    private static Set<String> irrelevant(Endpoint endpoint) {
        return switch (endpoint.format()) {
            case MESSAGES -> OF_MESSAGES;
            case RESPONSES -> OF_RESPONSES;
            case GEMINI -> OF_GEMINI;
            default -> OF_CHATS;
        };
    }

    /**
     * The key of a call; null if it has none.
     *
     * @param account whose replies are given to it; null for those of all callers
     * @param varying what {@link #varying} said of its head
     * @param models that were asked for, in the order in which they are tried
     * @param body all of it; borrowed
     */
    static CacheKey of(String account, Endpoint endpoint, String varying, List<String> models,
            List<Route> routes, ByteBuf body) {
        List<String> parts = new ArrayList<>();
        parts.add(account == null ? EVERYBODY : account);
        parts.add(endpoint.api().name());
        parts.add(varying);
        parts.add(Integer.toString(models.size()));
        parts.addAll(models);
        for (Route route : routes) {
            parts.add(route.targets().toString());
        }
        byte[] bytes = new byte[body.readableBytes()];
        body.getBytes(body.readerIndex(), bytes);
        return CacheKey.of(parts, bytes, 0, bytes.length, irrelevant(endpoint),
                endpoint == Endpoint.RESPONSES ? OF_NO_RESPONSE : Set.of());
    }
}
