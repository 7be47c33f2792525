package io.penstock.translate.request;

import io.penstock.translate.CallerTool;
import io.penstock.translate.request.JsonIndex.Kind;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a caller asks of a model, in whatever format it was said: the turns, the tools, and the
 * settings, as ranges of the body. Readers fill it, writers empty it: a setting that no writer has
 * taken is reported as dropped, so that nothing is lost silently.
 *
 * <p><b>Thread:</b> confined; good for one translation.
 * <br><b>Bounds:</b> a few small objects for each part, a part being at least three values of the
 * index.
 */
final class ModelRequest {
    /** What most formats have a word for. */
    enum Setting {
        MAX_TOKENS, TEMPERATURE, TOP_P, TOP_K, N, SEED, FREQUENCY_PENALTY, PRESENCE_PENALTY,
        LOGIT_BIAS, LOGPROBS, TOP_LOGPROBS, SERVICE_TIER, STORE, METADATA, VERBOSITY, PREDICTION,
        PROMPT_CACHE_KEY, PROMPT_CACHE_OPTIONS, PROMPT_CACHE_RETENTION, MODERATION,
        WEB_SEARCH_OPTIONS, END_USER
    }

    /** A setting's value, and what the caller's format calls it. */
    record Value(String path, Kind kind, Raw raw) {
        String text() {
            return raw.text();
        }

        double number() {
            return Double.parseDouble(text());
        }

        /** As a count; throws if it is none. */
        long count() throws UntranslatableException {
            double number = number();
            if (number != Math.rint(number) || Math.abs(number) > 1e15) {
                throw UntranslatableException.invalid(path, "expected a whole number");
            }
            return (long) number;
        }
    }

    /**
     * A tool, offered as a function whatever it is to its caller. {@code name} is its {@linkplain
     * ToolNaming#identity identity} until tools have been named for the provider; {@code schema} is
     * null where the caller gave none, {@code strict} where it said nothing.
     */
    record Tool(String name, Raw description, Raw schema, Boolean strict, String cache,
            String path, CallerTool.Kind kind) {
        Tool(String name, Raw description, Raw schema, Boolean strict, String cache,
                String path) {
            this(name, description, schema, strict, cache, path, CallerTool.Kind.FUNCTION);
        }

        Tool withName(String other) {
            return new Tool(other, description, schema, strict, cache, path, kind);
        }

        Tool with(Raw otherSchema, Boolean whetherStrict) {
            return new Tool(name, description, otherSchema, whetherStrict, cache, path, kind);
        }
    }

    enum Choice { AUTO, NONE, REQUIRED, NAMED }

    /** {@code name} goes with NAMED; {@code allowed} is null where all tools are. */
    record ToolChoice(Choice choice, String name, Set<String> allowed, String path) {}

    enum AnswerKind { OBJECT, SCHEMA }

    /**
     * The shape that the answer has to have.
     *
     * @param schemaPath where the caller named the schema; null where its format has no name for it
     */
    record AnswerFormat(AnswerKind kind, String name, Raw description, Raw schema, Boolean strict,
            String path, String schemaPath) {
        /** What the caller calls something of the schema's object. */
        String path(String member) {
            return (schemaPath == null ? path : schemaPath) + member;
        }

        /** Says that the schema goes without what its caller called it. */
        void dropName(Notes notes) {
            if (schemaPath != null) {
                notes.drop(schemaPath + ".name");
                if (description != null) {
                    notes.drop(schemaPath + ".description");
                }
            }
            dropLaxity(notes);
        }

        /** Says that the model is held to the schema, though its caller did not insist. */
        void dropLaxity(Notes notes) {
            if (schemaPath != null && strict != null && !strict) {
                notes.drop(schemaPath + ".strict");
            }
        }
    }

    enum Mode { OFF, ON }

    /** How much to think: an effort's name or a number of tokens (0 for none said), or neither. */
    record Thinking(Mode mode, String effort, long budgetTokens, String path) {}

    final Notes notes = new Notes();
    final List<Turn> turns = new ArrayList<>();
    final List<Tool> tools = new ArrayList<>();
    /** Where the tools stand that a provider would run itself, and that are left out. */
    final List<String> leftOutTools = new ArrayList<>();
    private final Set<String> leftOutNames = new HashSet<>();
    final List<Value> stops = new ArrayList<>();
    ToolChoice toolChoice; // null where the caller said nothing
    /** Whether the caller offered tools that only their provider can run. */
    boolean toolsDropped;
    boolean oneCallAtATime;
    String oneCallPath;
    AnswerFormat answerFormat; // null for text
    Thinking thinking; // null where the caller said nothing
    /** What the caller's format calls the resolution at which images are looked at. */
    String imageDetailPath = "image_url.detail";
    /** What the caller's format calls the reasoning of earlier turns. */
    String reasoningPath = "messages.reasoning_content";
    /** What the caller's format calls Google's signature of a call. */
    String signaturePath = "messages.tool_calls.extra_content";
    /** Whether the caller is not to be told thoughts: its format wants them asked for. */
    boolean thoughtsHidden;
    /** Whether the caller wants a usage event in a stream. */
    boolean usageAsked;
    /** Whether functions were offered, as was done before there were tools. */
    boolean functionsOffered;
    /** Whether what is strict was called so by Anthropic's rules, which ask less than OpenAI's. */
    boolean strictByAnthropic;
    /** What the answer repeats of the request; null where its format repeats nothing. */
    String responseSettings;

    private final Map<Setting, Value> settings = new EnumMap<>(Setting.class);

    void put(Setting setting, Value value) {
        if (!isWithoutEffect(setting, value)) {
            settings.put(setting, value);
        }
    }

    /** Whether leaving it out says the same, for every provider. */
    private static boolean isWithoutEffect(Setting setting, Value value) {
        return switch (setting) {
            case LOGPROBS, STORE -> "false".equals(value.text());
            case FREQUENCY_PENALTY, PRESENCE_PENALTY -> value.number() == 0;
            case N -> value.number() == 1;
            case LOGIT_BIAS, METADATA -> value.raw.length() == 2;
            default -> false;
        };
    }

    /**
     * Leaves out a tool that only its own provider can run, and says so: it is an offer to the
     * model, unless it is all that is offered.
     *
     * @param name by which a choice may ask for it; null for the type itself
     */
    void leaveOutTool(String type, String name, String path) {
        notes.drop("tools." + type);
        leftOutTools.add(path);
        leftOutNames.add(name == null ? type : name);
    }

    boolean isLeftOut(String toolName) {
        return leftOutNames.contains(toolName);
    }

    /** The setting's value, for which the writer has a word; null if there is none. */
    Value take(Setting setting) {
        return settings.remove(setting);
    }

    /** The bound of the answer that the model can have; null where the caller gave none. */
    Long takeMaxTokens(ModelTraits traits) throws UntranslatableException {
        Value said = take(Setting.MAX_TOKENS);
        if (said == null) {
            return null;
        }
        long count = said.count();
        int limit = traits.maxOutputTokens();
        if (limit > 0 && count > limit) {
            notes.change(said.path());
            return (long) limit;
        }
        return count;
    }

    Value peek(Setting setting) {
        return settings.get(setting);
    }

    /** Takes it and says so: the format has no word for it. */
    void drop(Setting setting) {
        Value value = settings.remove(setting);
        if (value != null) {
            notes.drop(value.path);
        }
    }

    /** To be called when the writer is done. */
    void dropTheRest() {
        settings.values().forEach(value -> notes.drop(value.path));
        settings.clear();
    }
}
