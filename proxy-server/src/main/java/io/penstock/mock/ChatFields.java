package io.penstock.mock;

import io.netty.buffer.ByteBuf;
import io.netty.util.ByteProcessor;
import java.nio.charset.StandardCharsets;

/**
 * Picks the fields that a mock obeys out of a chat request's JSON, byte by byte as it comes, at
 * whatever place they stand. Lenient: it checks that brackets close, and not much else.
 *
 * <p><b>Thread:</b> confined to its connection's event loop.
 * <br><b>Buffers:</b> borrows what it scans, keeps none.
 * <br><b>Bounds:</b> remembers one key or value of at most {@link #MAX_TOKEN_BYTES}.
 */
final class ChatFields implements ByteProcessor {
    static final int MAX_TOKEN_BYTES = 256;

    /** A key that matters here. */
    private enum Key { NONE, MODEL, STREAM, STREAM_OPTIONS, INCLUDE_USAGE, MAX_TOKENS }

    private final byte[] token = new byte[MAX_TOKEN_BYTES];
    private int tokenLength;
    private boolean tokenTooLong;
    private boolean tokenIsString;
    private int depth;
    private boolean inString;
    private boolean escaped;
    private boolean inOptions; // inside stream_options
    private boolean listening; // at a depth where keys matter: the top, and inside stream_options
    private boolean keyRead; // the next token is a value
    private boolean opened;
    private boolean broken;
    private Key key = Key.NONE;

    private final byte[] model = new byte[MAX_TOKEN_BYTES];
    private int modelLength;
    private boolean stream;
    private boolean includeUsage;
    private long maxTokens;

    /** Forgets the last request. */
    void reset() {
        clearToken();
        depth = 0;
        inString = false;
        escaped = false;
        inOptions = false;
        listening = false;
        keyRead = false;
        opened = false;
        broken = false;
        key = Key.NONE;
        modelLength = 0;
        stream = false;
        includeUsage = false;
        maxTokens = Long.MAX_VALUE;
    }

    /** Scans and skips the next {@code length} bytes. */
    void scan(ByteBuf in, int length) {
        in.forEachByte(in.readerIndex(), length, this);
        in.skipBytes(length);
    }

    /** Whether all bytes made one JSON object, as far as this scanner can tell. */
    boolean isObject() {
        return opened && depth == 0 && !inString && !broken;
    }

    /** The model's name as it stands between its quotes: {@link #modelLength} bytes of it. */
    byte[] model() {
        return model;
    }

    /** 0 when no model is named, or by more bytes than {@link #MAX_TOKEN_BYTES}. */
    int modelLength() {
        return modelLength;
    }

    boolean isStream() {
        return stream;
    }

    boolean includesUsage() {
        return stream && includeUsage;
    }

    /** The smaller of {@code max_tokens} and {@code max_completion_tokens}, if any. */
    long maxTokens() {
        return maxTokens;
    }

    @Override
    public boolean process(byte value) {
        if (inString) {
            inString(value);
            return true;
        }
        switch (value) {
            case '"' -> {
                clearToken();
                tokenIsString = true;
                inString = true;
            }
            case '{', '[' -> open(value);
            case '}', ']' -> close();
            case ':' -> {
                if (listening) {
                    key = keyOf();
                    keyRead = true;
                    clearToken();
                }
            }
            case ',' -> endValue();
            case ' ', '\t', '\r', '\n' -> { }
            default -> {
                broken |= depth == 0;
                capture(value);
            }
        }
        return true;
    }

    private void inString(byte value) {
        if (escaped) {
            escaped = false;
        } else if (value == '\\') {
            escaped = true;
        } else if (value == '"') {
            inString = false;
            return;
        }
        capture(value);
    }

    private void capture(byte value) {
        if (!listening) {
            return;
        }
        if (tokenLength < MAX_TOKEN_BYTES) {
            token[tokenLength++] = value;
        } else {
            tokenTooLong = true;
        }
    }

    private void open(byte bracket) {
        broken |= depth == 0 && (opened || bracket != '{');
        opened = true;
        if (depth == 1) {
            inOptions = bracket == '{' && keyRead && key == Key.STREAM_OPTIONS;
        }
        depth++;
        listening = isListening();
        keyRead = false;
        clearToken();
    }

    private void close() {
        endValue();
        depth--;
        broken |= depth < 0;
        inOptions &= depth > 1;
        listening = isListening();
    }

    private boolean isListening() {
        return depth == 1 || depth == 2 && inOptions;
    }

    private void endValue() {
        if (listening && keyRead) {
            set();
            keyRead = false;
            key = Key.NONE;
        }
        clearToken();
    }

    private void set() {
        switch (key) {
            case MODEL -> {
                modelLength = 0;
                if (tokenIsString && !tokenTooLong) {
                    System.arraycopy(token, 0, model, 0, tokenLength);
                    modelLength = tokenLength;
                }
            }
            case STREAM -> stream = isTrue();
            case INCLUDE_USAGE -> includeUsage = isTrue();
            case MAX_TOKENS -> maxTokens = Math.min(maxTokens, number());
            default -> { }
        }
    }

    private Key keyOf() {
        if (depth == 2) {
            return tokenIs("include_usage") ? Key.INCLUDE_USAGE : Key.NONE;
        }
        return switch (tokenLength) {
            case 5 -> tokenIs("model") ? Key.MODEL : Key.NONE;
            case 6 -> tokenIs("stream") ? Key.STREAM : Key.NONE;
            case 10 -> tokenIs("max_tokens") ? Key.MAX_TOKENS : Key.NONE;
            case 14 -> tokenIs("stream_options") ? Key.STREAM_OPTIONS : Key.NONE;
            case 21 -> tokenIs("max_completion_tokens") ? Key.MAX_TOKENS : Key.NONE;
            default -> Key.NONE;
        };
    }

    private boolean isTrue() {
        return !tokenIsString && tokenIs("true");
    }

    private boolean tokenIs(String word) {
        if (tokenLength != word.length()) {
            return false;
        }
        for (int i = 0; i < tokenLength; i++) {
            if (token[i] != word.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private long number() {
        if (tokenIsString || tokenLength == 0 || tokenLength > 18) {
            return Long.MAX_VALUE;
        }
        String digits = new String(token, 0, tokenLength, StandardCharsets.US_ASCII);
        return digits.chars().allMatch(c -> c >= '0' && c <= '9')
                ? Long.parseLong(digits)
                : Long.MAX_VALUE;
    }

    private void clearToken() {
        tokenLength = 0;
        tokenTooLong = false;
        tokenIsString = false;
    }
}
