package io.penstock.config;

import io.penstock.provider.Options;
import io.penstock.provider.ProviderType;
import io.penstock.provider.ProviderTypes;
import io.penstock.provider.Site;
import io.penstock.route.TargetTimeouts;
import io.penstock.upstream.LoadSettings;
import io.penstock.upstream.PoolSettings;
import io.penstock.upstream.ProviderSettings;
import io.penstock.upstream.TimeoutSettings;
import io.penstock.upstream.UpstreamTlsSettings;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The providers: of the flags and the file, else those whose API keys are in the environment. */
final class ProviderBinder {
    /**
     * What became of the providers.
     *
     * @param names of all, those that are left out and those with mistakes included; null when a
     *     mistake leaves them unknown
     * @param leftOut names of those that are not among the settings, for want of a key
     * @param sections all of them as they were read
     * @param timeouts what each says of its timers itself, by name
     */
    record Bound(List<ProviderSettings> settings, @Nullable Set<String> names,
            Set<String> leftOut, List<Section> sections, Map<String, TargetTimeouts> timeouts) {
        boolean isUsable(String name) {
            return settings.stream().anyMatch(each -> each.name().equals(name) && each.enabled());
        }
    }

    /** Looked for in this order, which is also the order in which calls try them. */
    static final List<ProviderType> FROM_ENVIRONMENT = List.of(ProviderTypes.OPENAI,
            ProviderTypes.ANTHROPIC, ProviderTypes.GROQ, ProviderTypes.GEMINI,
            ProviderTypes.MISTRAL, ProviderTypes.OPENROUTER, ProviderTypes.DEEPSEEK,
            ProviderTypes.XAI);

    private final Map<String, String> environment;
    private final Overrides overrides;
    private final Problems problems;
    private final ProviderTypes types;
    private final KeyBinder keys;
    private final OptionBinder options;
    private final Proxies proxies;
    private final Set<String> leftOut = new LinkedHashSet<>();
    private final Map<String, TargetTimeouts> saidTimeouts = new LinkedHashMap<>();

    ProviderBinder(Map<String, String> environment, Overrides overrides, Problems problems,
            ProviderTypes types) {
        this.environment = environment;
        this.overrides = overrides;
        this.problems = problems;
        this.types = types;
        this.keys = new KeyBinder(environment, problems);
        this.options = new OptionBinder(environment, problems);
        this.proxies = new Proxies(environment, problems);
    }

    Bound bind(Section root) {
        List<Section> sections = sections(root);
        List<ProviderSettings> settings = new ArrayList<>();
        Map<String, Place> names = new LinkedHashMap<>();
        boolean namesAreKnown = !root.isMistaken(Schema.PROVIDERS);
        int before = problems.errorCount();
        for (Section section : sections) {
            String name = section.get(ProviderSchema.NAME);
            namesAreKnown &= name != null;
            Place place = section.place(ProviderSchema.NAME);
            Place first = name == null ? null : names.putIfAbsent(name, place);
            if (first != null) {
                problems.error(place, "'" + name + "' is " + first.path()
                        + " already, expected a different name for each provider");
            }
            ProviderSettings provider = name == null ? null : provider(section, name,
                    root.get(Schema.RESILIENCE).timeouts());
            if (provider != null) {
                settings.add(provider);
            }
        }
        boolean allSound = problems.errorCount() == before && namesAreKnown;
        if (allSound && settings.stream().noneMatch(ProviderSettings::enabled)) {
            problems.warn(root.place(Schema.PROVIDERS), "no provider is enabled, so every call "
                    + "will be refused, expected one at least, or the variable of an API key such "
                    + "as " + ProviderTypes.OPENAI.defaultKeyEnv());
        }
        return new Bound(settings, namesAreKnown ? names.keySet() : null, leftOut, sections,
                saidTimeouts);
    }

    private List<Section> sections(Section root) {
        Map<String, Section> flagged = new LinkedHashMap<>();
        for (String flag : overrides.providers()) {
            addFlagged(flag, flagged);
        }
        List<Section> sections = new ArrayList<>();
        for (Section section : root.get(Schema.PROVIDERS)) {
            Section flag = flagged.remove(section.get(ProviderSchema.NAME));
            if (flag != null) {
                section.put(ProviderSchema.ENABLED, true, flag.place());
                if (flag.has(ProviderSchema.BASE_URL)) {
                    section.put(ProviderSchema.BASE_URL, flag.get(ProviderSchema.BASE_URL),
                            flag.place());
                }
            }
            sections.add(section);
        }
        sections.addAll(0, flagged.values());
        boolean listed = root.has(Schema.PROVIDERS) || root.isMistaken(Schema.PROVIDERS);
        return listed || !overrides.providers().isEmpty() ? sections : fromEnvironment(root);
    }

    private void addFlagged(String flag, Map<String, Section> flagged) {
        int equals = flag.indexOf('=');
        String name = equals < 0 ? flag : flag.substring(0, equals);
        Place place = Place.commandLine("--provider " + name);
        if (name.isEmpty() || flagged.containsKey(name)) {
            problems.error(place, name.isEmpty() ? "no name, expected NAME or NAME=BASE_URL"
                    : "given twice, expected a different name each time");
            return;
        }
        Section section = new Section(ProviderSchema.PROVIDER, place)
                .put(ProviderSchema.NAME, name, place)
                .put(ProviderSchema.PRIORITY, flagged.size() + 1, place);
        flagged.put(name, section);
        if (equals >= 0) {
            URI url = Types.url(flag.substring(equals + 1));
            if (url == null) {
                problems.error(place, "unexpected value '"
                        + Types.withoutUser(flag.substring(equals + 1))
                        + "', expected NAME=BASE_URL with a URL such as https://HOST/PATH");
                url = URI.create("http://localhost"); // stands in, so that no more is said of it
            }
            section.put(ProviderSchema.BASE_URL, url, place);
        }
    }

    private List<Section> fromEnvironment(Section root) {
        List<Section> sections = new ArrayList<>();
        for (ProviderType type : FROM_ENVIRONMENT) {
            String variable = type.defaultKeyEnv();
            assert variable != null; // of these types, each has one
            if (!environment.getOrDefault(variable, "").isBlank()) {
                Place place = Place.environment(variable);
                sections.add(new Section(ProviderSchema.PROVIDER,
                        root.place(Schema.PROVIDERS).item(sections.size()))
                        .put(ProviderSchema.NAME, type.configName(), place)
                        .put(ProviderSchema.TYPE, type, place)
                        .put(ProviderSchema.API_KEY_ENV, variable, place)
                        .put(ProviderSchema.PRIORITY, sections.size() + 1, place));
            }
        }
        return sections;
    }

    /** Null when the provider is left out, or has a mistake. */
    private @Nullable ProviderSettings provider(Section section, String name,
            TargetTimeouts preset) {
        ProviderType type = type(section, name);
        boolean enabled = section.get(ProviderSchema.ENABLED);
        Options told = options.bind(section, type);
        URI baseUrl = told == null ? null : baseUrl(section, type, told);
        TargetTimeouts timers = said(section.section(ProviderSchema.TIMEOUTS), problems);
        PoolSettings pool = pool(section.section(ProviderSchema.POOL));
        LoadSettings limits = limits(section.section(ProviderSchema.LIMITS));
        UpstreamTlsSettings tls = tls(section.section(ProviderSchema.TLS));
        KeyBinder.Bound pooled = keys.bind(section, name, type, enabled);
        if (told == null || baseUrl == null || timers == null || pool == null || limits == null
                || !options.isFit(section, type, new Site(baseUrl, told))) {
            return null;
        }
        saidTimeouts.put(name, timers);
        TimeoutSettings timeouts = timeouts(timers, preset);
        ProviderSettings settings = section.build(problems,
                () -> new ProviderSettings(name, type, baseUrl, pooled.keys(),
                        section.get(ProviderSchema.MODELS), enabled,
                        section.get(ProviderSchema.PRIORITY), timeouts, pool, tls, limits,
                        told, enabled ? proxies.of(section.get(ProviderSchema.PROXY), baseUrl)
                                : null));
        if (pooled.isLeftOut()) {
            leftOut.add(name);
            return null;
        }
        return settings;
    }

    private ProviderType type(Section section, String name) {
        ProviderType type = section.get(ProviderSchema.TYPE);
        if (type != null) {
            return type;
        }
        ProviderType named = types.find(name);
        return named == null ? ProviderTypes.OPENAI_COMPATIBLE : named;
    }

    private @Nullable URI baseUrl(Section section, ProviderType type, Options told) {
        if (section.has(ProviderSchema.BASE_URL)) {
            return section.get(ProviderSchema.BASE_URL);
        }
        String standard = told.filledIn(type.defaultBaseUrl());
        URI url = standard == null ? null : Types.url(standard);
        if (url != null) {
            return url;
        }
        if (!section.isMistaken(ProviderSchema.BASE_URL)
                && !section.isMistaken(ProviderSchema.TYPE)) {
            problems.error(section.place(ProviderSchema.BASE_URL), "missing, type '"
                    + type.configName() + "' has no default, expected a URL such as "
                    + (type.defaultBaseUrl() == null ? "https://HOST/PATH"
                            : type.defaultBaseUrl() + ", or the options that it needs"));
        }
        return null;
    }

    /** The preset's timers, but for what is said. */
    private static TimeoutSettings timeouts(TargetTimeouts said, TargetTimeouts preset) {
        return with(said, with(preset, TimeoutSettings.DEFAULT));
    }

    private static TimeoutSettings with(TargetTimeouts said, TimeoutSettings others) {
        return others.with(said.connect(), said.tls(), said.head(), said.headOfUnary(),
                said.firstContent(), said.gap(), said.total());
    }

    /** What is said there, and nothing of the defaults; null when nothing is. */
    static @Nullable TargetTimeouts said(@Nullable Section section, Problems problems) {
        if (section == null) {
            return null;
        }
        Duration firstByte = section.get(ProviderSchema.FIRST_BYTE);
        Duration head = said(section, ProviderSchema.HEAD);
        Duration firstContent = said(section, ProviderSchema.FIRST_CONTENT);
        requireOneGap(section, problems);
        Duration idle = section.get(ProviderSchema.GAP_AS_IDLE);
        return section.build(problems, () -> new TargetTimeouts(
                said(section, ProviderSchema.CONNECT), said(section, ProviderSchema.HANDSHAKE),
                head == null ? firstByte : head,
                firstContent == null ? firstByte : firstContent,
                idle == null ? said(section, ProviderSchema.GAP) : idle,
                said(section, ProviderSchema.TOTAL)));
    }

    private static @Nullable Duration said(Section section, Field<Duration> field) {
        return section.has(field) ? section.get(field) : null;
    }

    private static void requireOneGap(Section section, Problems problems) {
        if (section.has(ProviderSchema.GAP) && section.has(ProviderSchema.GAP_AS_IDLE)) {
            problems.error(section.place(ProviderSchema.GAP_AS_IDLE),
                    "another name of 'gap', which is set as well, expected one of the two");
        }
    }

    private PoolSettings pool(Section section) {
        return section.build(problems,
                () -> new PoolSettings(section.get(ProviderSchema.MAX_CONNECTIONS),
                        section.get(ProviderSchema.POOL_IDLE), section.get(ProviderSchema.HTTP2)));
    }

    private LoadSettings limits(Section section) {
        return section.build(problems,
                () -> new LoadSettings(section.get(ProviderSchema.CONCURRENT),
                        section.get(ProviderSchema.QUEUE), section.get(ProviderSchema.QUEUE_TIME),
                        section.get(ProviderSchema.ADAPTIVE),
                        section.get(ProviderSchema.MIN_CONCURRENT)));
    }

    private UpstreamTlsSettings tls(Section section) {
        EdgeBinder.requireFile(section, ProviderSchema.CA, problems);
        return new UpstreamTlsSettings(section.get(ProviderSchema.CA),
                section.get(ProviderSchema.INSECURE), section.get(ProviderSchema.SNI));
    }
}
