package io.penstock.translate.request;

import static io.penstock.translate.request.ModelTraits.Trait.*;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * What a model takes and refuses, where models of one API differ. One table, the first row that
 * fits; the last one fits all. What a provider itself tells of its models may stand in for it.
 *
 * <p><b>Thread:</b> immutable.
 *
 * @param maxOutputTokens what may be asked for at most; 0 if unknown
 */
public record ModelTraits(Thinking thinking, int maxOutputTokens, Set<Trait> traits) {
    /** How a model is told to think. */
    public enum Thinking {
        /** It cannot, or isn't known to. */
        NONE,
        /** By a number of tokens. */
        BUDGET,
        /** By an effort, the model decides when: Claude 4.6 and later. */
        ADAPTIVE,
        /** By a level: Gemini 3. */
        LEVEL,
        /** By {@code reasoning_effort}: OpenAI. */
        EFFORT
    }

    /** A way in which a model is unlike the plain one. */
    public enum Trait {
        /** {@code temperature}, {@code top_p}, {@code top_k} are errors. */
        REFUSES_SAMPLING,
        /** Only one of the two may be there. */
        REFUSES_TEMPERATURE_WITH_TOP_P,
        /** The last message may not be the assistant's. */
        REFUSES_PREFILL,
        /** Stop sequences and penalties are errors. */
        REFUSES_STOP,
        /** Thinking cannot be switched off. */
        ALWAYS_THINKS,
        /** Effort {@code none} exists. */
        TAKES_EFFORT_NONE,
        /** Efforts above {@code high} exist. */
        TAKES_EFFORT_ABOVE_HIGH,
        /** Operator's messages may stand in the middle. */
        TAKES_SYSTEM_IN_MESSAGES,
        /** Answers in a given JSON schema. */
        TAKES_JSON_SCHEMA,
        /** Tools may be strict. */
        TAKES_STRICT_TOOLS,
        /** Calls in the history without a thought signature are errors. */
        NEEDS_THOUGHT_SIGNATURES,
        /** Fetches images itself. */
        TAKES_IMAGE_URLS
    }

    private record Row(String glob, ModelTraits traits) {}

    private static final int UNKNOWN = 0;
    private static final int MAX_NAME_CHARS = 256;
    private static final ModelTraits PLAIN = new ModelTraits(Thinking.NONE, UNKNOWN, Set.of());
    private static final List<Row> TABLE = new ArrayList<>();

    private static void row(String glob, Thinking thinking, int maxOutputTokens,
            Trait... traits) {
        TABLE.add(new Row(glob, new ModelTraits(thinking, maxOutputTokens, Set.of(traits))));
    }

    static {
        Thinking adaptive = Thinking.ADAPTIVE;
        Thinking budget = Thinking.BUDGET;
        row("claude-fable*", adaptive, UNKNOWN, REFUSES_SAMPLING, REFUSES_PREFILL, ALWAYS_THINKS,
                TAKES_EFFORT_ABOVE_HIGH, TAKES_SYSTEM_IN_MESSAGES, TAKES_JSON_SCHEMA,
                TAKES_STRICT_TOOLS);
        row("claude-mythos*", adaptive, UNKNOWN, REFUSES_SAMPLING, REFUSES_PREFILL, ALWAYS_THINKS,
                TAKES_EFFORT_ABOVE_HIGH, TAKES_SYSTEM_IN_MESSAGES, TAKES_JSON_SCHEMA,
                TAKES_STRICT_TOOLS);
        row("claude-opus-5*", adaptive, UNKNOWN, REFUSES_SAMPLING, REFUSES_PREFILL,
                TAKES_EFFORT_ABOVE_HIGH, TAKES_SYSTEM_IN_MESSAGES, TAKES_JSON_SCHEMA,
                TAKES_STRICT_TOOLS);
        row("claude-opus-4-8*", adaptive, 128_000, REFUSES_SAMPLING, REFUSES_PREFILL,
                TAKES_EFFORT_ABOVE_HIGH, TAKES_SYSTEM_IN_MESSAGES, TAKES_JSON_SCHEMA,
                TAKES_STRICT_TOOLS);
        row("claude-opus-4-7*", adaptive, 128_000, REFUSES_SAMPLING, REFUSES_PREFILL,
                TAKES_EFFORT_ABOVE_HIGH, TAKES_JSON_SCHEMA, TAKES_STRICT_TOOLS);
        row("claude-opus-4-6*", adaptive, 128_000, REFUSES_TEMPERATURE_WITH_TOP_P,
                REFUSES_PREFILL, TAKES_JSON_SCHEMA, TAKES_STRICT_TOOLS);
        row("claude-sonnet-4-6*", adaptive, 64_000, REFUSES_TEMPERATURE_WITH_TOP_P,
                REFUSES_PREFILL, TAKES_JSON_SCHEMA, TAKES_STRICT_TOOLS);
        row("claude-*-4-5*", budget, 64_000, REFUSES_TEMPERATURE_WITH_TOP_P, TAKES_JSON_SCHEMA,
                TAKES_STRICT_TOOLS);
        row("claude-opus-4-1*", budget, 32_000, REFUSES_TEMPERATURE_WITH_TOP_P);
        row("claude-opus-4", budget, 32_000);
        row("claude-opus-4-0*", budget, 32_000);
        row("claude-opus-4?20*", budget, 32_000); // dated: claude-opus-4-20250514, @ on Vertex
        row("claude-sonnet-4", budget, 64_000);
        row("claude-sonnet-4-0*", budget, 64_000);
        row("claude-sonnet-4?20*", budget, 64_000);
        row("claude-3-7-*", budget, 64_000);
        row("claude-3-5-*", Thinking.NONE, 8_192);
        row("claude-3-*", Thinking.NONE, 4_096);
        row("claude-*", adaptive, UNKNOWN, REFUSES_SAMPLING, REFUSES_PREFILL, // newer than this
                TAKES_EFFORT_ABOVE_HIGH, TAKES_JSON_SCHEMA, TAKES_STRICT_TOOLS);

        row("gemini-1*", Thinking.NONE, 8_192, REFUSES_PREFILL);
        row("gemini-2-0*", Thinking.NONE, 8_192, REFUSES_PREFILL);
        row("gemini-2-5-pro*", budget, 65_536, REFUSES_PREFILL, ALWAYS_THINKS);
        row("gemini-2-5*", budget, 65_536, REFUSES_PREFILL);
        row("gemini-3*pro*", Thinking.LEVEL, 65_536, REFUSES_PREFILL, ALWAYS_THINKS,
                NEEDS_THOUGHT_SIGNATURES);
        row("gemini-*", Thinking.LEVEL, 65_536, REFUSES_PREFILL, NEEDS_THOUGHT_SIGNATURES);

        row("gpt-3-5*", Thinking.NONE, 4_096);
        row("gpt-4-turbo*", Thinking.NONE, 4_096);
        row("gpt-4-1*", Thinking.NONE, 32_768);
        row("gpt-4o-2024-05-13", Thinking.NONE, 4_096);
        row("gpt-4o*", Thinking.NONE, 16_384);
        row("gpt-5*chat*", Thinking.NONE, UNKNOWN);
        row("gpt-5", Thinking.EFFORT, UNKNOWN, REFUSES_SAMPLING, REFUSES_STOP);
        row("gpt-5-1*", Thinking.EFFORT, UNKNOWN, REFUSES_SAMPLING, REFUSES_STOP,
                TAKES_EFFORT_NONE);
        row("gpt-5-20*", Thinking.EFFORT, UNKNOWN, REFUSES_SAMPLING, REFUSES_STOP); // dated
        row("gpt-5-2*", Thinking.EFFORT, UNKNOWN, REFUSES_SAMPLING, REFUSES_STOP,
                TAKES_EFFORT_NONE, TAKES_EFFORT_ABOVE_HIGH);
        row("gpt-5-?", Thinking.EFFORT, UNKNOWN, REFUSES_SAMPLING, REFUSES_STOP,
                TAKES_EFFORT_NONE, TAKES_EFFORT_ABOVE_HIGH);
        row("gpt-5-?-*", Thinking.EFFORT, UNKNOWN, REFUSES_SAMPLING, REFUSES_STOP,
                TAKES_EFFORT_NONE, TAKES_EFFORT_ABOVE_HIGH);
        row("gpt-5*", Thinking.EFFORT, UNKNOWN, REFUSES_SAMPLING, REFUSES_STOP);
        row("o1*", Thinking.EFFORT, UNKNOWN, REFUSES_SAMPLING, REFUSES_STOP);
        row("o3*", Thinking.EFFORT, UNKNOWN, REFUSES_SAMPLING, REFUSES_STOP);
        row("o4*", Thinking.EFFORT, UNKNOWN, REFUSES_SAMPLING, REFUSES_STOP);
        row("grok-*non-reasoning*", Thinking.NONE, UNKNOWN);
        row("grok-4*", Thinking.NONE, UNKNOWN, REFUSES_STOP);
        row("grok-3-mini*", Thinking.EFFORT, UNKNOWN, REFUSES_STOP);
        row("gpt-oss*", Thinking.EFFORT, UNKNOWN);
    }

    public ModelTraits {
        traits = Set.copyOf(traits);
    }

    /** The traits of a provider's model, whatever the provider's own prefix to its name. */
    public static ModelTraits of(String model) {
        if (model.length() > MAX_NAME_CHARS) {
            return PLAIN; // no model's name
        }
        String name = familyName(model);
        for (Row row : TABLE) {
            if (matches(row.glob, 0, name, 0)) {
                return row.traits;
            }
        }
        return PLAIN;
    }

    /** {@code us.anthropic.claude-x-4-6-v1:0} and {@code anthropic/claude-x-4.6} are one family. */
    private static String familyName(String model) {
        String name = model.toLowerCase(Locale.ROOT);
        int claude = name.lastIndexOf("claude-");
        return name.substring(claude >= 0 ? claude : name.lastIndexOf('/') + 1).replace('.', '-');
    }

    /** {@code *} is any run of characters, {@code ?} any one; few stars, so it ends soon. */
    private static boolean matches(String glob, int at, String name, int from) {
        for (int i = at; i < glob.length(); i++, from++) {
            if (glob.charAt(i) == '*') {
                for (int rest = from; rest <= name.length(); rest++) {
                    if (matches(glob, i + 1, name, rest)) {
                        return true;
                    }
                }
                return false;
            }
            if (from == name.length()
                    || glob.charAt(i) != '?' && glob.charAt(i) != name.charAt(from)) {
                return false;
            }
        }
        return from == name.length();
    }

    public boolean is(Trait trait) {
        return traits.contains(trait);
    }
}
