package io.penstock.cli;

import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;

/**
 * A configuration of LiteLLM's proxy as one of Penstock's: models become providers and routes,
 * fallbacks further targets. What has no counterpart is listed, by its place in the file; keys that
 * stand in the file are not repeated.
 */
final class LiteLlmImport {
    private static final String ENVIRONMENT = "os.environ/";

    /** LiteLLM's prefixes of models, and Penstock's types. */
    private static final Map<String, String> TYPES = Map.ofEntries(
            Map.entry("openai", "openai"), Map.entry("text-completion-openai", "openai"),
            Map.entry("azure", "azure"), Map.entry("anthropic", "anthropic"),
            Map.entry("gemini", "gemini"), Map.entry("bedrock", "bedrock"),
            Map.entry("groq", "groq"), Map.entry("mistral", "mistral"),
            Map.entry("ollama", "ollama"), Map.entry("ollama_chat", "ollama"),
            Map.entry("hosted_vllm", "vllm"), Map.entry("vllm", "vllm"),
            Map.entry("openrouter", "openrouter"), Map.entry("deepseek", "deepseek"),
            Map.entry("xai", "xai"), Map.entry("together_ai", "together"),
            Map.entry("fireworks_ai", "fireworks"));

    /** Members of {@code litellm_params} that are carried over, or say nothing here. */
    private static final Set<String> KNOWN_PARAMS = Set.of("model", "api_key", "api_base",
            "base_url", "api_version", "weight", "timeout", "aws_region_name",
            "aws_access_key_id", "aws_secret_access_key", "aws_session_token",
            "custom_llm_provider");

    private static final Map<String, String> STRATEGIES = Map.of("simple-shuffle", "weighted",
            "least-busy", "least_busy", "latency-based-routing", "least_latency");

    /** What calls to a provider need; LiteLLM repeats it with each model. */
    private record Site(String type, @Nullable String baseUrl, @Nullable Object key,
            Map<String, Object> options) {}

    private record Deployment(String provider, String model, @Nullable Object weight,
            @Nullable String timeout) {}

    private final Map<String, Site> providers = new LinkedHashMap<>();
    private final Map<String, Set<String>> models = new LinkedHashMap<>(); // by provider
    private final Map<String, List<Deployment>> groups = new LinkedHashMap<>(); // by model_name
    private final Map<String, Object> config = new LinkedHashMap<>();
    private final Set<String> leftOut = new LinkedHashSet<>();
    private final Set<String> hints = new LinkedHashSet<>();

    private LiteLlmImport() {}

    static LiteLlmImport of(Map<?, ?> source) {
        LiteLlmImport result = new LiteLlmImport();
        result.read(source);
        return result;
    }

    /** YAML, after comments that say what is left to do. */
    String text() {
        StringBuilder text = new StringBuilder(
                "# Written by `penstock import litellm`; try it with `penstock check -c FILE`.\n");
        list(text, "Look at:", hints);
        list(text, "Left out:", leftOut);
        DumpSettings settings = DumpSettings.builder().setDefaultFlowStyle(FlowStyle.BLOCK)
                .setIndicatorIndent(2).setIndentWithIndicator(true).build();
        return text.append(new Dump(settings).dumpToString(config)).toString();
    }

    private static void list(StringBuilder text, String title, Set<String> items) {
        if (!items.isEmpty()) {
            text.append("#\n# ").append(title).append('\n');
            items.forEach(item -> text.append("# - ")
                    .append(item.replaceAll("\\p{Cntrl}", " ")).append('\n'));
        }
    }

    private void read(Map<?, ?> source) {
        int index = 0;
        for (Object entry : list(source.get("model_list"))) {
            readModel("model_list[" + index++ + "]", map(entry));
        }
        Map<?, ?> router = map(source.get("router_settings"));
        Map<?, ?> library = map(source.get("litellm_settings"));
        Map<String, List<String>> fallbacks = new LinkedHashMap<>();
        readFallbacks("router_settings", router, fallbacks);
        readFallbacks("litellm_settings", library, fallbacks);
        writeProviders();
        writeRoutes(fallbacks, strategy(router));
        readRetries(router, library);
        readGeneral(map(source.get("general_settings")));
        leaveOut("router_settings", router, Set.of("fallbacks", "default_fallbacks",
                "context_window_fallbacks", "routing_strategy", "num_retries"));
        leaveOut("litellm_settings", library, Set.of("fallbacks", "default_fallbacks",
                "context_window_fallbacks", "num_retries", "drop_params"));
        leaveOut("", source, Set.of("model_list", "router_settings", "litellm_settings",
                "general_settings"));
    }

    private void leaveOut(String section, Map<?, ?> members, Set<String> known) {
        for (Object name : members.keySet()) {
            if (!known.contains(String.valueOf(name))) {
                leftOut.add(section.isEmpty() ? String.valueOf(name) : section + "." + name);
            }
        }
    }

    private void readModel(String place, Map<?, ?> entry) {
        Map<?, ?> params = map(entry.get("litellm_params"));
        String group = string(entry.get("model_name"));
        String full = string(params.get("model"));
        if (group == null || full == null) {
            leftOut.add(place + ": it has no model_name, or no model in litellm_params");
            return;
        }
        String prefix = string(params.get("custom_llm_provider"));
        int slash = full.indexOf('/');
        String model = full;
        if (prefix == null && slash > 0 && TYPES.containsKey(full.substring(0, slash))) {
            prefix = full.substring(0, slash);
            model = full.substring(slash + 1);
        } else if (prefix == null) {
            prefix = slash > 0 && params.get("api_base") == null ? full.substring(0, slash)
                    : full.startsWith("claude") ? "anthropic" : "openai";
        }
        String type = TYPES.get(prefix);
        if (type == null) {
            leftOut.add(place + " (" + full + "): Penstock has no type for '" + prefix + "'");
            return;
        }
        if (group.contains("*") && !group.equals("*")) {
            leftOut.add(place + " (" + group + "): a wildcard behind a prefix; clients ask "
                    + "Penstock for a model by the provider's name, or by a route's");
            return;
        }
        String base = string(params.get("api_base") == null ? params.get("base_url")
                : params.get("api_base"));
        if (type.equals("openai") && base != null && !base.contains("api.openai.com")) {
            type = "openai-compatible";
        }
        if (type.equals("azure") && base == null) {
            leftOut.add(place + " (" + full + "): its api_base is not in the file");
            return;
        }
        String provider = provider(place, type, base, params);
        models.computeIfAbsent(provider, name -> new LinkedHashSet<>()).add(model);
        groups.computeIfAbsent(group, name -> new ArrayList<>()).add(new Deployment(provider, model,
                params.get("weight") instanceof Integer weight && weight > 0 ? weight : null,
                seconds(params.get("timeout"))));
        leaveOut(place + ".litellm_params", params, KNOWN_PARAMS);
        leaveOut(place, entry, Set.of("model_name", "litellm_params", "model_info"));
        if (entry.containsKey("model_info")) {
            leftOut.add("model_info of models: what they cost goes under `prices`");
        }
    }

    /** The name of the provider that such a call needs, which may be a new one. */
    private String provider(String place, String type, @Nullable String base, Map<?, ?> params) {
        Map<String, Object> options = new LinkedHashMap<>();
        Object version = params.get("api_version");
        if (type.equals("azure") && version != null) {
            options.put("api_version", value(version));
        }
        if (type.equals("bedrock") && params.get("aws_region_name") != null) {
            options.put("region", value(params.get("aws_region_name")));
            for (String name : List.of("access_key_id", "secret_access_key", "session_token")) {
                Object given = params.get("aws_" + name);
                if (given != null) {
                    options.put(name, secret(place, "AWS_" + name.toUpperCase(Locale.ROOT),
                            given));
                }
            }
        }
        Site site = new Site(type, baseUrl(type, base, version != null), params.get("api_key"),
                options);
        for (Map.Entry<String, Site> known : providers.entrySet()) {
            if (known.getValue().equals(site)) {
                return known.getKey();
            }
        }
        String stem = type.equals("openai-compatible") ? host(base) : type;
        String name = stem;
        for (int i = 2; providers.containsKey(name); i++) {
            name = stem + "-" + i;
        }
        providers.put(name, site);
        return name;
    }

    private static @Nullable String baseUrl(String type, @Nullable String base,
            boolean hasVersion) {
        if (base == null) {
            return null;
        }
        String plain = String.valueOf(value(base)).replaceAll("/+$", "");
        return switch (type) {
            case "azure" -> plain.contains("/openai") ? plain
                    : plain + (hasVersion ? "/openai" : "/openai/v1");
            case "ollama", "anthropic" -> plain.endsWith("/v1") ? plain : plain + "/v1";
            default -> plain;
        };
    }

    private static String host(@Nullable String base) {
        try {
            String host = base == null ? null : URI.create(base).getHost();
            return host == null ? "other" : host.replaceAll("[^A-Za-z0-9-]", "-");
        } catch (IllegalArgumentException e) {
            return "other"; // a variable stands for it
        }
    }

    private void writeProviders() {
        List<Object> all = new ArrayList<>();
        providers.forEach((name, site) -> {
            Map<String, Object> provider = new LinkedHashMap<>();
            provider.put("name", name);
            provider.put("type", site.type());
            if (site.baseUrl() != null) {
                provider.put("base_url", site.baseUrl());
            }
            String key = string(site.key());
            if (key != null && key.startsWith(ENVIRONMENT)) {
                provider.put("api_key_env", key.substring(ENVIRONMENT.length()));
            } else if (key != null && !site.type().equals("bedrock")) {
                String variable = variable(name) + "_API_KEY";
                provider.put("api_key_env", variable);
                hints.add("the key of '" + name + "' stands in LiteLLM's file: put it into the "
                        + "variable " + variable);
            }
            if (!site.options().isEmpty()) {
                provider.put("options", site.options());
            }
            provider.put("models", List.copyOf(models.getOrDefault(name, Set.of())));
            all.add(provider);
        });
        config.put("providers", all);
    }

    private static String variable(String name) {
        return name.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]", "_").replaceAll("^(\\d)",
                "_$1");
    }

    private @Nullable String strategy(Map<?, ?> router) {
        String asked = string(router.get("routing_strategy"));
        if (asked == null) {
            return "weighted"; // LiteLLM's default
        }
        String strategy = STRATEGIES.get(asked);
        if (strategy == null) {
            leftOut.add("router_settings.routing_strategy: " + asked + "; targets are weighed");
        }
        return strategy == null ? "weighted" : strategy;
    }

    private void writeRoutes(Map<String, List<String>> fallbacks, @Nullable String strategy) {
        List<Object> routes = new ArrayList<>();
        groups.forEach((name, deployments) -> {
            Set<Deployment> targets = new LinkedHashSet<>(deployments);
            for (String next : fallbacks.getOrDefault(name,
                    fallbacks.getOrDefault("*", List.of()))) {
                if (!groups.containsKey(next)) {
                    leftOut.add("the fallback of '" + name + "' to '" + next
                            + "', which is no model of the list");
                }
                targets.addAll(groups.getOrDefault(next, List.of()));
            }
            boolean falls = targets.size() > new LinkedHashSet<>(deployments).size();
            Deployment only = targets.iterator().next();
            if (targets.size() == 1 && only.model().equals(name) && only.timeout() == null) {
                return; // found without a route
            }
            Map<String, Object> route = new LinkedHashMap<>();
            route.put("model", name);
            if (targets.size() > 1 && !falls && strategy != null) {
                route.put("strategy", strategy);
            } else if (falls && deployments.size() > 1) {
                hints.add("the route '" + name + "' asks its targets in order: LiteLLM shares "
                        + "calls out among the first " + deployments.size()
                        + ", and falls back then");
            }
            route.put("targets", targets.stream().map(LiteLlmImport::target).toList());
            routes.add(route);
        });
        if (!routes.isEmpty()) {
            config.put("routes", routes);
        }
    }

    private static Object target(Deployment to) {
        String name = to.provider() + "/" + to.model();
        if (to.weight() == null && to.timeout() == null) {
            return name;
        }
        Map<String, Object> target = new LinkedHashMap<>();
        target.put("target", name);
        if (to.weight() != null) {
            target.put("weight", to.weight());
        }
        if (to.timeout() != null) {
            target.put("timeouts", Map.of("total", to.timeout()));
        }
        return target;
    }

    private void readFallbacks(String section, Map<?, ?> settings,
            Map<String, List<String>> fallbacks) {
        for (String kind : List.of("fallbacks", "context_window_fallbacks")) {
            for (Object entry : list(settings.get(kind))) {
                map(entry).forEach((name, next) -> {
                    List<String> all = fallbacks.computeIfAbsent(String.valueOf(name),
                            each -> new ArrayList<>());
                    list(next).forEach(each -> {
                        if (each instanceof String text) {
                            all.add(text);
                        } else {
                            leftOut.add(section + "." + kind + " of '" + name
                                    + "': one that changes the call");
                        }
                    });
                });
            }
        }
        List<String> defaults = new ArrayList<>();
        list(settings.get("default_fallbacks")).forEach(each -> defaults.add(String.valueOf(each)));
        if (!defaults.isEmpty()) {
            fallbacks.putIfAbsent("*", defaults);
        }
    }

    private void readRetries(Map<?, ?> router, Map<?, ?> library) {
        Object retries = router.containsKey("num_retries") ? router.get("num_retries")
                : library.get("num_retries");
        if (retries instanceof Integer count && count >= 0) {
            config.put("retry", Map.of("max_attempts", count + 1));
            hints.add("num_retries: Penstock counts the tries of a call over all targets; its own "
                    + "default is 4");
        }
    }

    private void readGeneral(Map<?, ?> general) {
        String master = string(general.get("master_key"));
        if (master != null) {
            String hash = master.startsWith(ENVIRONMENT) ? "${MASTER_KEY_HASH}"
                    : KeysCommand.hash(master);
            Map<String, Object> key = new LinkedHashMap<>();
            key.put("id", "master");
            key.put("hash", hash);
            config.put("auth", Map.of("keys", List.of(key)));
            hints.add(master.startsWith(ENVIRONMENT)
                    ? "MASTER_KEY_HASH has to hold what `penstock keys hash` makes of the key in "
                            + master.substring(ENVIRONMENT.length())
                    : "the master key goes on as a key like any other: it opens no admin port");
        }
        leaveOut("general_settings", general, Set.of("master_key"));
    }

    /** A variable of the environment, or the value itself. */
    private static Object value(Object value) {
        String text = String.valueOf(value);
        return text.startsWith(ENVIRONMENT) ? "${" + text.substring(ENVIRONMENT.length()) + "}"
                : text;
    }

    private Object secret(String place, String variable, Object value) {
        String text = String.valueOf(value);
        if (text.startsWith(ENVIRONMENT)) {
            return value(text);
        }
        hints.add("a secret of " + place + " stands in LiteLLM's file: put it into the variable "
                + variable);
        return "${" + variable + "}";
    }

    private static @Nullable String seconds(@Nullable Object value) {
        return value instanceof Number number && number.doubleValue() > 0
                ? Math.max(1, Math.round(number.doubleValue() * 1000)) + "ms" : null;
    }

    private static @Nullable String string(@Nullable Object value) {
        return value == null ? null : String.valueOf(value);
    }

    private static Map<?, ?> map(@Nullable Object value) {
        return value instanceof Map<?, ?> map ? map : Map.of();
    }

    private static List<?> list(@Nullable Object value) {
        return value instanceof List<?> list ? list : List.of();
    }
}
