package io.penstock.config;

import io.penstock.auth.AuthSettings;
import io.penstock.exchange.RetrySettings;
import io.penstock.limit.LimitSettings;
import io.penstock.observe.ObserveSettings;
import io.penstock.route.RouteSettings;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Makes settings of the sections that were read. Goes on after a mistake, with a default in its
 * place, so that one reading reports all of them; what comes of it then is thrown away.
 */
final class SettingsBinder {
    private static final String DEBUG = "PROXY_API_DEBUG";

    private final Map<String, String> environment;
    private final Overrides overrides;
    private final Problems problems;

    SettingsBinder(Map<String, String> environment, Overrides overrides, Problems problems) {
        this.environment = environment;
        this.overrides = overrides;
        this.problems = problems;
    }

    Settings bind(Section root) {
        AuthBinder authBinder = new AuthBinder(environment, problems);
        AuthSettings auth = authBinder.bind(root.section(Schema.AUTH));
        EdgeBinder edge = new EdgeBinder(environment, overrides, problems);
        ProviderBinder.Bound providers =
                new ProviderBinder(environment, overrides, problems).bind(root);
        List<RouteSettings> routes =
                new RouteBinder(providers, problems).bind(root.get(Schema.ROUTES));
        boolean isOpen = auth.isOpen() && !authBinder.isMistaken();
        return new Settings(edge.listen(root, isOpen), edge.admin(root), providers.settings(),
                routes, auth, limits(root.section(Schema.LIMITS)),
                retry(root.section(Schema.RETRY)), observe(root.section(Schema.OBSERVE)),
                root.section(Schema.SHUTDOWN).get(Schema.GRACE), debug());
    }

    private LimitSettings limits(Section section) {
        LimitSettings limits = section.build(problems,
                () -> new LimitSettings(section.get(Schema.REQUESTS_PER_MINUTE),
                        section.get(Schema.CONCURRENT), section.get(Schema.BODY),
                        capped(section.get(Schema.HEADER)), section.get(Schema.CONNECTIONS),
                        section.get(Schema.CONNECTIONS_PER_IP)));
        return limits == null ? LimitSettings.DEFAULT : limits;
    }

    private RetrySettings retry(Section section) {
        RetrySettings retry = section.build(problems,
                () -> new RetrySettings(section.get(Schema.MAX_ATTEMPTS),
                        section.get(Schema.SAME_TARGET), section.get(Schema.WAIT_FOR_RETRY_AFTER),
                        section.get(Schema.BUDGET_RATIO)));
        return retry == null ? RetrySettings.DEFAULT : retry;
    }

    private static ObserveSettings observe(Section section) {
        Section log = section.section(Schema.ACCESS_LOG);
        String path = log.isNull(Schema.LOG_PATH) ? null : log.get(Schema.LOG_PATH);
        return new ObserveSettings(path, log.get(Schema.LOG_FORMAT).equals("json"),
                section.get(Schema.HEADERS).equals("full"));
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
