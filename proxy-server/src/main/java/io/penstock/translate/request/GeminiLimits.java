package io.penstock.translate.request;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * How much a Gemini request asks for, by its {@code generationConfig}: for who keeps its limits.
 *
 * <p><b>Bounds:</b> {@value #MOST_TOKENS} tokens, {@value #MOST_CANDIDATES} answers; more counts as
 * that.
 *
 * @param maxTokens of one answer; -1 if the request doesn't say
 * @param candidates how many answers
 */
public record GeminiLimits(long maxTokens, long candidates) {
    /** Of a request that says nothing. */
    public static final GeminiLimits NONE = new GeminiLimits(-1, 1);
    private static final long MOST_TOKENS = 1_000_000_000;
    private static final long MOST_CANDIDATES = 1_000_000; // their product is a long yet

    /** Reads the object in those bytes; what is no count there is the provider's to refuse. */
    public static GeminiLimits of(ByteBuf config, int index, int length) {
        long maxTokens = -1;
        long candidates = 1;
        try (InputStream in = new ByteBufInputStream(config.slice(index, length));
                JsonParser parser = JsonIndex.JSON.createParser(in)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = GeminiFields.camel(parser.currentName());
                parser.nextToken();
                if (name.equals("maxOutputTokens")) {
                    maxTokens = Math.max(maxTokens, count(parser, MOST_TOKENS));
                } else if (name.equals("candidateCount")) {
                    candidates = Math.max(candidates, count(parser, MOST_CANDIDATES));
                }
                parser.skipChildren();
            }
        } catch (IOException | IllegalStateException e) {
            return NONE; // no JSON inside: whoever reads it will say so
        }
        return new GeminiLimits(maxTokens == 0 ? -1 : maxTokens, candidates);
    }

    private static long count(JsonParser parser, long most) throws IOException {
        double count = parser.getValueAsDouble(-1);
        return count >= 0 ? (long) Math.min(count, most) : -1;
    }
}
