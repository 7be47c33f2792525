package io.penstock.translate.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.testing.Bytes;
import io.penstock.translate.request.TranslationCase.Result;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RequestTranslatorTest {
    private static final String HI = "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";

    private final RequestTranslator translator = new RequestTranslator();

    private static Result translate(ProviderFormat to, String body, TranslationOptions options)
            throws UntranslatableException {
        return TranslationCase.translate(ClientFormat.CHAT, to, body, options, 0);
    }

    private static String withImage(int bytes) {
        byte[] image = new byte[bytes];
        new Random(1).nextBytes(image);
        return "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\","
                + "\"image_url\":{\"url\":\"data:image/png;base64,"
                + Base64.getEncoder().encodeToString(image) + "\"}}]}]}";
    }

    @Test
    void saysWhetherTheAnswerComesThroughATool() throws Exception {
        String body = HI.replace("}]}", "}],\"response_format\":{\"type\":\"json_schema\","
                + "\"json_schema\":{\"name\":\"n\",\"schema\":{\"type\":\"object\"}}}}");

        assertThat(translate(ProviderFormat.MESSAGES, body,
                TranslationOptions.of("claude-3-7-sonnet", false)).jsonByTool()).isTrue();
        assertThat(translate(ProviderFormat.MESSAGES, body,
                TranslationOptions.of("claude-opus-5", false)).jsonByTool()).isFalse();
    }

    @Test
    void saysWhetherUsageWasAskedFor() throws Exception {
        TranslationOptions options = TranslationOptions.of("claude-opus-5", true);

        assertThat(translate(ProviderFormat.MESSAGES, HI, options).usageAsked()).isFalse();
        assertThat(translate(ProviderFormat.MESSAGES, HI.replace("}]}", "}],\"stream_options\":"
                + "{\"include_usage\":true}}"), options).usageAsked()).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    void copiesLargeImagesAsTheyAre(ProviderFormat to) throws Exception {
        String body = withImage(768 * 1024);
        String base64 = body.substring(body.indexOf("base64,") + 7, body.indexOf("\"}}]}"));

        String out = translate(to, body, TranslationOptions.of("claude-opus-5", false)).body();

        assertThat(out.contains(base64)).isTrue();
        assertThat(out).hasSizeLessThan(body.length() + 512);
    }

    @Test
    void allocatesNoMoreThanAStatedShareOfTheBody() throws Exception {
        byte[] body = withImage(3 * 1024 * 1024).getBytes(StandardCharsets.UTF_8);
        ByteBuf buffer = Bytes.buffer(body);
        try {
            TranslationOptions options = TranslationOptions.of("claude-opus-5", false);
            translateAndRelease(buffer, options); // whatever is made only once
            long before = heapAllocated();

            int capacity = translateAndRelease(buffer, options);

            long heap = heapAllocated() - before;
            assertThat(heap).as("the copy, the index and odds and ends")
                    .isLessThan(body.length + 512 * 1024);
            assertThat(capacity).as("the output").isLessThan(body.length + 64 * 1024);
        } finally {
            buffer.release();
        }
    }

    @Test
    void growsTheBodyToTwiceItsSizeAtMost() throws Exception {
        String input = "{\"k\":[" + "\"\\\\\",".repeat(100_000) + "\"\"]}";
        String body = "{\"max_tokens\":1,\"messages\":[{\"role\":\"user\",\"content\":\"a\"},"
                + "{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"t\","
                + "\"name\":\"f\",\"input\":" + input + "}]},{\"role\":\"user\",\"content\":"
                + "[{\"type\":\"tool_result\",\"tool_use_id\":\"t\"}]}]}";

        Result result = TranslationCase.translate(ClientFormat.MESSAGES, ProviderFormat.CHAT,
                body, TranslationOptions.of("gpt-4o", false), 0);

        assertThat(result.body().length()).isLessThan(2 * body.length());
    }

    /** Returns how much room the output took. */
    private int translateAndRelease(ByteBuf body, TranslationOptions options)
            throws UntranslatableException {
        ByteBuf out = translator.translate(ClientFormat.CHAT, ProviderFormat.MESSAGES, body,
                options, UnpooledByteBufAllocator.DEFAULT).body();
        int capacity = out.capacity();
        out.release();
        return capacity;
    }

    private static long heapAllocated() {
        return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean())
                .getCurrentThreadAllocatedBytes();
    }

    @Test
    void copesWithLongConversations() throws Exception {
        StringBuilder body = new StringBuilder("{\"messages\":[");
        for (int i = 0; i < 20_000; i++) {
            body.append("{\"role\":\"system\",\"content\":\"a\"},");
        }
        for (int i = 0; i < 20_000; i++) {
            body.append("{\"role\":\"user\",\"content\":\"b\"},");
            body.append("{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c:0\",\"function\":")
                    .append("{\"name\":\"f\",\"arguments\":\"\"}}]},")
                    .append("{\"role\":\"tool\",\"tool_call_id\":\"c:0\",\"content\":\"r\"},");
        }
        body.setLength(body.length() - 1);
        body.append("]}");

        for (ProviderFormat to : ProviderFormat.values()) {
            String out = translate(to, body.toString(),
                    TranslationOptions.of("claude-opus-5", false)).body();
            assertThat(out).hasSizeGreaterThan(20_000 * 50);
        }
    }

    @Test
    void leaksNothingAndGoesOnAfterARefusal() throws Exception {
        for (String bad : new String[] {"{\"messages\":[", "{\"messages\":1}", "{\"n\":2,"
                + HI.substring(1)}) {
            ByteBuf body = Bytes.buffer(bad);
            assertThatThrownBy(() -> translator.translate(ClientFormat.CHAT,
                    ProviderFormat.MESSAGES, body, TranslationOptions.of("claude-opus-5", false),
                    UnpooledByteBufAllocator.DEFAULT))
                    .isInstanceOf(UntranslatableException.class);
            assertThat(body.readableBytes()).isEqualTo(bad.length());
            body.release();
        }
        ByteBuf body = Bytes.buffer(HI);
        translateAndRelease(body, TranslationOptions.of("claude-opus-5", false));
        body.release();
    }

    @Test
    void tellsTheCallersMistakesFromWhatAnotherProviderMayTake() {
        assertThatThrownBy(() -> translate(ProviderFormat.MESSAGES, HI.replace("{\"m", "{\"n\":2,"
                + "\"m"), TranslationOptions.of("claude-opus-5", false)))
                .isInstanceOfSatisfying(UntranslatableException.class, e -> {
                    assertThat(e.code()).isEqualTo("unsupported_parameter");
                    assertThat(e.isCallersMistake()).isFalse();
                    assertThat(e).hasMessage("n: gives one answer only").hasNoCause();
                });
        assertThatThrownBy(() -> translate(ProviderFormat.MESSAGES, HI.replace("{\"m", "{\"n\":"
                + "\"two\",\"m"), TranslationOptions.of("claude-opus-5", false)))
                .isInstanceOfSatisfying(UntranslatableException.class, e -> {
                    assertThat(e.code()).isEqualTo("invalid_request");
                    assertThat(e.isCallersMistake()).isTrue();
                });
    }

    @Test
    void boundsWhatItReportsAndKeepsItFitForAHeader() throws Exception {
        StringBuilder body = new StringBuilder(HI);
        for (int i = 0; i < 1000; i++) {
            body.insert(1, "\"x" + i + "\\r\\nset-cookie: " + "y".repeat(100) + "\":1,");
        }

        Result result = translate(ProviderFormat.MESSAGES, body.toString(),
                TranslationOptions.of("claude-opus-5", false));

        assertThat(result.dropped()).hasSize(Notes.MAX_NAMES + 1).endsWith("...")
                .allMatch(name -> name.length() <= Notes.MAX_NAME_CHARS
                        && name.matches("[!-~&&[^,]]+"));
    }

    @Test
    void aThreadIsRefusedByTheCodeThatItsCallersKnow() {
        assertThatThrownBy(() -> TranslationCase.translate(ClientFormat.MESSAGES,
                ProviderFormat.CHAT, JsonTree.quoted("{'model':'x','max_tokens':9,'messages':"
                + "[{'role':'user','content':'a'}],'thread':{'type':'continue'}}"),
                TranslationOptions.of("gpt-4o", false), 0))
                .isInstanceOfSatisfying(UntranslatableException.class, e -> {
                    assertThat(e.subcode()).isEqualTo("thread_unsupported_request");
                    assertThat(e.isCallersMistake()).isFalse(); // Anthropic may yet be asked
                });
    }
}
