package io.penstock.exchange.call;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Which provider made which response of OpenAI's Responses API: it keeps the response, and is the
 * only one that knows its id when a caller asks for it, cancels or deletes it.
 *
 * <p><b>Thread:</b> safe by its lock, held for a step in a map; one serves all event loops.
 * <br><b>Bounds:</b> {@value #MAX_RESPONSES} ids of {@value #MAX_ID_CHARS} characters; the one that
 * was used the longest ago goes first.
 */
public final class ResponseOrigins {
    static final int MAX_RESPONSES = 16 * 1024;
    static final int MAX_ID_CHARS = 128;

    private final Map<String, String> providers = new LinkedHashMap<>(64, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, String> eldest) {
            return size() > MAX_RESPONSES;
        }
    };

    /** Notes the provider of a response; an id that is none, or too long, is not kept. */
    public synchronized void put(String id, String provider) {
        if (id != null && !id.isEmpty() && id.length() <= MAX_ID_CHARS) {
            providers.put(id, provider);
        }
    }

    /** The provider's name; null for a response that is not known here. */
    public synchronized String provider(String id) {
        return providers.get(id);
    }
}
