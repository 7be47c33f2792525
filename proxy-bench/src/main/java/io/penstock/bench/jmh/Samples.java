package io.penstock.bench.jmh;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;

/** Bytes as they come from an SDK and from a provider. */
final class Samples {
    /** How many texts and events there are before they come again. */
    static final int VARIETY = 256;

    private static final long SEED = 7;
    private static final String[] WORDS = {" water", " comes", "fällt", " über", "水", "の", "流れ",
        " вода", " течёт", "🌊", "\\n", "\\\"", " 42", ", ", "l’eau", " reservoir"};
    private static final int[] MOST_WORDS = {1, 1, 1, 2, 2, 4, 16, 64};
    private static final String PADDING = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private static final int MAX_PADDING = 24;

    static final String USAGE_EVENT = "data: {\"id\":\"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT\","
            + "\"object\":\"chat.completion.chunk\",\"created\":1755000000,"
            + "\"model\":\"gpt-4o-mini\",\"choices\":[],"
            + "\"usage\":{\"prompt_tokens\":19,\"completion_tokens\":10,"
            + "\"total_tokens\":29,"
            + "\"prompt_tokens_details\":{\"cached_tokens\":0,\"audio_tokens\":0},"
            + "\"completion_tokens_details\":{\"reasoning_tokens\":0,\"audio_tokens\":0,"
            + "\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}}\n\n";

    static final String REQUEST_HEAD = "POST /v1/chat/completions HTTP/1.1\r\n"
            + "Host: localhost:8080\r\nAccept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n"
            + "Accept: application/json\r\nContent-Type: application/json\r\n"
            + "User-Agent: OpenAI/Python 3.22.0\r\nX-Stainless-Lang: python\r\n"
            + "X-Stainless-Package-Version: 3.22.0\r\nX-Stainless-OS: Linux\r\n"
            + "X-Stainless-Arch: x64\r\nX-Stainless-Runtime: CPython\r\n"
            + "X-Stainless-Runtime-Version: 3.11.7\r\n"
            + "Authorization: Bearer psk-0123456789abcdef0123456789abcdef\r\n"
            + "X-Stainless-Async: false\r\nx-stainless-retry-count: 0\r\n"
            + "x-stainless-read-timeout: 600\r\nContent-Length: 1024\r\n\r\n";

    static final String RESPONSE_HEAD = "HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 12:00:00 GMT\r\n"
            + "Content-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n"
            + "Connection: keep-alive\r\nopenai-organization: org-x\r\n"
            + "openai-processing-ms: 212\r\n"
            + "openai-version: 2020-10-01\r\nx-ratelimit-limit-requests: 10000\r\n"
            + "x-ratelimit-limit-tokens: 2000000\r\nx-ratelimit-remaining-requests: 9999\r\n"
            + "x-request-id: req_0123456789abcdef\r\ncf-ray: 8f0a1b2c3d4e5f6a-FRA\r\n"
            + "set-cookie: __cf_bm=abc; path=/; HttpOnly\r\n\r\n";

    private Samples() {}

    /** Texts of events, as JSON has them: of all lengths and several scripts, always the same. */
    static String[] texts() {
        SplittableRandom random = new SplittableRandom(SEED);
        String[] texts = new String[VARIETY];
        for (int i = 0; i < texts.length; i++) {
            StringBuilder text = new StringBuilder();
            int count = 1 + random.nextInt(MOST_WORDS[random.nextInt(MOST_WORDS.length)]);
            for (int j = 0; j < count; j++) {
                text.append(WORDS[random.nextInt(WORDS.length)]);
            }
            texts[i] = text.toString();
        }
        return texts;
    }

    /** What OpenAI ends its events in: letters of a random number. */
    static String[] paddings() {
        SplittableRandom random = new SplittableRandom(SEED);
        String[] paddings = new String[VARIETY];
        for (int i = 0; i < paddings.length; i++) {
            StringBuilder padding = new StringBuilder();
            for (int j = random.nextInt(MAX_PADDING); j >= 0; j--) {
                padding.append(PADDING.charAt(random.nextInt(PADDING.length())));
            }
            paddings[i] = padding.toString();
        }
        return paddings;
    }

    /** Events of a chat, no two of which end alike. */
    static String[] events() {
        String[] events = texts();
        String[] paddings = paddings();
        for (int i = 0; i < events.length; i++) {
            events[i] = "data: {\"id\":\"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT\",\"object\":"
                    + "\"chat.completion.chunk\",\"created\":1755000000,\"model\":"
                    + "\"gpt-4o-mini\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\""
                    + events[i] + "\"},\"logprobs\":null,\"finish_reason\":null}],"
                    + "\"usage\":null,\"obfuscation\":\"" + paddings[i] + "\"}\n\n";
        }
        return events;
    }

    static String body(int promptBytes) {
        return "{\"model\":\"gpt-4o\",\"messages\":[{\"role\":\"user\",\"content\":\""
                + "The quick brown fox jumps over the lazy dog.\\n".repeat(promptBytes / 46 + 1)
                + "\"}],\"temperature\":0.7,\"stream\":true}";
    }

    static String chunk(String event) {
        return Integer.toHexString(utf8(event).length) + "\r\n" + event + "\r\n";
    }

    static ByteBuf buffer(String text) {
        byte[] bytes = utf8(text);
        return PooledByteBufAllocator.DEFAULT.directBuffer(bytes.length).writeBytes(bytes);
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
