package io.penstock.whole;

import io.penstock.testing.ProxyUnderTest;
import java.util.List;
import java.util.Map;

/**
 * An official client of one API, made alike with those of others: the same question, and the same
 * answer however it came.
 *
 * <p><b>Thread:</b> confined to the test's.
 */
interface SdkCaller extends AutoCloseable {
    /** Of an answer. */
    int MAX_TOKENS = 200;

    /** Offered by every question that offers any. */
    List<String> TOOLS = List.of("get_weather", "get_time");

    /** The only parameter of each. */
    Map<String, Map<String, String>> PARAMETERS = Map.of("city", Map.of("type", "string"));

    /** Which client, and what it calls the ends of an answer. */
    enum Kind {
        OPENAI_CHAT("stop", "tool_calls", "length"),
        OPENAI_RESPONSES("completed", "completed", "incomplete"),
        ANTHROPIC_MESSAGES("end_turn", "tool_use", "max_tokens");

        final String finish;
        final String finishInCalls;
        final String finishCutShort;

        Kind(String finish, String finishInCalls, String finishCutShort) {
            this.finish = finish;
            this.finishInCalls = finishInCalls;
            this.finishCutShort = finishCutShort;
        }

        /** Never tries again by itself. */
        SdkCaller before(ProxyUnderTest proxy, String key) {
            String url = "http://127.0.0.1:" + proxy.port();
            return switch (this) {
                case OPENAI_CHAT -> new ChatSdkCaller(url + "/v1", key);
                case OPENAI_RESPONSES -> new ResponsesSdkCaller(url + "/v1", key);
                case ANTHROPIC_MESSAGES -> new MessagesSdkCaller(url, key);
            };
        }
    }

    /**
     * What is asked, {@code Hi} before all.
     *
     * @param fields further header lines, by name
     * @param calls an answer that called tools, whose {@code results} come with the question; or
     *     null
     * @param results by the tool's name
     */
    record Question(String model, boolean offersTools, Map<String, String> fields, Said calls,
            Map<String, String> results) {
        static Question of(String model, boolean offersTools, Map<String, String> fields) {
            return new Question(model, offersTools, fields, null, Map.of());
        }

        /** The same question once its calls have been answered. */
        Question after(Said calls, Map<String, String> results, Map<String, String> fields) {
            return new Question(model, offersTools, fields, calls, results);
        }
    }

    /**
     * An answer, joined by the client itself if it was streamed.
     *
     * @param calls each tool's name and the JSON of its arguments, in their order
     * @param promptTokens all of them, {@code cachedTokens} among them
     * @param reply as the client has it
     */
    record Said(String model, String text, List<String> calls, String finish, long promptTokens,
            long cachedTokens, long completionTokens, Object reply) {}

    /** What the client made of an error; {@code status} is that of the reply. */
    record Refused(int status, String type, String message) {}

    Said whole(Question question);

    Said streamed(Question question);

    /** Null for an exception that is not about what the proxy said. */
    Refused refused(Throwable thrown);

    @Override
    void close();
}
