package io.penstock.config;

import io.penstock.admin.AdminSettings;
import io.penstock.auth.AuthSettings;
import io.penstock.auth.CorsSettings;
import io.penstock.cache.CacheSettings;
import io.penstock.exchange.call.RetrySettings;
import io.penstock.limit.LimitSettings;
import io.penstock.limit.QueueSettings;
import io.penstock.limit.StreamLimits;
import io.penstock.listen.ListenSettings;
import io.penstock.log.LogLevel;
import io.penstock.log.LogSettings;
import io.penstock.observe.ObserveSettings;
import io.penstock.observe.PostHogSettings;
import io.penstock.provider.ProviderTypes;
import io.penstock.redis.RedisSettings;
import io.penstock.redis.RedisSettings.OnFailure;
import io.penstock.redis.RedisUrl;
import io.penstock.route.Glob;
import io.penstock.route.RouteSettings;
import io.penstock.upstream.BreakerSettings;
import io.penstock.usage.BudgetSettings;
import io.penstock.usage.BudgetSettings.Enforce;
import io.penstock.usage.BudgetSettings.OnStoreFailure;
import io.penstock.usage.Price;
import io.penstock.usage.Prices;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Makes settings of the sections that were read. Goes on after a mistake, with a default in its
 * place, so that one reading reports all of them; what comes of it then is thrown away.
 */
final class SettingsBinder {
    private static final String DEBUG = "PROXY_API_DEBUG";
    private static final String REDIS_URL = "REDIS_URL";

    private final Map<String, String> environment;
    private final Overrides overrides;
    private final Problems problems;
    private final ProviderTypes types;

    SettingsBinder(Map<String, String> environment, Overrides overrides, Problems problems,
            ProviderTypes types) {
        this.environment = environment;
        this.overrides = overrides;
        this.problems = problems;
        this.types = types;
    }

    Settings bind(Section root) {
        AuthBinder authBinder = new AuthBinder(environment, problems);
        Section authSection = root.section(Schema.AUTH);
        AuthSettings auth = authBinder.bind(authSection);
        EdgeBinder edge = new EdgeBinder(environment, overrides, problems);
        ProviderBinder.Bound providers =
                new ProviderBinder(environment, overrides, problems, types).bind(root);
        RouteBinder routeBinder = new RouteBinder(providers, root, problems);
        List<RouteSettings> routes = routeBinder.bind(root.get(Schema.ROUTES));
        boolean debug = debug();
        boolean isOpen = auth.isOpen() && !authBinder.isMistaken();
        List<ListenSettings> listen = edge.listen(root, isOpen);
        AdminSettings admin = edge.admin(root);
        String text = problems.errorCount() > 0 ? "" : text(root, authSection, edge, providers);
        return new Settings(listen, admin, providers.settings(),
                routes, auth, cors(root.section(Schema.CORS)),
                limits(root.section(Schema.LIMITS)), budget(root.section(Schema.BUDGET)),
                prices(root), breaker(root.section(Schema.BREAKER)),
                retry(root.section(Schema.RETRY)),
                observe(root.section(Schema.OBSERVE), debug),
                root.section(Schema.SHUTDOWN).get(Schema.GRACE), debug,
                routeBinder.unrouted(), cache(root.section(Schema.CACHE)),
                redis(root.section(Schema.REDIS)), new Settings.Text(text));
    }

    private CacheSettings cache(Section section) {
        CacheSettings cache = section.build(problems,
                () -> new CacheSettings(section.get(Schema.CACHE_ENABLED),
                        section.get(Schema.CACHE_TTL), section.get(Schema.CACHE_MAX_SIZE),
                        section.get(Schema.CACHE_SCOPE), section.get(Schema.CACHE_REPLAY)));
        return cache == null ? CacheSettings.DEFAULT : cache;
    }

    /** Of the whole, once nothing is bound from it any more. */
    private static String text(Section root, Section auth, EdgeBinder edge,
            ProviderBinder.Bound providers) {
        return ConfigText.of(root.put(Schema.AUTH, auth, auth.place())
                .put(Schema.LISTEN, edge.sections(), root.place(Schema.LISTEN))
                .put(Schema.ADMIN, edge.adminSection(), root.place(Schema.ADMIN))
                .put(Schema.PROVIDERS,
                        ConfigText.providers(providers.sections(), providers.settings()),
                        root.place(Schema.PROVIDERS)));
    }

    private CorsSettings cors(Section section) {
        CorsSettings cors = section.build(problems,
                () -> new CorsSettings(section.get(Schema.ALLOWED_ORIGINS)));
        return cors == null ? CorsSettings.DEFAULT : cors;
    }

    private LimitSettings limits(Section section) {
        Section waiting = section.section(Schema.QUEUE);
        QueueSettings queue = waiting.build(problems, () -> new QueueSettings(
                waiting.get(Schema.QUEUE_SIZE), waiting.get(Schema.QUEUE_TIME)));
        LimitSettings limits = section.build(problems,
                () -> new LimitSettings(section.get(Schema.REQUESTS_PER_MINUTE),
                        section.get(Schema.CONCURRENT), section.get(Schema.BODY),
                        capped(section.get(Schema.HEADER)), section.get(Schema.CONNECTIONS),
                        section.get(Schema.CONNECTIONS_PER_IP),
                        queue == null ? QueueSettings.NONE : queue, streams(section)));
        return limits == null ? LimitSettings.DEFAULT : limits;
    }

    private StreamLimits streams(Section section) {
        Section tunnel = section.section(Schema.TUNNEL);
        StreamLimits streams = tunnel.build(problems,
                () -> new StreamLimits(section.get(Schema.UPLOAD),
                        tunnel.get(Schema.TUNNEL_IDLE), tunnel.get(Schema.TUNNEL_TOTAL)));
        StreamLimits usual = StreamLimits.DEFAULT;
        return streams != null ? streams : new StreamLimits(section.get(Schema.UPLOAD),
                usual.tunnelIdle(), usual.tunnelTotal());
    }

    private static BudgetSettings budget(Section section) {
        return new BudgetSettings(
                Enforce.valueOf(section.get(Schema.ENFORCE).toUpperCase(Locale.ROOT)),
                OnStoreFailure.valueOf(
                        section.get(Schema.ON_STORE_FAILURE).toUpperCase(Locale.ROOT)));
    }

    private Prices prices(Section root) {
        Map<String, Section> sections = root.get(Schema.PRICES);
        List<Price> prices = new ArrayList<>();
        (sections == null ? Map.<String, Section>of() : sections).forEach((model, section) -> {
            Price price = !section.isComplete() ? null : section.build(problems,
                    () -> Price.ofDollars(model, requiredDollars(section, Schema.PRICE_INPUT),
                            requiredDollars(section, Schema.PRICE_OUTPUT),
                            dollars(section, Schema.PRICE_CACHED_INPUT)));
            if (price != null) {
                prices.add(price);
            }
        });
        if (sections == null || sections.isEmpty()) {
            requireNoDollars(root.section(Schema.AUTH));
        }
        return new Prices(prices, glob -> new Glob(glob)::matches);
    }

    private static BigDecimal requiredDollars(Section section, Field<Double> field) {
        return Objects.requireNonNull(dollars(section, field));
    }

    /** The digits of the file, which is what a double's text gives back. */
    private static @Nullable BigDecimal dollars(Section section, Field<Double> field) {
        Double dollars = section.get(field);
        return dollars == null ? null : BigDecimal.valueOf(dollars);
    }

    /** A budget in dollars that nothing can count is no budget. */
    private void requireNoDollars(Section section) {
        for (Field<?> field : section.type().fields()) {
            Object value = section.get(field);
            if (field.name().equals("dollars_per_month") && section.has(field)) {
                problems.error(section.place(field),
                        "dollars cannot be counted, expected what models cost under prices");
            } else if (value instanceof Section nested) {
                requireNoDollars(nested);
            } else if (value instanceof List<?> items) {
                for (Object item : items) {
                    if (item instanceof Section nested) {
                        requireNoDollars(nested);
                    }
                }
            }
        }
    }

    private BreakerSettings breaker(Section section) {
        BreakerSettings breaker = section.build(problems,
                () -> new BreakerSettings(section.get(Schema.BREAKER_ENABLED),
                        section.get(Schema.FAILURE_RATIO), section.get(Schema.MIN_REQUESTS),
                        section.get(Schema.BREAKER_WINDOW), section.get(Schema.OPEN_FOR),
                        section.get(Schema.HALF_OPEN_PROBES)));
        return breaker == null ? BreakerSettings.DEFAULT : breaker;
    }

    private RetrySettings retry(Section section) {
        RetrySettings retry = section.build(problems,
                () -> new RetrySettings(section.get(Schema.MAX_ATTEMPTS),
                        section.get(Schema.SAME_TARGET), section.get(Schema.WAIT_FOR_RETRY_AFTER),
                        section.get(Schema.BUDGET_RATIO)));
        return retry == null ? RetrySettings.DEFAULT : retry;
    }

    private ObserveSettings observe(Section section, boolean debug) {
        Section log = section.section(Schema.ACCESS_LOG);
        String path = log.get(Schema.LOG_PATH);
        boolean isOff = log.isNull(Schema.LOG_PATH) || path.equals(Types.OFF);
        return new ObserveSettings(isOff ? null : path, log.get(Schema.LOG_FORMAT).equals("json"),
                section.get(Schema.HEADERS).equals("full"),
                new OtlpBinder(environment, problems).bind(section.section(Schema.OTLP)),
                log(section.section(Schema.APP_LOG), debug),
                postHog(section.section(Schema.POSTHOG)));
    }

    private @Nullable PostHogSettings postHog(Section section) {
        if (section.get(Schema.POSTHOG_CONTENT)) {
            problems.error(section.place(Schema.POSTHOG_CONTENT), "prompts and answers pass "
                    + "through without being kept, so they cannot be sent, expected false");
        }
        if (!section.has(Schema.POSTHOG_HOST)) {
            return null;
        }
        String variable = section.get(Schema.POSTHOG_API_KEY_ENV);
        String key = environment.getOrDefault(variable, "").strip();
        if (key.isEmpty()) {
            problems.error(section.place(Schema.POSTHOG_API_KEY_ENV), "the variable " + variable
                    + " is not set, expected the API key of a project of PostHog's");
            return null;
        }
        return section.build(problems,
                () -> new PostHogSettings(section.get(Schema.POSTHOG_HOST), key));
    }

    private LogSettings log(Section section, boolean debug) {
        Map<String, LogLevel> levels = section.get(Schema.LOG_LEVELS);
        LogSettings log = section.build(problems, () -> new LogSettings(
                section.get(Schema.APP_LOG_FORMAT).equals("json"),
                debug && !section.has(Schema.LOG_LEVEL) ? LogLevel.DEBUG
                        : section.get(Schema.LOG_LEVEL),
                levels == null ? Map.of() : levels));
        return log == null ? LogSettings.DEFAULT : log;
    }

    private RedisSettings redis(Section section) {
        String fromFile = section.get(Schema.REDIS_URL);
        String text = fromFile != null || section.isNull(Schema.REDIS_URL) ? fromFile
                : environment.getOrDefault(REDIS_URL, "");
        Place place = fromFile != null ? section.place(Schema.REDIS_URL)
                : Place.environment(REDIS_URL);
        RedisUrl url = text == null || text.isEmpty() ? null : redisUrl(text, place);
        RedisSettings redis = section.build(problems, () -> new RedisSettings(url,
                OnFailure.valueOf(section.get(Schema.REDIS_ON_FAILURE).toUpperCase(Locale.ROOT)),
                section.get(Schema.REDIS_PREFIX), readable(section, Schema.REDIS_CA)));
        return redis == null ? RedisSettings.NONE : redis;
    }

    private @Nullable RedisUrl redisUrl(String text, Place place) {
        try {
            return RedisUrl.parse(text);
        } catch (IllegalArgumentException e) {
            problems.error(place, Section.readable(
                    String.valueOf(e.getMessage()).replaceFirst("^url: ", "")));
            return null;
        }
    }

    private @Nullable Path readable(Section section, Field<Path> field) {
        Path file = section.get(field);
        if (file != null && !Files.isReadable(file)) {
            problems.error(section.place(field), file + " cannot be read, expected a file");
        }
        return file;
    }

    private boolean debug() {
        String text = environment.getOrDefault(DEBUG, "");
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "true", "1" -> true;
            case "", "false", "0" -> false;
            default -> {
                problems.error(Place.environment(DEBUG),
                        "unexpected value '" + text + "', expected true or false");
                yield false;
            }
        };
    }

    /** For records that count in ints: what is larger they refuse anyway. */
    static int capped(long bytes) {
        return (int) Math.min(bytes, Integer.MAX_VALUE);
    }
}
