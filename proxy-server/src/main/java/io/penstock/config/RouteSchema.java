package io.penstock.config;

import io.penstock.route.Affinity;
import io.penstock.route.HoldSettings;
import io.penstock.route.Midstream;
import io.penstock.route.Resilience;
import io.penstock.route.RouteSettings.TargetSettings;
import io.penstock.route.Strategy;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The keys of one entry of {@code routes}. */
final class RouteSchema {
    private static final String HEADER = "header:";

    static final Field<String> MODEL = Field.required("model", Types.TEXT,
            "the name that clients ask for; `*` stands for any run of characters");

    static final Field<TargetSettings> TARGET = Field.required("target",
            new ScalarType<>("PROVIDER/MODEL", "PROVIDER/MODEL such as openai/gpt-4o", false, false,
                    RouteSchema::target, target -> target.provider() + "/" + target.model()),
            "the provider's name, a slash, and its name of the model; `*` keeps the caller's");
    static final Field<Integer> WEIGHT = Field.of("weight", Types.integerFrom(1), 1,
            "its share of the calls, relative to the others, for the strategies that weigh");
    static final Field<Integer> CONTEXT_WINDOW = Field.optional("context_window",
            Types.integerFrom(1), "tokens that the model takes; longer calls pass it by");
    static final Field<Section> TARGET_TIMEOUTS = Field.section("timeouts",
            ProviderSchema.TIMEOUTS_TYPE, "in place of the provider's own timeouts");
    static final SectionType TARGET_TYPE = SectionType.withShorthand("target", TARGET, WEIGHT,
            CONTEXT_WINDOW, TARGET_TIMEOUTS);
    static final Field<List<Section>> TARGETS = Field.required("targets",
            new ListType<>(TARGET_TYPE, true),
            "who may answer, in order; an entry is `PROVIDER/MODEL`, or a section that has it as "
                    + "its `target`");

    static final Field<Strategy> STRATEGY = Field.of("strategy", Types.oneOf(Strategy.values()),
            Strategy.PRIORITY, "which target comes first");

    static final Field<String> HEDGE_AFTER = Field.required("after",
            Types.text("percentile or duration", "p50 to p99, or " + Durations.EXPECTED,
                    RouteSchema::hedgeAfter),
            "how long the first target may be silent before the next is asked as well");
    static final Field<Double> HEDGE_RATIO = Field.of("max_ratio", Types.number(0, 1), 0.05,
            "hedged calls as a share of all calls, at most");
    static final Field<Section> HEDGE = Field.section("hedge",
            SectionType.of("section", HEDGE_AFTER, HEDGE_RATIO),
            "a second call when the first is slow; off unless set");

    static final Field<Resilience> RESILIENCE = Field.optional("resilience",
            Types.oneOf(Resilience.values()),
            "a preset of timers, `midstream` and waiting, in place of `resilience` for all routes");
    static final Field<Midstream> MIDSTREAM = Field.optional("midstream",
            Types.oneOf(Midstream.values()), "what follows when a stream breaks after its first "
                    + "content; without it, what `resilience` says, `error` by default");

    static final Field<Integer> CONTENT_EVENTS = Field.of("content_events", Types.integerFrom(1),
            HoldSettings.DEFAULT.contentEvents(), "content events of a stream");
    static final Field<Long> HOLD_BYTES = Field.of("bytes", Types.SIZE,
            (long) HoldSettings.DEFAULT.bytes(), "held at most; a reply that fills it is sent on");
    static final Field<Duration> HOLD_TIME = Field.optional("time", Types.DURATION,
            "held at most; without it, as long as the timeouts allow");
    static final Field<Integer> MIN_EVENTS_PER_SECOND = Field.of("min_events_per_second",
            Types.integerFrom(0), 0, "of content, over `time`; a slower stream is left for the "
                    + "next target, if there is one; 0 takes any speed");
    static final Field<Section> HOLD = Field.section("hold",
            SectionType.of("section", CONTENT_EVENTS, HOLD_BYTES, HOLD_TIME,
                    MIN_EVENTS_PER_SECOND),
            "what an attempt must show before the caller sees any of it");

    static final Field<String> ON_CANCEL = Field.of("on_cancel",
            Types.oneOf("cancel", "drain"), "cancel",
            "`drain` reads a cancelled reply on, bounded, to learn its usage");
    static final Field<Affinity> AFFINITY = Field.optional("affinity",
            new ScalarType<>("prompt_cache_key, user or header:NAME",
                    "one of prompt_cache_key, user, header:NAME", false, false,
                    RouteSchema::affinity, RouteSchema::format),
            "calls with the same value of it go to the same target, as long as that is well");
    static final Field<Duration> CACHE_TTL = Field.optional("ttl", Types.DURATION,
            "how long a reply is given again; `0s` for not at all; without it, `cache.ttl`");
    static final Field<Section> CACHE = Field.section("cache",
            SectionType.of("section", CACHE_TTL),
            "how the [response cache](caching.md) serves this route, where `cache.enabled` is set");

    static final SectionType ROUTE = SectionType.of("route", MODEL, TARGETS, STRATEGY, HEDGE,
            RESILIENCE, MIDSTREAM, HOLD, ON_CANCEL, AFFINITY, CACHE);

    private RouteSchema() {}

    /** The first slash parts the two: names of models have slashes, names of providers none. */
    private static @Nullable TargetSettings target(String text) {
        int slash = text.indexOf('/');
        return slash < 1 || slash == text.length() - 1 ? null
                : new TargetSettings(text.substring(0, slash), text.substring(slash + 1));
    }

    /** Null when the text is none. */
    private static @Nullable Affinity affinity(String text) {
        return switch (text) {
            case "prompt_cache_key" -> Affinity.PROMPT_CACHE_KEY;
            case "user" -> Affinity.USER;
            default -> text.matches(HEADER + "[A-Za-z0-9-]{1,64}")
                    ? Affinity.header(text.substring(HEADER.length())) : null;
        };
    }

    private static String format(Affinity affinity) {
        return affinity.header() == null ? affinity.source().name().toLowerCase(Locale.ROOT)
                : HEADER + affinity.header();
    }

    private static @Nullable String hedgeAfter(String text) {
        return text.matches("p[5-9]\\d") || Durations.parse(text) != null ? text : null;
    }
}
