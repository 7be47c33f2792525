package io.penstock.translate.request;

import static io.penstock.testing.FuzzInput.check;
import static io.penstock.testing.FuzzInput.checkSame;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.penstock.provider.ChatDialect;
import io.penstock.provider.ProviderType;
import io.penstock.provider.ProviderTypes;
import io.penstock.testing.FuzzInput;
import io.penstock.testing.JsonMender;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * Requests in every caller's format for every provider's: JSON comes out, without a member twice if
 * none was so before, or a refusal with a reason; the same however the body lies in memory, and no
 * more than {@value #MOST_TIMES} times its length beyond {@value #MOST_MORE} bytes.
 */
public final class RequestTranslatorFuzz {
    private static final List<ChatDialect> DIALECTS = ProviderTypes.BUILT_IN.all().stream()
            .map(ProviderType::dialect).distinct().toList();
    private static final int MOST_TIMES = 12;
    private static final int MOST_MORE = 16 * 1024;
    private static final String[] MODELS = {"claude-sonnet-4-6", "claude-sonnet-4", "gpt-5",
        "gemini-2.5-pro", "gemini-3-pro", "x", "claude-3-5-haiku", "o3", "anthropic.claude-v/1:0"};
    private static final JsonFactory JSON = new JsonFactory();
    private static final JsonFactory STRICT = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

    private RequestTranslatorFuzz() {}

    /** The first byte chooses more: the model, the dialect. */
    public static void fuzzerTestOneInput(byte[] data) {
        try (FuzzInput input = new FuzzInput(data)) {
            if (input.bytes().length == 0) {
                return;
            }
            int more = input.bytes()[0] & 0xff;
            ClientFormat from = more >= 128 ? ClientFormat.GEMINI
                    : ClientFormat.values()[input.choice() & 3];
            ProviderFormat to = ProviderFormat.values()[
                    (input.choice() >> 2 & 7) % ProviderFormat.values().length];
            TranslationOptions options = TranslationOptions
                    .of(MODELS[more % MODELS.length], input.chooses(5))
                    .withDialect(DIALECTS.get(more % DIALECTS.size()))
                    .withImageUrls(!input.chooses(6));
            byte[] body = Arrays.copyOfRange(input.bytes(), 1, input.bytes().length);
            if (input.chooses(7)) {
                body = JsonMender.mend(new String(body, StandardCharsets.UTF_8)).getBytes(
                        StandardCharsets.UTF_8);
            }
            String whole = translate(input, from, to, options, body,
                    FuzzInput.whole(body.length));
            checkSame(translate(input, from, to, options, body, input.cuts(body.length)), whole,
                    "in pieces");
        }
    }

    private static String translate(FuzzInput input, ClientFormat from, ProviderFormat to,
            TranslationOptions options, byte[] body, int[] cuts) {
        CompositeByteBuf pieces = input.allocator().compositeBuffer(Integer.MAX_VALUE);
        int at = 0;
        for (int cut : cuts) {
            pieces.addComponent(true, input.buffer(Arrays.copyOfRange(body, at, cut)));
            at = cut;
        }
        try {
            Translated translated = new RequestTranslator().translate(from, to, pieces, options,
                    input.allocator());
            ByteBuf out = translated.body();
            byte[] written = new byte[out.readableBytes()];
            out.readBytes(written);
            out.release();
            check(written.length <= (long) MOST_TIMES * body.length + MOST_MORE,
                    "too much is written: " + written.length);
            checkJson(isJson(STRICT, body) ? STRICT : JSON, written);
            return new String(written, StandardCharsets.UTF_8)
                    + translated.dropped() + translated.changed() + translated.jsonByTool()
                    + translated.usageAsked();
        } catch (UntranslatableException e) {
            check(e.getMessage() != null && !e.getMessage().isEmpty(), "a refusal without a word");
            return "refused: " + e.getMessage();
        } finally {
            pieces.release();
        }
    }

    /** A tool's schema, or an argument, may name a member twice; nothing else may. */
    private static boolean isJson(JsonFactory factory, byte[] bytes) {
        try (JsonParser parser = factory.createParser(bytes)) {
            while (parser.nextToken() != null) {
                parser.finishToken();
            }
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static void checkJson(JsonFactory factory, byte[] written) {
        try (JsonParser parser = factory.createParser(written)) {
            check(parser.nextToken() == JsonToken.START_OBJECT, "no object");
            int depth = 1;
            while (depth > 0) {
                JsonToken token = parser.nextToken();
                depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
                parser.finishToken();
            }
            check(parser.nextToken() == null, "more than one value");
        } catch (IOException e) {
            throw new AssertionError(new String(written, StandardCharsets.UTF_8), e);
        }
    }
}
