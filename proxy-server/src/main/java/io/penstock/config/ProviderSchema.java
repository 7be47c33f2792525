package io.penstock.config;

import io.penstock.provider.ProviderType;
import io.penstock.upstream.LoadSettings;
import io.penstock.upstream.PoolSettings;
import io.penstock.upstream.PoolSettings.Http2;
import io.penstock.upstream.TimeoutSettings;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The keys of one entry of {@code providers}. */
final class ProviderSchema {
    static final Field<String> NAME = Field.required("name", Types.TEXT,
            "what routes, logs and metrics call the provider");
    static final Field<ProviderType> TYPE = Field.optional("type", new TypeName(),
            "whose API it is; without it, the type that `name` names, else `openai-compatible`");
    static final Field<URI> BASE_URL = Field.optional("base_url", Types.URL,
            "where its API starts, version path included; most types have a default");
    static final Field<String> API_KEY_ENV = Field.optional("api_key_env", Types.VARIABLE,
            "the environment variable that holds the API key; without it and `api_keys`, "
                    + "the type's usual one, if set");
    static final Field<List<String>> MODELS = Field.of("models", new ListType<>(Types.TEXT, true),
            List.of("*"),
            "names that the provider serves, or globs of them; `*` passes any name on");
    static final Field<Boolean> ENABLED = Field.of("enabled", Types.FLAG, true,
            "whether calls go to it at all");
    static final Field<Integer> PRIORITY = Field.of("priority",
            Types.integer(Integer.MIN_VALUE, Integer.MAX_VALUE), 1, "lower is tried first");

    static final Field<String> KEY_ENV = Field.optional("env", Types.VARIABLE,
            "the environment variable that holds the key");
    static final Field<Path> KEY_FILE = Field.optional("file", Types.PATH,
            "a file that holds the key and nothing else");
    static final Field<String> KEY_VALUE = Field.optional("value", Types.SECRET,
            "the key itself; better `env` or `file`");
    static final Field<Integer> KEY_WEIGHT = Field.of("weight", Types.integerFrom(1), 1,
            "the key's share of the calls, relative to the others");
    static final SectionType KEY =
            SectionType.of("API key", KEY_ENV, KEY_FILE, KEY_VALUE, KEY_WEIGHT);
    static final Field<List<Section>> API_KEYS = Field.list("api_keys", KEY,
            "a pool of keys that is rotated; each has one of `env`, `file` and `value`");

    static final Field<Duration> CONNECT = Field.of("connect", Types.DURATION,
            TimeoutSettings.DEFAULT.connect(), "for a connection: its host's address and TCP");
    static final Field<Duration> HANDSHAKE = Field.of("tls", Types.DURATION,
            TimeoutSettings.DEFAULT.tls(), "for the TLS handshake");
    static final Field<Duration> HEAD = Field.of("head", Types.DURATION,
            TimeoutSettings.DEFAULT.head(),
            "from the request sent to the response's head; a unary reply has longer unless it is "
                    + "set here: half of what is left of `total` while another target is left");
    static final Field<Duration> FIRST_CONTENT = Field.of("first_content", Types.DURATION,
            TimeoutSettings.DEFAULT.firstContent(),
            "from the request sent to the first content of a stream");
    static final Field<Duration> FIRST_BYTE = Field.optional("first_byte", Types.DURATION,
            "sets both `head` and `first_content` where they are not set themselves");
    static final Field<Duration> GAP = Field.of("gap", Types.DURATION,
            TimeoutSettings.DEFAULT.gap(), "silence between two reads of a reply");
    static final Field<Duration> GAP_AS_IDLE = Field.optional("idle", Types.DURATION,
            "another name of `gap`");
    static final Field<Duration> TOTAL = Field.of("total", Types.DURATION,
            TimeoutSettings.DEFAULT.total(), "for the whole exchange, all attempts included");
    static final SectionType TIMEOUTS_TYPE = SectionType.of("section", CONNECT, HANDSHAKE, HEAD,
            FIRST_CONTENT, FIRST_BYTE, GAP, GAP_AS_IDLE, TOTAL);
    static final Field<Section> TIMEOUTS = Field.section("timeouts", TIMEOUTS_TYPE,
            "how long each part of a call may take; the defaults are those of `resilience: "
                    + "standard`");

    static final Field<Integer> MAX_CONNECTIONS = Field.of("max_connections", Types.integerFrom(1),
            PoolSettings.DEFAULT.maxConnections(),
            "connections open at once, shared out among the event loops; a call that gets none "
                    + "waits as `limits` says");
    static final Field<Duration> POOL_IDLE = Field.of("idle", Types.DURATION,
            PoolSettings.DEFAULT.idle(),
            "how long a connection may rest; keep it below the provider's own idle timeout");
    static final Field<Http2> HTTP2 = Field.of("http2",
            Types.oneOf(words("auto", Http2.AUTO, "off", Http2.OFF)), PoolSettings.DEFAULT.http2(),
            "reserved: this version speaks HTTP/1.1 to every provider");
    static final Field<Section> POOL = Field.section("pool",
            SectionType.of("section", MAX_CONNECTIONS, POOL_IDLE, HTTP2),
            "the connections that are kept to it");

    static final Field<Integer> CONCURRENT = Field.optional("concurrent", Types.integerFrom(1),
            "calls in flight, all event loops together; without it only `pool.max_connections` "
                    + "bounds them");
    static final Field<Integer> QUEUE = Field.of("queue", Types.integerFrom(0),
            LoadSettings.DEFAULT.queue(), "calls that wait for their turn, shared out among the "
                    + "event loops; beyond it the next target is tried at once");
    static final Field<Duration> QUEUE_TIME = Field.of("queue_time", Types.DURATION,
            LoadSettings.DEFAULT.queueTime(),
            "how long each of them waits; then the next target is tried");
    static final Field<Boolean> ADAPTIVE = Field.of("adaptive", Types.FLAG, false,
            "the limit follows the time to first content: it falls when the provider gets slower, "
                    + "and rises to `concurrent` at most");
    static final Field<Integer> MIN_CONCURRENT = Field.of("min_concurrent", Types.integerFrom(1),
            LoadSettings.DEFAULT.minConcurrent(), "how low it may fall");
    static final Field<Section> LIMITS = Field.section("limits",
            SectionType.of("section", CONCURRENT, QUEUE, QUEUE_TIME, ADAPTIVE, MIN_CONCURRENT),
            "how many calls it gets at once");

    static final Field<Path> CA = Field.optional("ca", Types.PATH,
            "certificates (PEM) to trust instead of the JDK's own");
    static final Field<Boolean> INSECURE = Field.of("insecure_skip_verify", Types.FLAG, false,
            "accept any certificate; for tests of one's own servers only");
    static final Field<String> SNI = Field.optional("sni", Types.TEXT,
            "the server name to ask for and to verify; without it, the host of `base_url`");
    static final Field<Section> TLS = Field.section("tls",
            SectionType.of("section", CA, INSECURE, SNI), "TLS towards the provider");

    static final Field<String> PROXY = Field.optional("proxy", Types.PROXY,
            "the forward proxy on the way to it, asked by CONNECT: "
                    + "`http://USER:PASSWORD@HOST:PORT` or `https://…`; `off` for none. Without "
                    + "this key, what `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` say");

    static final Field<Map<String, OptionsType.Value>> OPTIONS =
            Field.optional("options", new OptionsType(),
                    "what only providers of its type can be told; see the types below");

    static final SectionType PROVIDER = SectionType.of("provider", NAME, TYPE, BASE_URL,
            API_KEY_ENV, API_KEYS, OPTIONS, MODELS, ENABLED, PRIORITY, TIMEOUTS, POOL, LIMITS,
            TLS, PROXY);

    private ProviderSchema() {}

    /** In that order, which messages and the documentation keep. */
    private static <T> Map<String, T> words(String first, T firstValue, String second,
            T secondValue) {
        Map<String, T> words = new LinkedHashMap<>();
        words.put(first, firstValue);
        words.put(second, secondValue);
        return words;
    }
}
