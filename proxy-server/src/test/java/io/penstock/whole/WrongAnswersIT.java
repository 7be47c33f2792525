package io.penstock.whole;

import static io.penstock.testing.ProxyUnderTest.CALLER_KEY;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.loop.Transport;
import io.penstock.testing.ProxyUnderTest;
import io.penstock.testing.RawClient;
import io.penstock.testing.ScriptedUpstream;
import io.penstock.testing.ScriptedUpstream.Script;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A 200 that is no answer, or another kind of answer than was asked for, goes to the next provider,
 * whatever the endpoint, the type and the framing.
 */
class WrongAnswersIT {
    private static final String JSON = "application/json";
    private static final String SSE = "text/event-stream";
    private static final String TEXT = "\"What \\\"error\\\" means: \\\"choices\\\":[{}]\"";

    /** What is asked, and how it is answered well. */
    enum Asked {
        CHAT("/v1/chat/completions", "openai",
                "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]",
                "{\"id\":\"c\",\"error\":null,\"choices\":[{\"index\":0,\"message\":{\"role\":"
                        + "\"assistant\",\"content\":" + TEXT + "},\"finish_reason\":\"stop\"}]}",
                "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"},"
                        + "\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"),
        COMPLETIONS("/v1/completions", "openai", "\"prompt\":\"Hi\"",
                "{\"id\":\"c\",\"error\":{},\"choices\":[{\"index\":0,\"text\":" + TEXT
                        + ",\"finish_reason\":\"stop\"}]}",
                "data: {\"choices\":[{\"index\":0,\"text\":\"Hi\",\"finish_reason\":\"stop\"}]}"
                        + "\n\ndata: [DONE]\n\n"),
        EMBEDDINGS("/v1/embeddings", "openai", "\"input\":\"Hi\"",
                "{\"object\":\"list\",\"error\":\"\",\"data\":[{\"embedding\":[0.5],\"index\":0}]}",
                null),
        RESPONSES("/v1/responses", "openai", "\"input\":\"Hi\"",
                "{\"id\":\"r\",\"object\":\"response\",\"status\":\"completed\",\"error\":null,"
                        + "\"output\":[{\"type\":\"message\",\"role\":\"assistant\",\"content\":"
                        + "[{\"type\":\"output_text\",\"text\":" + TEXT + "}]}]}",
                "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\","
                        + "\"delta\":\"Hi\"}\n\nevent: response.completed\ndata: {\"type\":"
                        + "\"response.completed\",\"response\":{\"status\":\"completed\","
                        + "\"output\":[]}}\n\n"),
        MESSAGES("/v1/messages", "anthropic",
                "\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]",
                "{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[{\"type\":"
                        + "\"text\",\"text\":" + TEXT + "}],\"stop_reason\":\"end_turn\"}",
                "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":"
                        + "\"m\"}}\n\nevent: content_block_delta\ndata: {\"type\":"
                        + "\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\","
                        + "\"text\":\"Hi\"}}\n\nevent: message_delta\ndata: {\"type\":"
                        + "\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n"
                        + "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"),
        COUNT_TOKENS("/v1/messages/count_tokens", "anthropic",
                "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]", "{\"input_tokens\":1}",
                null),
        GEMINI("/v1beta/models/m:generateContent", "gemini",
                "\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"Hi\"}]}]",
                "{\n  \"candidates\": [{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":"
                        + TEXT + "}]},\"finishReason\":\"STOP\"}]}",
                "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":"
                        + "\"Hi\"}]},\"finishReason\":\"STOP\"}]}\n\n"),
        GEMINI_COUNT_TOKENS("/v1beta/models/m:countTokens", "gemini",
                "\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"Hi\"}]}]",
                "{\"totalTokens\":1}", null);

        private final String path;
        private final String type;
        private final String body;
        private final String answer;
        private final String stream;

        Asked(String path, String type, String body, String answer, String stream) {
            this.path = path;
            this.type = type;
            this.body = body;
            this.answer = answer;
            this.stream = stream;
        }

        private boolean isGoogles() {
            return type.equals("gemini");
        }

        private void ask(RawClient caller, boolean streamed) throws Exception {
            boolean says = streamed && !isGoogles();
            caller.post(streamed && isGoogles()
                            ? path.replace("generateContent", "streamGenerateContent") + "?alt=sse"
                            : path,
                    "{" + (isGoogles() ? "" : "\"model\":\"m\",") + body
                            + (says ? ",\"stream\":true}" : "}"),
                    "authorization: Bearer " + CALLER_KEY);
        }

        private ProxyUnderTest before(ScriptedUpstream a, ScriptedUpstream b) throws Exception {
            return before(type, a, b);
        }

        private static ProxyUnderTest before(String type, ScriptedUpstream a, ScriptedUpstream b)
                throws Exception {
            return ProxyUnderTest.ofYaml(Transport.NIO, ("""
                    providers:
                      - {name: a, type: %1$s, base_url: %2$s, api_keys: [{value: k}], models: [x]}
                      - {name: b, type: %1$s, base_url: %3$s, api_keys: [{value: k}], models: [x]}
                    routes:
                      - {model: m, targets: [a/x, b/x]}
                    """).formatted(type, a.url(), b.url())).start();
        }
    }

    /** How a reply comes. */
    private record Wrong(String name, Asked asked, boolean streamed, String type, String body,
            String outcome) {
        @Override
        public String toString() {
            return asked + (streamed ? " streamed: " : ": ") + name + " as " + type;
        }
    }

    private static Script reply(String type, String body, boolean chunked) {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        return x -> {
            x.readRequest();
            String framing = chunked ? "transfer-encoding: chunked"
                    : "content-length: " + bytes.length;
            if (type.isEmpty()) {
                x.head(200, framing);
            } else {
                x.head(200, "content-type: " + type, framing);
            }
            if (!chunked) {
                x.write(bytes).flush();
                return;
            }
            int half = body.length() / 2;
            x.chunk(body.substring(0, half)).chunk(body.substring(half)).lastChunk();
        };
    }

    static List<Wrong> wrongUnary() {
        List<Wrong> all = new ArrayList<>();
        for (Asked asked : Asked.values()) {
            String error = "{\"message\":\"no\"}";
            String late = "{\"id\":\"" + "x".repeat(2000) + "\",";
            String rest = asked.answer.substring(1);
            add(all, "a page", asked, "text/html", "<html><body>Hi</body></html>", "bad_response");
            add(all, "a page", asked, JSON, "<!doctype html>\n<p>{}</p>", "bad_response");
            add(all, "a word", asked, "text/plain", "Hi.", "bad_response");
            add(all, "a string", asked, JSON, "\"Hi.\"", "bad_response");
            add(all, "a list", asked, JSON, "[{\"error\":" + error + "}]", "bad_response");
            add(all, "an empty object", asked, JSON, "{}", "bad_response");
            add(all, "null", asked, JSON, "null", "bad_response");
            add(all, "a detail", asked, JSON, "{\"detail\":\"Not Found\"}", "bad_response");
            add(all, "a code", asked, JSON, "{\"code\":1301,\"message\":\"no\"}", "bad_response");
            add(all, "Anthropic's error", asked, JSON,
                    "{\"type\":\"error\",\"error\":" + error + "}", "error_in_reply");
            add(all, "vLLM's error", asked, JSON,
                    "{\"object\":\"error\",\"message\":\"no\"}", "error_in_reply");
            add(all, "an error that is a text", asked, JSON, "{\"error\":\"no\"}",
                    "error_in_reply");
            add(all, "an error first", asked, JSON, "{\"error\":" + error + "," + rest,
                    "error_in_reply");
            add(all, "an error far behind", asked, JSON, late + "\"error\":" + error + "}",
                    "error_in_reply");
            add(all, "an error behind the answer", asked, JSON,
                    asked.answer.substring(0, asked.answer.length() - 1).replaceFirst(
                            "\"error\":(null|\"\"|\\{\\}),", "") + ",\"error\":" + error + "}",
                    "error_in_reply");
            if (asked.stream != null) {
                for (String type : List.of(SSE, JSON, "text/plain", "")) {
                    add(all, "events", asked, type, asked.stream, "bad_response");
                }
            }
        }
        for (Asked asked : List.of(Asked.CHAT, Asked.COMPLETIONS)) {
            String failed = asked.answer.replaceFirst("\"error\":(null|\\{\\}),", "");
            add(all, "a choice with an error", asked, JSON,
                    failed.replace("\"index\":0", "\"index\":0,\"error\":{\"code\":502}"),
                    "error_in_reply");
            add(all, "a choice that ended in error", asked, JSON,
                    failed.replace("\"stop\"", "\"error\""), "error_in_reply");
            add(all, "a choice that had no room", asked, JSON,
                    failed.replace("\"stop\"", "\"insufficient_system_resource\""),
                    "error_in_reply");
            add(all, "no choice", asked, JSON, "{\"id\":\"c\",\"choices\":[]}", "bad_response");
            add(all, "null for choices", asked, JSON, "{\"choices\":null}", "bad_response");
        }
        add(all, "a failed response", Asked.RESPONSES, JSON,
                Asked.RESPONSES.answer.replace("completed", "failed"), "error_in_reply");
        return all;
    }

    private static void add(List<Wrong> all, String name, Asked asked, String type, String body,
            String outcome) {
        all.add(new Wrong(name, asked, false, type, body, outcome));
    }

    static List<Wrong> wrongStreams() {
        List<Wrong> all = new ArrayList<>();
        for (Asked asked : Asked.values()) {
            if (asked.stream == null) {
                continue;
            }
            for (String type : List.of(JSON, "text/plain", "")) {
                all.add(new Wrong("one object", asked, true, type, asked.answer, "bad_response"));
                all.add(new Wrong("a long object", asked, true, type, asked.answer.replace("What",
                        "What ".repeat(40_000)), "bad_response"));
                all.add(new Wrong("an error", asked, true, type,
                        "{\"error\":{\"message\":\"no\"}}", "error_in_reply"));
            }
            all.add(new Wrong("one object", asked, true, SSE, asked.answer, "no_content"));
            all.add(new Wrong("a page", asked, true, "text/html", "<html>\n\n<p>Hi</p>\n\n</html>",
                    "bad_response"));
            all.add(new Wrong("blank lines and an object", asked, true, JSON, "\n\n\n"
                    + asked.answer, "bad_response"));
        }
        return all;
    }

    @ParameterizedTest
    @MethodSource({"wrongUnary", "wrongStreams"})
    void asksTheNextProvider(Wrong wrong) throws Exception {
        Asked asked = wrong.asked();
        String good = wrong.streamed() ? asked.stream : asked.answer;
        for (boolean chunked : new boolean[] {false, true}) {
            try (ScriptedUpstream a = ScriptedUpstream.start(
                            reply(wrong.type(), wrong.body(), chunked));
                    ScriptedUpstream b = ScriptedUpstream.start(
                            reply(wrong.streamed() ? SSE : JSON, good, chunked));
                    ProxyUnderTest proxy = asked.before(a, b)) {
                RawClient caller = proxy.connect();
                asked.ask(caller, wrong.streamed());
                RawClient.Head head = caller.readHead();

                assertThat(head.header("x-penstock-attempts"))
                        .isEqualTo("a/x=" + wrong.outcome() + ", b/x=200");
                assertThat(caller.readBody(head)).isEqualTo(good);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Asked.class)
    void passesAnAnswerThatOnlySpeaksOfErrors(Asked asked) throws Exception {
        for (boolean chunked : new boolean[] {false, true}) {
            try (ScriptedUpstream a = ScriptedUpstream.start(reply(JSON, asked.answer, chunked));
                    ScriptedUpstream b = ScriptedUpstream.start();
                    ProxyUnderTest proxy = asked.before(a, b)) {
                RawClient caller = proxy.connect();
                asked.ask(caller, false);
                RawClient.Head head = caller.readHead();

                assertThat(head.header("x-penstock-attempts")).isEqualTo("a/x=200");
                assertThat(caller.readBody(head)).isEqualTo(asked.answer);
            }
        }
    }

    /** The caller is told what it is. */
    @ParameterizedTest
    @EnumSource(value = Asked.class,
            names = {"CHAT", "COMPLETIONS", "RESPONSES", "MESSAGES", "GEMINI"})
    void passesAStreamThatCallsItselfSomethingElse(Asked asked) throws Exception {
        for (String type : List.of(JSON, "text/plain", "")) {
            for (String before : List.of("", "\n", ": OK\n\n", "id: 1\n", "retry: 9\n")) {
                String stream = before + asked.stream;
                try (ScriptedUpstream a = ScriptedUpstream.start(reply(type, stream, true));
                        ScriptedUpstream b = ScriptedUpstream.start();
                        ProxyUnderTest proxy = asked.before(a, b)) {
                    RawClient caller = proxy.connect();
                    asked.ask(caller, true);
                    RawClient.Head head = caller.readHead();

                    assertThat(head.header("x-penstock-attempts")).isEqualTo("a/x=200");
                    assertThat(head.header("content-type")).isEqualTo(SSE);
                    assertThat(caller.readBody(head)).isEqualTo(stream);
                }
            }
        }
    }

    // Where the provider speaks another format than the caller

    static List<Arguments> translations() {
        List<Arguments> all = new ArrayList<>();
        for (Asked caller : List.of(Asked.CHAT, Asked.COMPLETIONS, Asked.RESPONSES,
                Asked.MESSAGES, Asked.GEMINI)) {
            for (Asked provider : List.of(Asked.CHAT, Asked.MESSAGES, Asked.GEMINI)) {
                if (!caller.type.equals(provider.type)) {
                    all.add(Arguments.of(caller, provider));
                }
            }
        }
        return all;
    }

    @ParameterizedTest
    @MethodSource("translations")
    void translatesNothingButAnswers(Asked caller, Asked provider) throws Exception {
        List<Wrong> all = new ArrayList<>();
        for (String type : List.of(JSON, "text/plain", "")) {
            for (String body : List.of("{}", "<html>\n\n<p>Hi</p></html>", "Hi.", "[]", "null",
                    "{\"detail\":\"no\"}", "{\"code\":1,\"message\":\"no\"}",
                    "{\"error\":{\"message\":\"no\"}}")) {
                all.add(new Wrong(body, provider, false, type, body, null));
                all.add(new Wrong(body, provider, true, type, body, null));
            }
            all.add(new Wrong("events", provider, false, type, provider.stream, null));
            all.add(new Wrong("one object", provider, true, type, provider.answer, null));
        }
        all.add(new Wrong("events", provider, false, SSE, provider.stream, null));
        all.add(new Wrong("one object", provider, true, SSE, provider.answer, null));
        if (provider == Asked.CHAT) {
            all.add(new Wrong("an error of a choice", provider, false, JSON, provider.answer
                    .replace("\"stop\"", "\"error\""), null));
        }
        for (Wrong wrong : all) {
            try (ScriptedUpstream a = ScriptedUpstream.start(
                            reply(wrong.type(), wrong.body(), wrong.streamed()));
                    ScriptedUpstream b = ScriptedUpstream.start(reply(wrong.streamed() ? SSE
                            : JSON, wrong.streamed() ? provider.stream : provider.answer, true));
                    ProxyUnderTest proxy = Asked.before(provider.type, a, b)) {
                RawClient client = proxy.connect();
                caller.ask(client, wrong.streamed());
                RawClient.Head head = client.readHead();

                assertThat(head.header("x-penstock-attempts")).as(wrong.toString()).matches(
                        "a/x=(bad_response|error_in_reply|no_content|empty_reply), b/x=200");
                assertThat(head.header("content-type")).startsWith(wrong.streamed() ? SSE : JSON);
                assertThat(client.readBody(head)).contains(wrong.streamed() ? "Hi" : "means");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("translations")
    void translatesAStreamThatCallsItselfSomethingElse(Asked caller, Asked provider)
            throws Exception {
        for (String type : List.of(JSON, "text/plain", "")) {
            try (ScriptedUpstream a = ScriptedUpstream.start(reply(type, provider.stream, true));
                    ScriptedUpstream b = ScriptedUpstream.start();
                    ProxyUnderTest proxy = Asked.before(provider.type, a, b)) {
                RawClient client = proxy.connect();
                caller.ask(client, true);
                RawClient.Head head = client.readHead();

                assertThat(head.header("x-penstock-attempts")).isEqualTo("a/x=200");
                assertThat(head.header("content-type")).startsWith(SSE);
                assertThat(client.readBody(head)).contains("Hi");
            }
        }
    }

    // What is relayed without being understood

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "/v1/moderations | text/html | <html></html> | bad_response",
        "/v1/rerank | text/html; charset=utf-8 | <html></html> | bad_response",
        "/v1/images/generations | application/json | {\"error\":{\"code\":1}} | error_in_reply",
        "/v1/rerank | application/json | {\"id\":1,\"error\":\"no\"} | error_in_reply",
        "/v1/audio/transcriptions | application/json | {\"type\":\"error\"} | error_in_reply",
        "/v1/moderations | application/json | {\"error\":null,\"results\":[]} | "})
    void judgesWhatAnotherModelCouldAnswer(String path, String type, String body, String outcome)
            throws Exception {
        String good = "{\"results\":[1]}";
        for (boolean chunked : new boolean[] {false, true}) {
            try (ScriptedUpstream a = ScriptedUpstream.start(reply(type, body, chunked));
                    ScriptedUpstream b = ScriptedUpstream.start(reply(JSON, good, chunked));
                    ProxyUnderTest proxy = Asked.before("openai", a, b)) {
                RawClient caller = proxy.connect().post(path, "{\"model\":\"m\"}",
                        "authorization: Bearer " + CALLER_KEY);
                RawClient.Head head = caller.readHead();

                assertThat(head.header("x-penstock-attempts")).isEqualTo(
                        outcome == null ? "a/x=200" : "a/x=" + outcome + ", b/x=200");
                assertThat(caller.readBody(head)).isEqualTo(outcome == null ? body : good);
            }
        }
    }
}
