package io.penstock.translate.request;

import io.penstock.translate.request.ModelRequest.AnswerKind;
import io.penstock.translate.request.ModelRequest.Choice;
import io.penstock.translate.request.ModelRequest.Mode;
import io.penstock.translate.request.ModelRequest.Setting;
import io.penstock.translate.request.ModelRequest.Tool;
import io.penstock.translate.request.ModelRequest.Value;
import io.penstock.translate.request.ModelTraits.Thinking;
import io.penstock.translate.request.ModelTraits.Trait;
import io.penstock.translate.request.Part.Reasoning;
import io.penstock.translate.request.Part.Text;
import io.penstock.translate.request.Part.ToolCall;
import io.penstock.translate.request.Part.ToolResult;
import io.penstock.translate.request.Turn.Role;
import java.util.ArrayList;
import java.util.List;

/**
 * What a request means to a model behind Anthropic's format or Bedrock's Converse, before it is
 * spelled: the settings depend on one another there, and on the model.
 *
 * <p><b>Thread:</b> confined; good for one translation.
 */
final class ClaudePlan {
    private static final int USUAL_MAX_TOKENS = 16_384;
    private static final int UNKNOWN_MODELS_MAX_TOKENS = 4_096; // more would be an error for some
    private static final int MIN_BUDGET = 1_024;
    private static final int MAX_CACHE_POINTS = 4;
    private static final int MAX_STRICT_TOOLS = 20; // more in one request are an error
    private static final double MIN_THINKING_TOP_P = 0.95;
    private static final Text JSON_ONLY = new Text(
            "Answer with one JSON object only: no other text before or after it.");

    final List<Text> system;
    final List<Turn> turns;
    final ToolPlan tools;
    final boolean jsonByTool;
    /** What the answer has to look like; null where nothing holds it to a schema. */
    final Raw answerSchema;
    long maxTokens;
    /** Null for nothing said; a mode that is off is to be written as such. */
    Mode thinking;
    long budgetTokens; // 0 where the model finds out for itself
    String effort; // null for none
    Raw temperature; // these three null for none
    Raw topP;
    Raw topK;

    private final ModelRequest request;
    private final ModelTraits traits;
    private int cachePointsToSkip;

    ClaudePlan(ModelRequest request, TranslationOptions options, ToolIds.Rule ids,
            boolean systemInPlace) throws UntranslatableException {
        this.request = request;
        this.traits = options.traits();
        ToolIds.pair(request.turns);
        ToolIds.assign(request.turns, ids);
        dropForeignSignatures();
        system = Turns.leadingSystem(request.turns);
        turns = Turns.alternating(request, systemInPlace);
        Turns.putTextBesideDocuments(turns);
        Turns.trimLast(turns);
        checkPrefill(turns, traits);
        refuseSeveralAnswers(request);
        ToolPlan plan = heldToStrictness(ToolPlan.of(request));
        boolean schema = request.answerFormat != null
                && request.answerFormat.kind() == AnswerKind.SCHEMA;
        ClaudeSchema taken = schema && traits.is(Trait.TAKES_JSON_SCHEMA)
                ? ClaudeSchema.of(request.answerFormat.schema()) : null;
        boolean held = taken != null && !taken.isMap();
        jsonByTool = schema && !held && plan.choice() != Choice.NAMED;
        answerSchema = held ? taken.schema() : null;
        if (held) {
            taken.note(request.notes, request.answerFormat.path(".schema"));
        } else if (schema && !jsonByTool) {
            request.notes.drop(request.answerFormat.path()); // the answer is a call anyway
        }
        tools = jsonByTool ? withJsonTool(plan) : plan.withToolsOf(turns, request.notes);
        if (request.answerFormat != null && request.answerFormat.kind() == AnswerKind.OBJECT) {
            system.add(JSON_ONLY);
            request.notes.change(request.answerFormat.path()); // asked for, not guaranteed
        }
        planTokensAndThinking(options);
        planSampling();
        countCachePoints();
    }

    /** Reasoning without a signature is of another maker, and refused. */
    private void dropForeignSignatures() {
        for (Turn turn : request.turns) {
            if (turn.parts().removeIf(part -> part instanceof Reasoning one && !one.isSigned())) {
                request.notes.drop(request.reasoningPath);
            }
            for (ToolCall call : turn.all(ToolCall.class)) {
                if (call.thoughtSignature != null) {
                    request.notes.drop(request.signaturePath); // Google's own
                }
            }
        }
    }

    static void checkPrefill(List<Turn> turns, ModelTraits traits)
            throws UntranslatableException {
        Turn last = turns.get(turns.size() - 1);
        if (last.is(Role.ASSISTANT) && traits.is(Trait.REFUSES_PREFILL)) {
            throw UntranslatableException.unsupported(last.path(),
                    "this model does not go on from an assistant's message");
        }
    }

    private static void refuseSeveralAnswers(ModelRequest request)
            throws UntranslatableException {
        Value n = request.peek(Setting.N);
        if (n != null) {
            throw UntranslatableException.unsupported(n.path(), "gives one answer only");
        }
    }

    /** The tools, strict ones with schemas that the model can be held to. */
    private ToolPlan heldToStrictness(ToolPlan plan) {
        if (!traits.is(Trait.TAKES_STRICT_TOOLS)) {
            return plan;
        }
        Notes notes = request.notes;
        List<Tool> all = new ArrayList<>();
        long strict = plan.tools().stream().filter(ClaudePlan::isStrict).count();
        for (Tool tool : plan.tools()) {
            if (!isStrict(tool)) {
                all.add(tool);
                continue;
            }
            boolean any = tool.schema() != null && tool.schema().hasMembers();
            ClaudeSchema held = any ? ClaudeSchema.of(tool.schema()) : null;
            if (strict > MAX_STRICT_TOOLS || held != null && held.isMap()) {
                notes.drop("tools.strict");
                all.add(tool.with(tool.schema(), null));
                continue;
            }
            if (held != null) {
                held.note(notes, "tools");
            }
            all.add(tool.with(held == null ? ClaudeSchema.EMPTY : held.schema(), true));
        }
        return new ToolPlan(all, plan.choice(), plan.name());
    }

    private static boolean isStrict(Tool tool) {
        return tool.strict() != null && tool.strict();
    }

    private ToolPlan withJsonTool(ToolPlan plan) {
        request.answerFormat.dropName(request.notes);
        List<Tool> all = new ArrayList<>(plan.tools());
        all.add(new Tool(Translated.JSON_TOOL, Raw.of("Gives the answer."),
                request.answerFormat.schema(), null, null, request.answerFormat.path()));
        boolean alone = plan.tools().isEmpty() || plan.choice() == Choice.NONE;
        return new ToolPlan(all, alone ? Choice.NAMED : Choice.REQUIRED,
                alone ? Translated.JSON_TOOL : null);
    }

    private void planTokensAndThinking(TranslationOptions options)
            throws UntranslatableException {
        Value said = request.take(Setting.MAX_TOKENS);
        int limit = traits.maxOutputTokens();
        if (said != null) {
            maxTokens = said.count();
            if (maxTokens < 1) {
                throw UntranslatableException.invalid(said.path(), "expected at least 1");
            }
        } else {
            boolean unknown = limit == 0 && traits.thinking() == Thinking.NONE;
            maxTokens = options.defaultMaxTokens() > 0 ? options.defaultMaxTokens()
                    : unknown ? UNKNOWN_MODELS_MAX_TOKENS : USUAL_MAX_TOKENS;
        }
        if (limit > 0 && maxTokens > limit) {
            maxTokens = limit;
            if (said != null) {
                request.notes.change(said.path());
            }
        }
        planThinking(said != null);
    }

    private void planThinking(boolean maxTokensSaid) {
        ModelRequest.Thinking asked = request.thinking;
        if (asked == null) {
            return;
        }
        Notes notes = request.notes;
        if (traits.thinking() != Thinking.ADAPTIVE && traits.thinking() != Thinking.BUDGET) {
            if (asked.mode() == Mode.ON) {
                notes.drop(asked.path());
            }
        } else if (asked.mode() == Mode.OFF) {
            if (traits.is(Trait.ALWAYS_THINKS)) {
                notes.change(asked.path());
            } else if (traits.thinking() == Thinking.ADAPTIVE) {
                thinking = Mode.OFF;
            }
        } else if (tools.isForced()) {
            notes.change(asked.path()); // the two exclude each other, and the tool matters more
        } else if (traits.thinking() == Thinking.ADAPTIVE) {
            thinking = Mode.ON;
            effort = effort(asked);
        } else if (goesOnFromUnsignedTurn() || !findBudget(asked, maxTokensSaid)) {
            notes.change(asked.path());
        } else {
            thinking = Mode.ON;
        }
    }

    private String effort(ModelRequest.Thinking asked) {
        String said = asked.effort() != null ? asked.effort()
                : asked.budgetTokens() > 0 ? ThinkingBudget.effort(asked.budgetTokens()) : null;
        if (said == null) {
            return null;
        }
        return switch (said) {
            case "minimal" -> "low";
            case "xhigh", "max" -> {
                if (traits.is(Trait.TAKES_EFFORT_ABOVE_HIGH)) {
                    yield said;
                }
                request.notes.change(asked.path());
                yield "high";
            }
            default -> said;
        };
    }

    /**
     * Finds a budget that leaves room for an answer. A bound that the caller gave is a bound on
     * what it pays: then thinking gets half of it, rather than more being asked for.
     */
    private boolean findBudget(ModelRequest.Thinking asked, boolean maxTokensSaid) {
        long wanted = Math.max(MIN_BUDGET, asked.budgetTokens() > 0 ? asked.budgetTokens()
                : ThinkingBudget.ofClaude(asked.effort() == null ? "high" : asked.effort()));
        boolean fits = asked.budgetTokens() > 0 && wanted < maxTokens;
        int limit = traits.maxOutputTokens();
        if (!maxTokensSaid && wanted > maxTokens / 2) {
            maxTokens = limit > 0 ? Math.min(limit, maxTokens + wanted) : maxTokens + wanted;
        }
        budgetTokens = fits ? wanted : Math.min(wanted, maxTokens / 2);
        if (budgetTokens < MIN_BUDGET) {
            budgetTokens = 0;
            return false;
        }
        return true;
    }

    /** Thinking cannot be resumed behind results of calls that were not thought up here. */
    private boolean goesOnFromUnsignedTurn() {
        int last = turns.size() - 1;
        return last > 0 && turns.get(last).has(ToolResult.class)
                && turns.get(last - 1).all(Reasoning.class).stream()
                        .noneMatch(Reasoning::isSigned);
    }

    private void planSampling() {
        boolean thinks = thinking == Mode.ON;
        if (traits.is(Trait.REFUSES_SAMPLING)) {
            return; // what isn't taken is dropped, and named
        }
        Value heat = thinks ? null : request.take(Setting.TEMPERATURE);
        if (heat != null) {
            boolean tooHot = heat.number() > 1;
            temperature = tooHot ? Raw.ofJson("1") : heat.raw();
            if (tooHot) {
                request.notes.change(heat.path());
            }
        }
        Value p = request.peek(Setting.TOP_P);
        boolean refused = heat != null && traits.is(Trait.REFUSES_TEMPERATURE_WITH_TOP_P)
                || thinks && p != null && p.number() < MIN_THINKING_TOP_P;
        if (p != null && !refused) {
            topP = request.take(Setting.TOP_P).raw();
        }
        Value k = thinks ? null : request.take(Setting.TOP_K);
        topK = k == null ? null : k.raw();
    }

    /** At most so many breakpoints are allowed; the last ones cover the most. */
    private void countCachePoints() {
        int count = 0;
        for (Tool tool : tools.tools()) {
            count += tool.cache() == null ? 0 : 1;
        }
        for (Text text : system) {
            count += text.cache() == null ? 0 : 1;
        }
        for (Turn turn : turns) {
            for (Part part : turn.parts()) {
                count += part.cache() == null ? 0 : 1;
            }
        }
        cachePointsToSkip = Math.max(0, count - MAX_CACHE_POINTS);
        if (cachePointsToSkip > 0) {
            request.notes.drop("cache_control");
        }
    }

    /** The life of the breakpoint that is up next; null if there is none, or it is one too many. */
    String cache(String life) {
        if (life != null && cachePointsToSkip > 0) {
            cachePointsToSkip--;
            return null;
        }
        return life;
    }

    /** The stop sequences less the blank ones, which are refused. */
    List<Value> stops() {
        List<Value> stops = new ArrayList<>();
        for (Value stop : request.stops) {
            if (stop.raw().isBlank()) {
                request.notes.drop(stop.path());
            } else {
                stops.add(stop);
            }
        }
        return stops;
    }
}
