package io.penstock.translate;

import org.jspecify.annotations.Nullable;

/**
 * What the caller asked for, as far as it decides how a reply is written.
 *
 * @param model the name to show; null for the one that the provider says
 * @param askedModel the name to show where the provider says none
 * @param includeUsage whether a chat or completions stream ends with a usage chunk
 * @param choices how many answers were asked for, {@code n}
 * @param settings members of a Responses object that repeat the request's settings, as JSON text
 *        without braces; null for the defaults
 * @param textTool the tool whose arguments are the answer's text, since the provider could not be
 *        held to a schema otherwise
 * @param functionCall whether a chat caller offered functions, as was done before there were tools,
 *        and looks for a call where it was then: there is one of them only
 * @param tools the caller's tools that the provider knows otherwise
 * @param promptTokens what the prompt is estimated to come to, for formats that tell it before the
 *     provider has counted; 0 where nothing is known
 * @param thoughts whether a Gemini caller asked to be told thoughts; other formats always tell them
 * @param array whether a Gemini caller reads a stream as a JSON array, not as events
 */
public record ReplyOptions(@Nullable String model, @Nullable String askedModel,
        boolean includeUsage, int choices, @Nullable String settings, @Nullable String textTool,
        boolean functionCall, CallerTools tools, long promptTokens, boolean thoughts,
        boolean array) {
    /** One answer, without a usage chunk, under the provider's own name for the model. */
    public static final ReplyOptions DEFAULT = new ReplyOptions(null, false, 1, null, null);

    /** One that knows of no name for the model, for a caller who knows tools, or none. */
    public ReplyOptions(@Nullable String model, boolean includeUsage, int choices,
            @Nullable String settings, @Nullable String textTool) {
        this(model, null, includeUsage, choices, settings, textTool, false);
    }

    /**
     * One whose provider knows the caller's tools as the caller does, for a caller who is told
     * thoughts and reads events.
     */
    public ReplyOptions(@Nullable String model, @Nullable String askedModel, boolean includeUsage,
            int choices, @Nullable String settings, @Nullable String textTool,
            boolean functionCall) {
        this(model, askedModel, includeUsage, choices, settings, textTool, functionCall,
                CallerTools.SAME, 0, true, false);
    }

    /** These options, with tools that the provider knows by other names. */
    public ReplyOptions withTools(CallerTools others) {
        return new ReplyOptions(model, askedModel, includeUsage, choices, settings, textTool,
                functionCall, others, promptTokens, thoughts, array);
    }

    /** These options, with an estimate of the prompt. */
    public ReplyOptions withPromptTokens(long tokens) {
        return new ReplyOptions(model, askedModel, includeUsage, choices, settings, textTool,
                functionCall, tools, tokens, thoughts, array);
    }

    /** These options, for a Gemini caller. */
    public ReplyOptions forGemini(boolean tellsThoughts, boolean asArray) {
        return new ReplyOptions(model, askedModel, includeUsage, choices, settings, textTool,
                functionCall, tools, promptTokens, tellsThoughts, asArray);
    }

    /** What to call the model where the provider calls it so, or not at all. */
    String shown(@Nullable String said) {
        String name = model != null ? model : said != null ? said : askedModel;
        return name == null ? "" : name;
    }
}
