package io.penstock.fleet;

import io.netty.util.concurrent.Ticker;
import io.penstock.redis.RedisLink;
import io.penstock.upstream.Provider;
import io.penstock.upstream.Weather;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one node learns of providers, told to the others: keys that rest, breakers that have opened.
 *
 * <p><b>Thread:</b> safe; nothing waits.
 * <br><b>Bounds:</b> what is said again within {@value #AGAIN_MILLIS} ms and little longer is not
 * told, as far as {@value #MAX_REMEMBERED} things are remembered; names of more than {@value
 * #MAX_CHARS} characters are not told at all. What comes from others is bounded by what is
 * configured here.
 */
final class SharedWeather implements Weather {
    static final String KEY = "weather";
    static final String CHANNEL = "weather";
    static final long AGAIN_MILLIS = 200;
    static final int MAX_REMEMBERED = 1000;
    static final int MAX_CHARS = 400;

    private static final Logger LOG = LoggerFactory.getLogger(SharedWeather.class);
    private static final String REST = "rest";
    private static final String BREAKER = "breaker";
    private static final String SEPARATOR = "\t";

    private final String node;
    private final RedisLink link;
    private final Supplier<List<Provider>> providers;
    private final ConcurrentHashMap<String, Long> told = new ConcurrentHashMap<>(); // until when

    SharedWeather(String node, RedisLink link, Supplier<List<Provider>> providers) {
        this.node = node;
        this.link = link;
        this.providers = providers;
    }

    void start() {
        link.subscribe(CHANNEL,
                message -> onMessage(new String(message, StandardCharsets.UTF_8)));
    }

    /** Learns what is known already. */
    void learn() {
        link.run(Scripts.ASK_WEATHER, KEY).thenAccept(all -> all.forEach(each ->
                onMessage(new String((byte[]) each, StandardCharsets.UTF_8))));
    }

    @Override
    public void onRest(String provider, String key, String model, long nanos,
            boolean byProvidersWord) {
        tell(String.join(SEPARATOR, REST, provider, key, model), nanos, byProvidersWord);
    }

    @Override
    public void onBreakerOpened(String provider, String model, long nanos) {
        tell(String.join(SEPARATOR, BREAKER, provider, "", model), nanos, false);
    }

    private void tell(String what, long nanos, boolean byProvidersWord) {
        long millis = TimeUnit.NANOSECONDS.toMillis(nanos);
        if (millis < 1 || what.length() > MAX_CHARS || !link.isUp() || !isNews(what, nanos)) {
            return;
        }
        link.run(Scripts.TELL_WEATHER, KEY, link.channel(CHANNEL), node, what,
                Long.toString(millis), byProvidersWord ? "1" : "0");
    }

    private boolean isNews(String what, long nanos) {
        long ends = System.nanoTime() + nanos;
        Long known = told.get(what);
        if (known != null && ends - known < TimeUnit.MILLISECONDS.toNanos(AGAIN_MILLIS)) {
            return false;
        }
        if (told.size() >= MAX_REMEMBERED) {
            told.clear();
        }
        told.put(what, ends);
        return true;
    }

    /** The node (empty for any), milliseconds, whose word, then what and whose. */
    private void onMessage(String message) {
        String[] parts = message.split(SEPARATOR, -1);
        if (parts.length != 7 || parts[0].equals(node)) {
            return;
        }
        long nanos;
        try {
            nanos = TimeUnit.MILLISECONDS.toNanos(Long.parseLong(parts[1]));
        } catch (NumberFormatException e) {
            LOG.debug("weather_malformed message=\"{}\"", message);
            return;
        }
        for (Provider each : providers.get()) {
            if (each.name().equals(parts[4])) {
                apply(each, parts[3], parts[5], parts[6], nanos, parts[2].equals("1"));
            }
        }
    }

    private static void apply(Provider provider, String kind, String key, String model, long nanos,
            boolean byProvidersWord) {
        if (kind.equals(REST)) {
            provider.restAsToldBy(key, model, nanos, byProvidersWord,
                    Ticker.systemTicker().nanoTime());
        } else if (kind.equals(BREAKER)) {
            provider.onBreakerOpenedElsewhere(model);
        }
    }
}
