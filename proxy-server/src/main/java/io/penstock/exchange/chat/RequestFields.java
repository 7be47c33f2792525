package io.penstock.exchange.chat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.penstock.exchange.call.BodyEdits;
import io.penstock.failure.Failure;
import io.penstock.json.JsonNumber;
import io.penstock.json.JsonText;
import io.penstock.json.TopLevelScanner;
import io.penstock.json.TopLevelScanner.Kind;
import io.penstock.provider.Prefill;
import io.penstock.translate.GeminiPath;
import io.penstock.translate.ReplyFormat;
import io.penstock.translate.request.GeminiLimits;
import java.nio.charset.StandardCharsets;

/**
 * What the proxy has to know of a request in OpenAI's format, and what it changes in it for a
 * provider.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
final class RequestFields {
    private static final String[] NAMES =
            {"model", "stream", "stream_options", "max_tokens", "max_completion_tokens", "n",
                "messages", "logprobs", "response_format", "user", "prompt_cache_key", "models",
                "fallbacks", "best_of", "max_output_tokens", "generationConfig",
                "generation_config", "input", "contents", "text", "output_config",
                "output_format"};
    static final int MODEL = 0;
    private static final int STREAM = 1;
    private static final int STREAM_OPTIONS = 2;
    private static final int MAX_TOKENS = 3;
    private static final int MAX_COMPLETION_TOKENS = 4;
    private static final int N = 5;
    static final int MESSAGES = 6;
    private static final int LOGPROBS = 7;
    private static final int RESPONSE_FORMAT = 8;
    private static final int USER = 9;
    private static final int PROMPT_CACHE_KEY = 10;
    static final int MODELS = 11;
    static final int FALLBACKS = 12;
    private static final int BEST_OF = 13;
    private static final int MAX_OUTPUT_TOKENS = 14; // of a response
    static final int GENERATION_CONFIG = 15; // Google's
    static final int GENERATION_CONFIG_SNAKE = 16; // by its other name
    private static final int INPUT = 17; // of a response
    static final int CONTENTS = 18; // Google's
    private static final int TEXT = 19; // how a response's is to look
    private static final int OUTPUT_CONFIG = 20; // of messages
    private static final int OUTPUT_FORMAT = 21; // as it was called before

    static final int MAX_MODEL_CHARS = 512;
    private static final long MAX_COUNT = 999_999_999; // no model answers with more tokens
    private static final byte[] ASK = "{\"include_usage\":true}".getBytes(
            StandardCharsets.US_ASCII);
    private static final byte[] JSON_FORM = ascii("\"json_"); // schema, object
    private static final byte[] FORM = ascii("\"format\"");
    private static final String ASK_MEMBER = ",\"stream_options\":{\"include_usage\":true}";

    private boolean inPath; // the model, and the wish for a stream
    private boolean array;
    private String model;
    private String written; // what the body says in its place; null if that can't stay
    private String memberName; // of what goes there, with a colon, where that isn't there yet
    private long modelStart;
    private long modelEnd;
    private boolean stream;
    private long maxTokens = -1;
    private long choices = 1;
    private String user;
    private String promptCacheKey;
    private long drafts = 1;
    private boolean asksForUsage;
    private Kind optionsKind = Kind.ABSENT;
    private String options;
    private long optionsStart;
    private long optionsEnd;
    private boolean continuable;
    private Kind turnsKind = Kind.ABSENT; // of the conversation
    private long turnsStart;
    private long turnsEnd;
    private long formStart; // of what may ask for another form than a text's
    private long formEnd; // 0 if there is nothing
    private byte[] formWord; // that shows it does
    private final long[] limits = new long[8]; // where the bounds of tokens stand

    /** Looks for all of them. */
    static TopLevelScanner newScanner() {
        return new TopLevelScanner(NAMES).locateOnly(MESSAGES).locateOnly(RESPONSE_FORMAT)
                .locateOnly(GENERATION_CONFIG).locateOnly(GENERATION_CONFIG_SNAKE)
                .locateOnly(INPUT).locateOnly(CONTENTS).locateOnly(TEXT).locateOnly(OUTPUT_CONFIG)
                .locateOnly(OUTPUT_FORMAT);
    }

    /**
     * Reads what was found; returns what is wrong with it, or null.
     *
     * @param first the model that is asked for whatever {@code model} says; null where that counts
     * @param deployment the model that is asked for if the body names none; null for no such one
     */
    Failure read(TopLevelScanner found, String first, String deployment) {
        Kind kind = found.kind(MODEL);
        boolean deployed = first == null && deployment != null && kind == Kind.ABSENT;
        String named = deployed ? deployment : first;
        if (named == null && (kind != Kind.STRING || found.text(MODEL).isBlank())) {
            return new Failure(Failure.Kind.MISSING_MODEL, kind == Kind.ABSENT
                    ? "The request names no model: 'model' is required."
                    : "'model' has to be a string that is not empty.", "model", null);
        }
        Kind streamKind = found.kind(STREAM);
        if (streamKind != Kind.ABSENT && streamKind != Kind.TRUE && streamKind != Kind.FALSE
                && streamKind != Kind.NULL) {
            return new Failure(Failure.Kind.BAD_REQUEST, "'stream' has to be true or false.",
                    "stream", null);
        }
        if ((named == null ? found.text(MODEL) : named).length() > MAX_MODEL_CHARS) {
            return new Failure(Failure.Kind.MODEL_NOT_FOUND, "No model has a name of more than "
                    + MAX_MODEL_CHARS + " characters.", "model", null);
        }
        model = named == null ? found.text(MODEL) : named;
        written = kind == Kind.STRING ? found.text(MODEL) : null;
        if (deployed) {
            memberName = found.members() == 0 ? "\"model\":" : ",\"model\":";
            modelStart = found.last();
            modelEnd = modelStart;
        } else {
            memberName = kind == Kind.ABSENT ? "\"model\":" : "";
            modelStart = kind == Kind.ABSENT ? found.before(MODELS) + 1 : found.start(MODEL);
            modelEnd = found.end(kind == Kind.ABSENT ? MODELS : MODEL);
        }
        stream = streamKind == Kind.TRUE;
        // Not every provider knows both: whichever counts for this one, it is not beyond that. To
        // some of them 0 says nothing.
        maxTokens = Math.max(Math.max(count(found, MAX_COMPLETION_TOKENS, 0),
                count(found, MAX_TOKENS, 0)), count(found, MAX_OUTPUT_TOKENS, 0));
        maxTokens = maxTokens == 0 ? -1 : maxTokens;
        choices = Math.max(1, count(found, N, 1));
        user = string(found, USER);
        promptCacheKey = string(found, PROMPT_CACHE_KEY);
        drafts = Math.max(choices, count(found, BEST_OF, 1));
        optionsKind = found.kind(STREAM_OPTIONS);
        if (optionsKind == Kind.OBJECT) {
            options = found.text(STREAM_OPTIONS);
            asksForUsage = StreamOptions.asksForUsage(options);
        }
        optionsStart = found.start(STREAM_OPTIONS);
        optionsEnd = found.end(STREAM_OPTIONS);
        boolean response = found.kind(MESSAGES) == Kind.ABSENT;
        locateTurns(found, response ? INPUT : MESSAGES);
        continuable = (turnsKind == Kind.ARRAY || response && turnsKind == Kind.STRING)
                && choices == 1 && found.kind(LOGPROBS) != Kind.TRUE
                && isNothing(found.kind(RESPONSE_FORMAT)) && isNothing(found.kind(OUTPUT_FORMAT));
        int form = response ? TEXT : OUTPUT_CONFIG;
        formWord = response ? JSON_FORM : FORM;
        formStart = found.start(form);
        formEnd = found.kind(form) == Kind.OBJECT ? found.end(form) : 0;
        locate(found, MAX_TOKENS, 0);
        locate(found, MAX_COMPLETION_TOKENS, 2);
        locate(found, MAX_OUTPUT_TOKENS, 4);
        return null;
    }

    private static boolean isNothing(Kind kind) {
        return kind == Kind.ABSENT || kind == Kind.NULL;
    }

    private void locateTurns(TopLevelScanner found, int member) {
        turnsKind = found.kind(member);
        turnsStart = found.start(member);
        turnsEnd = found.end(member);
    }

    /**
     * Reads a request whose path says what else the body does; returns what is wrong, or null.
     *
     * @param asked what its configuration says, which stands at {@code configStart}
     */
    Failure read(GeminiPath path, TopLevelScanner found, GeminiLimits asked, long configStart) {
        if (path.model().length() > MAX_MODEL_CHARS) {
            return new Failure(Failure.Kind.MODEL_NOT_FOUND, "No model has a name of more than "
                    + MAX_MODEL_CHARS + " characters.", "model", null);
        }
        inPath = true;
        model = path.model();
        stream = path.method() == GeminiPath.Method.STREAM;
        array = stream && !path.events();
        maxTokens = asked.maxTokens();
        choices = asked.candidates();
        drafts = choices;
        locateTurns(found, CONTENTS);
        continuable = turnsKind == Kind.ARRAY && choices == 1 && asked.isPlain();
        if (asked.maxTokensStart() > 0) {
            limits[6] = configStart + asked.maxTokensStart();
            limits[7] = configStart + asked.maxTokensEnd();
        }
        return null;
    }

    private void locate(TopLevelScanner found, int member, int at) {
        boolean number = found.kind(member) == Kind.NUMBER;
        limits[at] = number ? found.start(member) : 0;
        limits[at + 1] = number ? found.end(member) : 0;
    }

    /** Null for anything else than a string: that is the provider's to refuse. */
    private static String string(TopLevelScanner found, int member) {
        return found.kind(member) == Kind.STRING ? found.text(member) : null;
    }

    /** Reads a count. The provider refuses a malformed one; one beyond all bounds is the bound. */
    private static long count(TopLevelScanner found, int member, long otherwise) {
        return found.kind(member) == Kind.NUMBER
                ? JsonNumber.count(found.text(member), MAX_COUNT, otherwise) : otherwise;
    }

    /**
     * Fits the body to a target: its name of the model, and the question for a stream's usage.
     *
     * @param asks whether that question is to be put in the caller's place
     */
    void fit(BodyEdits edits, String targetModel, boolean asks) {
        if (inPath) {
            return;
        }
        boolean asksBehindModel = asks && optionsKind == Kind.ABSENT;
        if (!targetModel.equals(written)) {
            StringBuilder text = JsonText.quote(new StringBuilder(memberName), targetModel);
            edits.replace(modelStart, modelEnd, (asksBehindModel ? text.append(ASK_MEMBER) : text)
                    .toString().getBytes(StandardCharsets.UTF_8));
        } else if (asksBehindModel) {
            edits.replace(modelEnd, modelEnd, ASK_MEMBER.getBytes(StandardCharsets.US_ASCII));
        }
        if (asks && optionsKind == Kind.NULL) {
            edits.replace(optionsStart, optionsEnd, ASK);
        } else if (asks && optionsKind == Kind.OBJECT) {
            byte[] asking = StreamOptions.asking(options);
            if (asking != null) {
                edits.replace(optionsStart, optionsEnd, asking);
            }
        }
    }

    /**
     * Whether a stream that broke could be continued by another target: one answer of plain text,
     * as far as is known without {@linkplain #wantsForm a look} at what stands deeper.
     */
    boolean isContinuable() {
        return continuable;
    }

    /** Whether some of the body may ask for another form than a text's. */
    boolean mayWantForm() {
        return formEnd > 0;
    }

    /** Whether the whole body asks for another form than a text's: half of that is no beginning. */
    boolean wantsForm(ByteBuf whole) {
        ByteBuf form = whole.slice(whole.readerIndex() + (int) formStart,
                (int) (formEnd - formStart));
        return ByteBufUtil.indexOf(Unpooled.wrappedBuffer(formWord), form) >= 0;
    }

    /**
     * Asks to go on from a text that the caller has already.
     *
     * @param format that the body is in
     * @param prefill the way of asking it
     * @param passedTokens how many the text may have come to; they are not granted again
     */
    void goOn(BodyEdits edits, ReplyFormat format, String text, Prefill prefill,
            long passedTokens) {
        boolean google = format == ReplyFormat.GEMINI;
        StringBuilder turn = new StringBuilder(google ? ",{\"role\":\"model\",\"parts\":[{\"text\":"
                : ",{\"role\":\"assistant\",\"content\":");
        JsonText.quote(turn, text).append(google ? "}]" : prefill.members()).append('}');
        if (turnsKind == Kind.STRING) { // the user's only words
            edits.replace(turnsStart, turnsStart, ascii("[{\"role\":\"user\",\"content\":"));
            edits.replace(turnsEnd, turnsEnd,
                    ('}' + turn.append(']').toString()).getBytes(StandardCharsets.UTF_8));
        } else {
            edits.replace(turnsEnd - 1, turnsEnd - 1,
                    turn.toString().getBytes(StandardCharsets.UTF_8));
        }
        if (!prefill.options().isEmpty()) {
            edits.replace(turnsEnd, turnsEnd, ascii(prefill.options()));
        }
        if (maxTokens >= 0) {
            byte[] rest = ascii(Long.toString(Math.max(1, maxTokens - passedTokens)));
            for (int at = 0; at < limits.length; at += 2) {
                if (limits[at] > 0) {
                    edits.replace(limits[at], limits[at + 1], rest);
                }
            }
        }
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** Null while nothing was read. */
    String model() {
        return model;
    }

    boolean isStream() {
        return stream;
    }

    /** Whether the stream is to be one JSON array, not events. */
    boolean isArray() {
        return array;
    }

    /** Whether the caller asks for the usage of its stream. */
    boolean asksForUsage() {
        return asksForUsage;
    }

    /** How many tokens the caller lets one answer have; -1 if it doesn't say. */
    long maxTokens() {
        return maxTokens;
    }

    /** Whom the caller calls for; null if it doesn't say. */
    String user() {
        return user;
    }

    /** What prompts have in common whose beginnings are alike; null if the caller doesn't say. */
    String promptCacheKey() {
        return promptCacheKey;
    }

    /** How many answers the caller wants. */
    long choices() {
        return choices;
    }

    /** How many are made, and paid for. */
    long drafts() {
        return drafts;
    }
}
