package io.penstock.provider;

import static io.penstock.provider.ChatDialect.Can.*;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * OpenAI's models at Azure, where each is a deployment with a name of its own. There are two forms
 * of URL: the first version of the API, {@code …/openai/v1}, is OpenAI's with another key field;
 * the classic one, {@code …/openai}, has the deployment in its paths and its version in a query.
 */
final class AzureType implements ProviderType {
    private static final String DEPLOYMENTS = "deployments";
    private static final String API_VERSION = "api_version";
    private static final String LAST_DATED = "2024-10-21";
    private static final String QUERY = "api-version=";
    private static final String VERSION = "[A-Za-z0-9.-]{1,40}";

    private static final Pattern RETRY_AFTER =
            Pattern.compile("retry after (\\d{1,9}) seconds", Pattern.CASE_INSENSITIVE);

    private static final ChatDialect DIALECT = ChatDialect.of(MAX_COMPLETION_TOKENS, DEVELOPER,
            STREAM_OPTIONS, END_USER, JSON_SCHEMA, TEXT_PARTS, SEED, PENALTIES,
            LOGIT_BIAS, MANY_ANSWERS, NAMED_EFFORT_BY_MODEL, PARALLEL_FLAG, STRICT_TOOLS,
            SHORT_IDS);

    @Override
    public String configName() {
        return "azure";
    }

    @Override
    public String defaultKeyEnv() {
        return "AZURE_OPENAI_API_KEY";
    }

    @Override
    public List<Option> options() {
        return List.of(Option.names(DEPLOYMENTS, "which deployment serves each model; one that is "
                        + "not named here is served by the deployment of its own name"),
                Option.text(API_VERSION, "the `api-version` of the classic form of URL, as in "
                        + LAST_DATED + ", which is asked for without it"));
    }

    @Override
    public boolean takesQuery(String query) {
        return query.matches(QUERY + VERSION);
    }

    @Override
    public void check(Site site) {
        String version = site.options().text(API_VERSION);
        if (version == null) {
            return;
        }
        if (!version.matches(VERSION)) {
            throw new IllegalArgumentException(API_VERSION
                    + ": unexpected value (expected: a version such as " + LAST_DATED + ")");
        }
        if (site.baseUrl().getRawQuery() != null) {
            throw new IllegalArgumentException(API_VERSION
                    + ": base_url has one as well (expected: one of the two)");
        }
    }

    private static boolean isClassic(Site site) {
        return site.path().endsWith("/openai");
    }

    @Override
    public Set<Api> apis(Site site) {
        return isClassic(site) ? Set.of(Api.CHAT, Api.COMPLETIONS, Api.EMBEDDINGS)
                : Set.of(Api.CHAT, Api.COMPLETIONS, Api.RESPONSES, Api.EMBEDDINGS);
    }

    /** The query that says the version; empty for none, which only the first version bears. */
    private static String version(Site site) {
        String query = site.baseUrl().getRawQuery();
        String version = site.options().text(API_VERSION);
        return query != null ? query : version != null ? QUERY + version
                : isClassic(site) ? QUERY + LAST_DATED : "";
    }

    @Override
    public String path(Api api, boolean stream, Site site) {
        return target(isClassic(site) ? "/deployments/" + Api.MODEL + api.path(stream)
                : api.path(stream), "", site);
    }

    @Override
    public String target(String path, String query, @Nullable String model, Site site) {
        return target(isClassic(site) && model != null
                ? "/deployments/" + Api.encoded(model) + path : path, query, site);
    }

    private static String target(String path, String query, Site site) {
        String version = version(site);
        return path + (version.isEmpty() || query.contains(QUERY) ? query
                : (query.isEmpty() ? "?" : query + "&") + version);
    }

    @Override
    public String modelName(String model, Site site) {
        return site.options().names(DEPLOYMENTS).getOrDefault(model, model);
    }

    @Override
    public @Nullable Authorization authorization(@Nullable String key, Site site) {
        return key == null ? null : Authorization.field("api-key", key);
    }

    @Override
    public ChatDialect dialect() {
        return DIALECT;
    }

    @Override
    public RelayRules relayRules() {
        return PlainType.OPENAI.relayRules();
    }

    @Override
    public @Nullable Prefill prefill() {
        return null;
    }

    /** Said in the message where the fields are left out. */
    @Override
    public @Nullable Duration retryAfter(int status, String body) {
        Matcher seconds = RETRY_AFTER.matcher(body);
        return seconds.find() ? Duration.ofSeconds(Long.parseLong(seconds.group(1))) : null;
    }

    @Override
    public String toString() {
        return configName();
    }
}
