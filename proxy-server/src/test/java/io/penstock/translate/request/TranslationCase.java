package io.penstock.translate.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.provider.ChatDialect;
import io.penstock.testing.Bytes;
import io.penstock.translate.CallerTools;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * A row of a translation table: what goes in, what of it comes out and under which names the rest
 * is reported. JSON is in single quotes. Of the output's top level only what the row names is
 * compared, but that as a whole; null means that it must not be there.
 */
final class TranslationCase {
    private final String name;
    private final String in;
    private final String out; // null if it is refused
    private final String refusedParam;
    private List<String> dropped = List.of();
    private List<String> changed = List.of();
    private String model;
    private UnaryOperator<TranslationOptions> options = UnaryOperator.identity();

    private TranslationCase(String name, String in, String out, String refusedParam) {
        this.name = name;
        this.in = JsonTree.quoted(in);
        this.out = out == null ? null : JsonTree.quoted(out);
        this.refusedParam = refusedParam;
    }

    static TranslationCase maps(String name, String in, String out) {
        return new TranslationCase(name, in, out, null);
    }

    static TranslationCase refuses(String name, String in, String param) {
        return new TranslationCase(name, in, null, param);
    }

    TranslationCase drops(String... fields) {
        dropped = List.of(fields);
        return this;
    }

    TranslationCase changes(String... fields) {
        changed = List.of(fields);
        return this;
    }

    TranslationCase model(String name) {
        model = name;
        return this;
    }

    TranslationCase with(UnaryOperator<TranslationOptions> more) {
        options = more;
        return this;
    }

    /** Another dialect than OpenAI's. */
    record WithDialect(ChatDialect dialect) implements UnaryOperator<TranslationOptions> {
        @Override
        public TranslationOptions apply(TranslationOptions options) {
            return options.withDialect(dialect);
        }
    }

    /** Runs it; {@code rest} is what every request needs, less what the row has itself. */
    void check(ClientFormat from, ProviderFormat to, String usualModel, String... rest)
            throws UntranslatableException {
        StringBuilder body = new StringBuilder(in.strip());
        Map<String, Object> members = JsonTree.object(in);
        for (String member : rest) {
            String quoted = JsonTree.quoted(member);
            if (!members.containsKey(quoted.substring(1, quoted.indexOf('"', 1)))) {
                body.insert(1, quoted + (body.charAt(1) == '}' ? "" : ","));
            }
        }
        TranslationOptions all = options.apply(
                TranslationOptions.of(model == null ? usualModel : model, false));
        if (out == null) {
            assertThatThrownBy(() -> translate(from, to, body.toString(), all, 0))
                    .isInstanceOfSatisfying(UntranslatableException.class, e -> {
                        assertThat(e.param()).isEqualTo(refusedParam);
                        assertThat(e.getMessage()).startsWith(refusedParam + ": ");
                    });
            return;
        }
        Result result = translate(from, to, body.toString(), all, 0);
        for (int size : Bytes.PIECE_SIZES) {
            assertThat(translate(from, to, body.toString(), all, size)).isEqualTo(result);
        }
        Map<String, Object> actual = JsonTree.object(result.body);
        JsonTree.object(out).forEach((member, value) -> {
            if (value.equals(new JsonTree.Literal("null"))) {
                assertThat(actual).doesNotContainKey(member);
            } else {
                assertThat(actual).containsEntry(member, value);
            }
        });
        assertThat(result.dropped).containsExactlyInAnyOrderElementsOf(dropped);
        assertThat(result.changed).containsExactlyInAnyOrderElementsOf(changed);
    }

    @Override
    public String toString() {
        return name;
    }

    /** What came out, its buffer released. */
    record Result(String body, List<String> dropped, List<String> changed,
            boolean jsonByTool, boolean usageAsked, String responseSettings,
            boolean functionsOffered, CallerTools tools) {}

    /** Translates a body in pieces of that size; 0 for a plain array. */
    static Result translate(ClientFormat from, ProviderFormat to, String body,
            TranslationOptions options, int pieceSize) throws UntranslatableException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        CompositeByteBuf pieces =
                UnpooledByteBufAllocator.DEFAULT.compositeBuffer(Integer.MAX_VALUE);
        for (byte[] piece : Bytes.pieces(bytes, pieceSize == 0 ? Integer.MAX_VALUE : pieceSize)) {
            pieces.addComponent(true, pieceSize == 0
                    ? UnpooledByteBufAllocator.DEFAULT.heapBuffer().writeBytes(piece)
                    : Bytes.buffer(piece));
        }
        int before = pieces.readerIndex();
        try {
            Translated translated = new RequestTranslator().translate(from, to, pieces, options,
                    UnpooledByteBufAllocator.DEFAULT);
            assertThat(pieces.readerIndex()).isEqualTo(before);
            ByteBuf out = translated.body();
            String text = out.toString(StandardCharsets.UTF_8);
            out.release();
            return new Result(text, translated.dropped(),
                    translated.changed(), translated.jsonByTool(), translated.usageAsked(),
                    translated.responseSettings(), translated.functionsOffered(),
                    translated.tools());
        } finally {
            pieces.release();
        }
    }
}
