package io.penstock.provider;

import static io.penstock.provider.ChatDialect.Can.*;

import java.time.Duration;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Google's Gemini, which imitates OpenAI below {@code /openai} and speaks generateContent beside
 * it, and wants its key in another field there.
 */
final class GeminiType implements ProviderType {
    private static final ChatDialect DIALECT = ChatDialect.of(STREAM_OPTIONS, JSON_SCHEMA,
            TEXT_PARTS, PENALTIES, MANY_ANSWERS, NAMED_EFFORT, SIGNATURES_BACK);
    private static final Pattern RETRY_DELAY =
            Pattern.compile("\"retryDelay\"\\s*:\\s*\"(\\d{1,9}(?:\\.\\d{1,9})?)s\"");
    private static final String RESOURCE = "models/";
    private static final String BESIDE = "/.."; // of the imitation
    private static final Pattern BELOW_A_VERSION = Pattern.compile(".*/v1(?:alpha|beta)?/openai");

    @Override
    public String configName() {
        return "gemini";
    }

    @Override
    public String defaultBaseUrl() {
        return "https://generativelanguage.googleapis.com/v1beta/openai";
    }

    @Override
    public String defaultKeyEnv() {
        return "GEMINI_API_KEY";
    }

    private static boolean isImitation(Site site) {
        return site.path().contains("/openai");
    }

    @Override
    public Set<Api> apis(Site site) {
        return !isImitation(site) ? Set.of(Api.GEMINI, Api.GEMINI_COUNT_TOKENS)
                : !hasBoth(site) ? Set.of(Api.CHAT, Api.EMBEDDINGS)
                : Set.of(Api.CHAT, Api.EMBEDDINGS, Api.GEMINI, Api.GEMINI_COUNT_TOKENS);
    }

    /** Whether Google's own API lies beside the imitation, for callers who speak it. */
    private static boolean hasBoth(Site site) {
        return BELOW_A_VERSION.matcher(site.path()).matches();
    }

    private static boolean isGoogles(Api api) {
        return api == Api.GEMINI || api == Api.GEMINI_COUNT_TOKENS;
    }

    @Override
    public String path(Api api, boolean stream, Site site) {
        return (isGoogles(api) && isImitation(site) ? BESIDE : "") + api.path(stream);
    }

    /** The path has the name's last part only. */
    @Override
    public String modelName(String model, Site site) {
        return model.startsWith(RESOURCE) && !isImitation(site)
                ? model.substring(RESOURCE.length()) : model;
    }

    @Override
    public @Nullable Authorization authorization(@Nullable String key, Site site) {
        return authorization(key, isImitation(site));
    }

    @Override
    public @Nullable Authorization authorization(@Nullable String key, Site site, String path) {
        return authorization(key, path.contains("/openai/"));
    }

    private static @Nullable Authorization authorization(@Nullable String key, boolean imitation) {
        return key == null ? null : imitation ? Authorization.bearer(key)
                : Authorization.field("x-goog-api-key", key);
    }

    @Override
    public boolean isLikeOpenAi() {
        return false;
    }

    @Override
    public ChatDialect dialect() {
        return DIALECT;
    }

    @Override
    public @Nullable Prefill prefill() {
        return null;
    }

    /** An account that may not be used there is called a bad request, as is a bad key. */
    @Override
    public ReplyVerdict judge(int status, String body) {
        return status == 400 && body.contains("FAILED_PRECONDITION") ? ReplyVerdict.BAD_KEY
                : ReplyVerdict.of(status, body);
    }

    /** Said in the details of the error, and nowhere else. */
    @Override
    public @Nullable Duration retryAfter(int status, String body) {
        Matcher delay = RETRY_DELAY.matcher(body);
        return delay.find() ? Duration.ofMillis(Math.round(
                Double.parseDouble(delay.group(1)) * 1000)) : null;
    }

    @Override
    public String toString() {
        return configName();
    }
}
