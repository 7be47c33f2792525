package io.penstock.translate;

import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * That a prompt is too long, in the words that Anthropic's clients look for: they shorten the
 * conversation on "prompt is too long", by how much being told in the two figures behind it.
 */
final class ContextLength {
    private static final String WORDS = "prompt is too long: ";
    private static final String NUMBER = "(\\d[\\d,]{0,14})";
    private static final int MAX_READ_CHARS = 1024; // no provider needs more for two figures

    /** What was sent, and the most that is taken, in the words of one provider each. */
    private static final List<Pattern> SENT_THEN_MOST = List.of(
            words("prompt is too long: N tokens > N maximum"), // Anthropic
            words("prompt is too long: N, model maximum context length: N"), // Fireworks
            words("input token count \\(N\\) exceeds the maximum number of tokens allowed \\(N\\)"),
            words("input token count is N but model only supports up to N"), // Vertex
            words("prompt contains N tokens .{0,80}too large for model with N maximum"), // Mistral
            words("you passed N input tokens .{0,80}context length is only N tokens"), // vLLM
            words("prompt \\(length N\\) is longer than the maximum model length of N"), // vLLM
            words("request \\(N tokens\\) exceeds the available context size \\(N tokens\\)"),
            words("current length is N while limit is N")); // Cerebras

    private static final List<Pattern> MOST_THEN_SENT = List.of(
            words("maximum context length is N tokens.{0,80}\\(N in (?:the messages|your prompt)"),
            words("maximum context length is N tokens.{0,80}\\(N of text input"), // OpenRouter
            words("maximum context length is N tokens.{0,40} resulted in N tokens"), // OpenAI
            words("configured limit of N tokens.{0,40} resulted in N tokens"), // OpenAI
            words("maximum context length is N tokens.{0,40} requested (?:about )?N tokens"),
            words("maximum prompt length is N but the request contains N tokens"), // xAI
            words("`max_new_tokens` must be <= N\\. given: N `inputs` tokens"), // Together
            words("max input tokens: N, request input token count: N"), // Bedrock
            words("cannot exceed N - received N")); // Cohere

    private ContextLength() {}

    private static Pattern words(String words) {
        return Pattern.compile(words.replace("N", NUMBER));
    }

    /** A provider's message as Anthropic would have said it, or behind its words. */
    static String forAnthropic(String message) {
        String text = message.substring(0, Math.min(message.length(), MAX_READ_CHARS))
                .toLowerCase(Locale.ROOT);
        for (Pattern pattern : SENT_THEN_MOST) {
            Matcher found = pattern.matcher(text);
            if (found.find()) {
                return say(found.group(1), found.group(2));
            }
        }
        for (Pattern pattern : MOST_THEN_SENT) {
            Matcher found = pattern.matcher(text);
            if (found.find()) {
                return say(found.group(2), found.group(1));
            }
        }
        return text.startsWith(WORDS) ? message : WORDS + message;
    }

    private static String say(String sent, String most) {
        return WORDS + sent.replace(",", "") + " tokens > " + most.replace(",", "") + " maximum";
    }
}
