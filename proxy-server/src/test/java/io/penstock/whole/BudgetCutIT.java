package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static io.penstock.testing.ProxyUnderTest.PATIENCE;
import static io.penstock.testing.ProxyUnderTest.SMART;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.caller.Allowance;
import io.penstock.loop.Transport;
import io.penstock.provider.ProviderType;
import io.penstock.provider.ProviderTypes;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.testing.TypeByName;
import io.penstock.usage.BudgetSettings;
import io.penstock.usage.BudgetSettings.Enforce;
import io.penstock.usage.BudgetSettings.OnStoreFailure;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.converter.ConvertWith;
import org.junit.jupiter.params.provider.CsvSource;

/** Streams without an end of their own, which a spent budget ends in the caller's format. */
class BudgetCutIT {
    private static final long BUDGET = 1500;
    private static final int EVENTS_AT_ONCE = 20;
    private static final String CHAT = "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":["
            + "{\"index\":0,\"delta\":{\"content\":\"word \"},\"finish_reason\":null}]}\n\n";
    private static final String MESSAGES_START = named("{\"type\":\"message_start\",\"message\":"
            + "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\","
            + "\"content\":[],\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}")
            + named("{\"type\":\"content_block_start\",\"index\":0,\"content_block\":"
            + "{\"type\":\"text\",\"text\":\"\"}}");
    private static final String MESSAGES = named("{\"type\":\"content_block_delta\",\"index\":0,"
            + "\"delta\":{\"type\":\"text_delta\",\"text\":\"word \"}}");
    private static final String RESPONSES_START = named("{\"type\":\"response.created\","
            + "\"sequence_number\":0,\"response\":{\"id\":\"resp_1\",\"object\":\"response\","
            + "\"created_at\":5,\"status\":\"in_progress\",\"model\":\"m\",\"output\":[],"
            + "\"new_member\":[1.0],\"usage\":null}}")
            + named("{\"type\":\"response.output_item.added\",\"sequence_number\":1,"
            + "\"output_index\":0,\"item\":{\"id\":\"msg_7\",\"type\":\"message\",\"status\":"
            + "\"in_progress\",\"role\":\"assistant\",\"content\":[]}}")
            + named("{\"type\":\"response.content_part.added\",\"sequence_number\":2,"
            + "\"item_id\":\"msg_7\",\"output_index\":0,\"content_index\":0,\"part\":{\"type\":"
            + "\"output_text\",\"text\":\"\",\"annotations\":[]}}");

    private static final String GEMINI = "data: {\"candidates\":[{\"content\":{\"parts\":"
            + "[{\"text\":\"word \"}],\"role\":\"model\"},\"index\":0}],\"responseId\":\"r\"}"
            + "\r\n\r\n";

    private static String named(String data) {
        String type = data.substring(9, data.indexOf('"', 9));
        return "event: " + type + "\ndata: " + data + "\n\n";
    }

    private static String response(int sequence) {
        return named("{\"type\":\"response.output_text.delta\",\"sequence_number\":" + sequence
                + ",\"item_id\":\"msg_7\",\"output_index\":0,\"content_index\":0,\"delta\":"
                + "\"word \"}");
    }

    /** Talks until nobody listens any more. */
    private static void talk(ScriptedUpstream.Exchange x, ProviderType type, boolean responses)
            throws Exception {
        x.readRequest();
        x.sseHead();
        x.chunk(responses ? RESPONSES_START : type == ProviderTypes.ANTHROPIC ? MESSAGES_START
                : type == ProviderTypes.GEMINI ? GEMINI : CHAT);
        int sequence = 3;
        while (!x.awaitClosed(Duration.ofMillis(1))) {
            StringBuilder events = new StringBuilder();
            for (int i = 0; i < EVENTS_AT_ONCE; i++) {
                events.append(responses ? response(sequence++)
                        : type == ProviderTypes.ANTHROPIC ? MESSAGES
                        : type == ProviderTypes.GEMINI ? GEMINI : CHAT);
            }
            x.chunk(events.toString());
        }
    }

    @ParameterizedTest
    @CsvSource({"gemini, '?alt=sse'", "gemini, ''", "openai, '?alt=sse'", "anthropic, ''"})
    void endsARunningGeminiStreamInOrder(@ConvertWith(TypeByName.class) ProviderType type,
            String query) throws Exception {
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> talk(x, type, false));
                ProxyUnderTest proxy = ProxyUnderTest.on(Transport.auto()).provider("a", a.url())
                        .type(type)
                        .budget(new BudgetSettings(Enforce.CUT, OnStoreFailure.CONTINUE))
                        .allowance(new Allowance(0, Allowance.MINUTE_NANOS, 0, 0, BUDGET, 0))
                        .start()) {
            RawClient caller = proxy.connect().post("/v1beta/models/" + SMART
                    + ":streamGenerateContent" + query, "{\"contents\":[{\"parts\":[{\"text\":"
                    + "\"Hi\"}]}],\"generationConfig\":{\"maxOutputTokens\":500}}",
                    "x-goog-api-key: " + CALLER_KEY);
            assertThat(caller.readHead().status()).isEqualTo(200);

            String stream = caller.readChunked();

            assertThat(stream).doesNotContain("error");
            assertThat(stream.split("\"word \"", -1).length).isBetween(1000, 3000);
            String last = stream.substring(stream.lastIndexOf("{\"candidates\""));
            assertThat(last).contains("\"finishReason\":\"MAX_TOKENS\",\"index\":0")
                    .contains("\"candidatesTokenCount\":")
                    .endsWith(query.isEmpty() ? "}\n\n]\n\n" : "}\n\n");
            assertThat(a.awaitClosed(1, PATIENCE)).as("the provider is stopped").isTrue();
        }
    }

    @ParameterizedTest
    @CsvSource({"messages, anthropic", "messages, openai", "responses, openai",
        "responses, groq", "responses, anthropic"})
    void endsARunningStreamInOrder(String path,
            @ConvertWith(TypeByName.class) ProviderType type) throws Exception {
        boolean relayedResponses = path.equals("responses") && type == ProviderTypes.OPENAI;
        try (ScriptedUpstream a = ScriptedUpstream.start(x -> talk(x, type, relayedResponses));
                ProxyUnderTest proxy = ProxyUnderTest.on(Transport.auto()).provider("a", a.url())
                        .type(type)
                        .budget(new BudgetSettings(Enforce.CUT, OnStoreFailure.CONTINUE))
                        .allowance(new Allowance(0, Allowance.MINUTE_NANOS, 0, 0, BUDGET, 0))
                        .start()) {
            RawClient caller = proxy.connect().post("/v1/" + path, path.equals("messages")
                    ? "{\"model\":\"" + SMART + "\",\"max_tokens\":500,\"stream\":true,"
                    + "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"
                    : "{\"model\":\"" + SMART + "\",\"max_output_tokens\":500,\"stream\":true,"
                    + "\"input\":\"Hi\"}", "x-api-key: " + CALLER_KEY);
            assertThat(caller.readHead().status()).isEqualTo(200);

            String stream = caller.readChunked();

            assertThat(stream).doesNotContain("event: error").doesNotContain("response.failed");
            assertThat(stream.split("\"word \"", -1).length).isBetween(1000, 3000);
            if (path.equals("messages")) {
                checkMessages(stream);
            } else {
                checkResponses(stream);
            }
            assertThat(a.awaitClosed(1, PATIENCE)).as("the provider is stopped").isTrue();
        }
    }

    private static void checkMessages(String stream) {
        assertThat(stream).containsPattern("event: content_block_stop\ndata: \\{\"type\":"
                + "\"content_block_stop\",\"index\":0}\n\nevent: message_delta\ndata: \\{\"type\":"
                + "\"message_delta\",\"delta\":\\{\"stop_reason\":\"max_tokens\",[^\n]*"
                + "\"output_tokens\":1[0-9]{3}[^\n]*\n\nevent: message_stop\ndata: "
                + "\\{\"type\":\"message_stop\"}\n\n$");
    }

    private static void checkResponses(String stream) {
        assertThat(stream.substring(stream.indexOf("event: response.output_text.done")))
                .containsSubsequence("event: response.output_text.done",
                "event: response.content_part.done", "event: response.output_item.done",
                "event: response.incomplete", "\"status\":\"incomplete\"",
                "\"incomplete_details\":{\"reason\":\"max_output_tokens\"}");
        assertThat(stream.lastIndexOf("event: ")).isEqualTo(
                stream.indexOf("event: response.incomplete"));
        Matcher numbers = Pattern.compile("\"sequence_number\":([0-9]+)").matcher(stream);
        for (int i = 0; numbers.find(); i++) {
            assertThat(numbers.group(1)).isEqualTo(String.valueOf(i));
        }
    }
}
