package io.penstock.usage;

import io.netty.buffer.ByteBuf;
import io.penstock.json.Needle;
import io.penstock.loop.Scratch;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Finds the usage object of a reply, in OpenAI's words, Anthropic's or Google's: in an event or in
 * a whole body. Most events have none, and all that they cost is a search for the word.
 *
 * <p><b>Thread:</b> confined to the event loop, which uses one for all its replies.
 * <br><b>Buffers:</b> borrows. <b>Bounds:</b> {@value #MAX_READS} times as many bytes as there are:
 * objects that stand beside each other are read once, but those without end, or within each other,
 * again and again.
 */
public final class UsageScanner {
    private static final int MAX_READS = 2;
    private static final Needle USAGE = new Needle("\"usage\"");
    private static final Needle GOOGLES = new Needle("\"usageMetadata\"");
    private static final double MAX_COUNT = 1e15;

    private final Scratch scratch = new Scratch();
    private final boolean anyReply;

    // What the object being read says
    private long prompt;
    private long completion;
    private long cached;
    private long reasoning;
    private long input; // Anthropic's, without what a cache had or took; Responses', with it
    private long cacheRead;
    private long cacheWritten;
    private long output;
    private long total;
    private long thoughts; // Google's, which its answers are counted without
    private long toolPrompt; // and its prompts without this
    private int objectEnd; // up to where it was read

    /** One for the replies of models that make or read text. */
    public UsageScanner() {
        this(false);
    }

    /** {@code anyReply}: where nothing but a total is told, that is what was read. */
    UsageScanner(boolean anyReply) {
        this.anyReply = anyReply;
    }

    /** The usage in those bytes, if any, the last one if there are several. */
    public @Nullable TokenUsage scan(ByteBuf buffer, int index, int length) {
        return scan(USAGE, buffer, index, length);
    }

    /** The usage in those bytes of a reply in Google's words, as {@link #scan} finds others'. */
    public @Nullable TokenUsage scanGoogles(ByteBuf buffer, int index, int length) {
        return scan(GOOGLES, buffer, index, length);
    }

    private @Nullable TokenUsage scan(Needle word, ByteBuf buffer, int index, int length) {
        byte[] bytes = scratch.copy(buffer, index, length);
        long readable = (long) MAX_READS * length;
        for (int found = word.findLast(bytes, 0, length); found >= 0 && readable > 0;
                found = word.findLast(bytes, 0, found)) {
            int at = found + word.length();
            while (at < length && (bytes[at] == ':' || bytes[at] <= ' ' && bytes[at] >= 0)) {
                at++;
            }
            if (at < length && bytes[at] == '{') {
                if (readObject(bytes, at, length)) {
                    return usage();
                }
                readable -= objectEnd - at;
            }
        }
        return null;
    }

    /** The usage that the object in those bytes tells of; null if it counts nothing. */
    @Nullable TokenUsage read(byte[] object, int length) {
        return readObject(object, 0, length) ? usage() : null;
    }

    /**
     * In whichever words it was told; a few servers use both at once. Some leave reasoning out of
     * the completion, but not out of the total.
     */
    private TokenUsage usage() {
        if (thoughts > 0 || toolPrompt > 0) {
            return new TokenUsage(prompt + toolPrompt, completion + thoughts, cached, thoughts);
        }
        return prompt > 0 || completion > 0
                ? new TokenUsage(prompt, Math.max(completion, total - prompt), cached, reasoning)
                : new TokenUsage(input + cacheRead + cacheWritten, output,
                        Math.max(cached, cacheRead), reasoning);
    }

    /**
     * Reads the object at {@code at}, those inside it too; whether it is whole and counts anything.
     */
    private boolean readObject(byte[] bytes, int at, int length) {
        prompt = 0;
        completion = 0;
        cached = 0;
        reasoning = 0;
        input = 0;
        cacheRead = 0;
        cacheWritten = 0;
        output = 0;
        total = 0;
        thoughts = 0;
        toolPrompt = 0;
        objectEnd = length;
        int depth = 0;
        int lists = 0;
        for (int i = at; i < length; ) {
            byte b = bytes[i];
            if (b == '"') {
                int end = stringEnd(bytes, i + 1, length);
                i = lists > 0 ? end + 1 : readMember(bytes, i + 1, end, length);
            } else {
                depth += b == '{' ? 1 : b == '}' ? -1 : 0;
                lists += b == '[' ? 1 : b == ']' ? -1 : 0;
                i++;
                if (depth == 0) {
                    objectEnd = i;
                    boolean told = prompt > 0 || completion > 0 || input > 0 || output > 0;
                    prompt = told || !anyReply ? prompt : total;
                    return told || prompt > 0;
                }
            }
        }
        return false;
    }

    /** Reads the value behind a name, if it is a count; returns where to go on. */
    private int readMember(byte[] bytes, int name, int nameEnd, int length) {
        int at = nameEnd + 1;
        while (at < length && (bytes[at] == ':' || bytes[at] <= ' ' && bytes[at] >= 0)) {
            at++;
        }
        int start = at < length && bytes[at] == '"' ? at + 1 : at; // some write counts in quotes
        int end = start;
        while (end < length && isNumeric(bytes[end])) {
            end++;
        }
        if (end > start) {
            onCount(bytes, name, nameEnd, count(bytes, start, end));
        }
        return start > at ? stringEnd(bytes, start, length) + 1 : end;
    }

    private void onCount(byte[] bytes, int name, int nameEnd, long count) {
        switch (nameEnd - name) {
            case 12 -> { // input_tokens, total_tokens
                if (bytes[name] == 'i' && bytes[name + 1] == 'n') { // and not image_tokens
                    input = count;
                } else if (bytes[name] == 't' && bytes[name + 1] == 'o') {
                    total = count;
                }
            }
            case 23 -> { // cache_read_input_tokens, cachedContentTokenCount, toolUsePrompt...
                if (bytes[name] == 'c' && bytes[name + 6] == 'r') {
                    cacheRead = count;
                } else if (isGoogles(bytes, nameEnd) && bytes[name] == 'c') {
                    cached = count;
                } else if (isGoogles(bytes, nameEnd) && bytes[name] == 't') {
                    toolPrompt = count;
                }
            }
            case 27 -> { // cache_creation_input_tokens
                if (bytes[name] == 'c' && bytes[name + 6] == 'c') {
                    cacheWritten = count;
                }
            }
            case 13 -> { // prompt_tokens, cached_tokens, output_tokens
                if (bytes[name] == 'p') {
                    prompt = count;
                } else if (bytes[name] == 'c' && bytes[name + 1] == 'a') {
                    cached = count;
                } else if (bytes[name] == 'o') {
                    output = count;
                }
            }
            case 16 -> { // reasoning_tokens, promptTokenCount
                if (bytes[name] == 'r') {
                    reasoning = count;
                } else if (isGoogles(bytes, nameEnd) && bytes[name] == 'p') {
                    prompt = count;
                }
            }
            case 15 -> { // totalTokenCount
                if (isGoogles(bytes, nameEnd) && bytes[name] == 't') {
                    total = count;
                }
            }
            case 18 -> { // thoughtsTokenCount
                if (isGoogles(bytes, nameEnd) && bytes[name] == 't') {
                    thoughts = count;
                }
            }
            case 20 -> { // candidatesTokenCount
                if (isGoogles(bytes, nameEnd) && bytes[name + 2] == 'n') {
                    completion = count;
                }
            }
            case 17 -> { // completion_tokens
                if (bytes[name] == 'c' && bytes[name + 3] == 'p') {
                    completion = count;
                }
            }
            default -> { }
        }
    }

    /** Whether a name ends as Google's do. */
    private static boolean isGoogles(byte[] bytes, int nameEnd) {
        return bytes[nameEnd - 10] == 'T' && bytes[nameEnd - 5] == 'C';
    }

    private static int stringEnd(byte[] bytes, int from, int length) {
        int at = from;
        while (at < length && bytes[at] != '"') {
            at += bytes[at] == '\\' ? 2 : 1;
        }
        return Math.min(at, length);
    }

    private static boolean isNumeric(byte b) {
        return b >= '0' && b <= '9' || b == '-' || b == '+' || b == '.' || b == 'e' || b == 'E';
    }

    /** Some count in floats, some below zero: never trusted, never fatal. */
    private static long count(byte[] bytes, int start, int end) {
        long count = 0;
        for (int i = start; i < end; i++) {
            int digit = bytes[i] - '0';
            if (digit < 0 || digit > 9 || i - start > 15) {
                return unusual(new String(bytes, start, end - start, StandardCharsets.ISO_8859_1));
            }
            count = count * 10 + digit;
        }
        return count;
    }

    private static long unusual(String text) {
        try {
            double number = Double.parseDouble(text);
            return number > 0 && number < MAX_COUNT ? (long) number : 0;
        } catch (NumberFormatException e) {
            return 0; // digits and signs that make no number
        }
    }
}
