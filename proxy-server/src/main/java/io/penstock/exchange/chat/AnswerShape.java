package io.penstock.exchange.chat;

import io.penstock.json.Needle;
import io.penstock.translate.WholeAnswer;
import io.penstock.translate.WholeAnswer.Finding;

/**
 * What every unary answer of an endpoint has, and how an answer is told at a glance from an error
 * page, another API's error object, or an error in the dress of an answer.
 *
 * <p>A glance looks for the beginning of the main member and for the word {@code "error"}: inside a
 * text both would have escaped quotes. Only a body that fails the glance is parsed.
 *
 * <p><b>Thread:</b> immutable.
 */
enum AnswerShape {
    CHOICES("\"choices\":[{", "choices"),
    CONTENT("\"content\":[{", "content"),
    OUTPUT("\"output\":[{", "output"),
    DATA("\"data\":[{", "data"),
    /** A prompt that Google blocks has no candidates, but is answered. */
    CANDIDATES("\"candidates\"", "candidates", "promptFeedback"),
    INPUT_TOKENS("\"input_tokens\"", "input_tokens"),
    TOTAL_TOKENS("\"totalTokens\"", "totalTokens");

    private static final int BEGINS_WITHIN_BYTES = 1024;
    private static final int REASON_WITHIN_BYTES = 512; // of the end
    private static final Needle ERROR = new Needle("\"error\"");
    private static final Needle FAILED = new Needle("\"failed\"");
    private static final Needle EXHAUSTED = new Needle("\"insufficient_system_resource\"");
    private static final byte[] NULL = {'n', 'u', 'l', 'l'};

    private final Needle beginning;
    private final String[] members;

    AnswerShape(String beginning, String... members) {
        this.beginning = new Needle(beginning);
        this.members = members;
    }

    static AnswerShape of(Endpoint endpoint) {
        return switch (endpoint) {
            case CHAT, FALLBACK_CHAT, COMPLETIONS -> CHOICES;
            case EMBEDDINGS -> DATA;
            case MESSAGES -> CONTENT;
            case RESPONSES -> OUTPUT;
            case GEMINI -> CANDIDATES;
            case COUNT_TOKENS -> INPUT_TOKENS;
            case GEMINI_COUNT_TOKENS -> TOTAL_TOKENS;
        };
    }

    /** The member that an answer cannot do without. */
    String member() {
        return members[0];
    }

    /** Judges the first {@code length} bytes, which may be all of the body. */
    Finding read(byte[] bytes, int length) {
        return looksGood(bytes, length) ? Finding.ANSWER
                : WholeAnswer.read(bytes, length, members);
    }

    private boolean looksGood(byte[] bytes, int length) {
        if (length == 0 || bytes[0] != '{'
                || beginning.find(bytes, 0, Math.min(length, BEGINS_WITHIN_BYTES)) < 0) {
            return false;
        }
        int at = ERROR.find(bytes, 0, length);
        while (at >= 0) {
            if (!isNull(bytes, at + ERROR.length(), length)) {
                return false;
            }
            at = ERROR.find(bytes, at + ERROR.length(), length);
        }
        return switch (this) {
            case CHOICES -> EXHAUSTED.find(bytes, Math.max(0, length - REASON_WITHIN_BYTES),
                    length) < 0;
            case OUTPUT -> FAILED.find(bytes, 0, length) < 0;
            default -> true;
        };
    }

    /** Whether the member whose name ends there is null. */
    private static boolean isNull(byte[] bytes, int from, int to) {
        int at = from;
        while (at < to && (bytes[at] == ':' || bytes[at] == ' ')) {
            at++;
        }
        for (int i = 0; i < NULL.length; i++) {
            if (at + i >= to || bytes[at + i] != NULL[i]) {
                return false;
            }
        }
        return at > from;
    }
}
