package io.penstock.translate.request;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * How much a Gemini request asks for, and in which form, by its {@code generationConfig}: for who
 * keeps its limits, and continues its answer.
 *
 * <p><b>Bounds:</b> {@value #MOST_TOKENS} tokens, {@value #MOST_CANDIDATES} answers; more counts as
 * that.
 *
 * @param maxTokens of one answer; -1 if the request doesn't say
 * @param candidates how many answers
 * @param isPlain whether the answer is to be plain text, and nothing beside it
 * @param maxTokensStart where {@code maxTokens} stands in the object; 0 where it doesn't
 * @param maxTokensEnd where it ends
 */
public record GeminiLimits(long maxTokens, long candidates, boolean isPlain, long maxTokensStart,
        long maxTokensEnd) {
    /** Of a request that says nothing. */
    public static final GeminiLimits NONE = new GeminiLimits(-1, 1, true, 0, 0);
    private static final long MOST_TOKENS = 1_000_000_000;
    private static final long MOST_CANDIDATES = 1_000_000; // their product is a long yet

    /** Reads the object in those bytes; what is no count there is the provider's to refuse. */
    public static GeminiLimits of(ByteBuf config, int index, int length) {
        long maxTokens = -1;
        long candidates = 1;
        boolean plain = true;
        long start = 0;
        long end = 0;
        try (InputStream in = new ByteBufInputStream(config.slice(index, length));
                JsonParser parser = JsonIndex.JSON.createParser(in)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = GeminiFields.camel(parser.currentName());
                parser.nextToken();
                switch (name) {
                    case "maxOutputTokens" -> {
                        maxTokens = Math.max(maxTokens, count(parser, MOST_TOKENS));
                        int quotes = parser.hasToken(JsonToken.VALUE_STRING) ? 2 : 0;
                        start = parser.currentTokenLocation().getByteOffset();
                        end = start + parser.getText().length() + quotes;
                    }
                    case "candidateCount" ->
                            candidates = Math.max(candidates, count(parser, MOST_CANDIDATES));
                    case "responseMimeType" -> plain &= parser.getText().equals("text/plain");
                    case "responseLogprobs" -> plain &= !parser.hasToken(JsonToken.VALUE_TRUE);
                    default -> { }
                }
                parser.skipChildren();
            }
        } catch (IOException | IllegalStateException e) {
            return NONE; // no JSON inside: whoever reads it will say so
        }
        return new GeminiLimits(maxTokens == 0 ? -1 : maxTokens, candidates, plain,
                maxTokens > 0 ? start : 0, end);
    }

    private static long count(JsonParser parser, long most) throws IOException {
        double count = parser.getValueAsDouble(-1);
        return count >= 0 ? (long) Math.min(count, most) : -1;
    }
}
