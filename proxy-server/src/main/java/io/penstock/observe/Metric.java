package io.penstock.observe;

import java.util.List;

/** What is measured, under the names by which Prometheus knows it. The names are stable. */
enum Metric {
    REQUESTS(Kind.COUNTER, "penstock_requests",
            "Requests that were answered, the refused ones among them.",
            "api", "outcome", "code"),
    REQUEST_DURATION(Kind.HISTOGRAM, "penstock_request_duration_seconds",
            "From the head of a request to the end of its reply.", "api", "stream"),
    FIRST_CONTENT(Kind.HISTOGRAM, "penstock_first_content_seconds",
            "From the head of a request to the first content for its caller.",
            "provider", "stream"),
    STAGES(Kind.HISTOGRAM, "penstock_stage_seconds",
            "Where the time went until the reply began; proxy is the proxy's own time.", "stage"),
    LIMIT_REFUSALS(Kind.COUNTER, "penstock_limit_refusals",
            "Requests that a limit, a budget or too much load refused.", "reason",
            "limit"),
    CANCELLATIONS(Kind.COUNTER, "penstock_cancellations",
            "Requests whose caller went before the end of the reply.", "phase"),

    ATTEMPTS(Kind.COUNTER, "penstock_attempts",
            "Attempts at targets, by the status of the reply or by what happened instead.",
            "provider", "model", "outcome"),
    ATTEMPT_DURATION(Kind.HISTOGRAM, "penstock_attempt_duration_seconds",
            "From the beginning of an attempt to its end.", "provider", "result"),
    ATTEMPT_FIRST_CONTENT(Kind.HISTOGRAM, "penstock_attempt_first_content_seconds",
            "From the beginning of a streamed attempt to its first content.", "provider"),
    SKIPPED(Kind.COUNTER, "penstock_targets_skipped",
            "Targets that were passed over without being asked.", "provider", "model", "reason"),
    REPLAYS(Kind.COUNTER, "penstock_replays",
            "Requests that an attempt sent again, since a reused connection was closed first.",
            "provider"),
    RETRIES(Kind.COUNTER, "penstock_retries",
            "Attempts at the same target once more, by what the one before came to.",
            "provider", "reason"),
    FAILOVERS(Kind.COUNTER, "penstock_failovers",
            "Attempts at another target, by the provider that failed and how.",
            "provider", "reason"),
    HEDGES(Kind.COUNTER, "penstock_hedges",
            "Attempts beside a slow one, by what came of them.", "provider", "result"),
    CONTINUATIONS(Kind.COUNTER, "penstock_continuations",
            "Attempts to continue a reply that broke off.", "provider", "result"),
    EVENT_GAP(Kind.HISTOGRAM, "penstock_event_gap_seconds",
            "Between two reads of a stream behind its first content; each brings an event or some.",
            "provider"),
    UPSTREAM_CLOSE(Kind.HISTOGRAM, "penstock_upstream_close_seconds",
            "From giving up a connection in a call, as when the caller has gone, to its end."),
    BROKEN_REPLIES(Kind.COUNTER, "penstock_broken_replies",
            "Replies that broke off after their caller had begun to get them.",
            "provider", "reason"),
    MALFORMED_EVENTS(Kind.COUNTER, "penstock_malformed_events",
            "Events of replies that were no JSON where JSON should be.", "provider"),

    CACHE_CALLS(Kind.COUNTER, "penstock_cache_calls",
            "Calls whose reply may be given again, by what the response cache was to them.",
            "result"),
    CACHE_SAVED_TOKENS(Kind.COUNTER, "penstock_cache_saved_tokens",
            "Tokens of replies that came from the response cache, by who gave them first.",
            "provider", "model"),
    CACHE_EVICTIONS(Kind.COUNTER, "penstock_cache_evictions",
            "Replies that left the response cache: to make room, or since their time was up.",
            "reason"),

    TOKENS(Kind.COUNTER, "penstock_tokens",
            "Tokens of all attempts; cached ones are prompt tokens too, reasoning ones completion.",
            "provider", "model", "kind"),
    COST(Kind.COUNTER, "penstock_cost_dollars",
            "What all attempts cost by the configured prices.", "provider", "model"),
    CALLER_REQUESTS(Kind.COUNTER, "penstock_caller_requests",
            "Requests of each caller; on the admin port only.", "caller"),
    CALLER_TOKENS(Kind.COUNTER, "penstock_caller_tokens",
            "Prompt and completion tokens of each caller; on the admin port only.", "caller"),
    CALLER_COST(Kind.COUNTER, "penstock_caller_cost_dollars",
            "What each caller's requests cost; on the admin port only.", "caller"),

    BUDGET_LEFT_TOKENS(Kind.GAUGE, "penstock_budget_left_tokens",
            "What a configured caller has left of this month's tokens; on the admin port only.",
            "caller"),
    BUDGET_LEFT_DOLLARS(Kind.GAUGE, "penstock_budget_left_dollars",
            "What a configured caller has left of this month's dollars; on the admin port only.",
            "caller"),

    BUILD(Kind.INFO, "penstock_build", "Always 1; which version runs.", "version"),
    UPTIME(Kind.GAUGE, "penstock_uptime_seconds", "Since the proxy started."),
    READY(Kind.GAUGE, "penstock_ready", "1 while new requests are welcome, 0 while draining."),
    CONNECTIONS(Kind.GAUGE, "penstock_connections", "Connections of callers that are open."),
    CONNECTIONS_REFUSED(Kind.COUNTER, "penstock_connections_refused",
            "Connections of callers that were closed at once, since there were too many."),
    TLS_HANDSHAKES(Kind.COUNTER, "penstock_tls_handshakes",
            "TLS handshakes with callers and with providers, by how they ended.",
            "side", "result"),
    OPEN_EXCHANGES(Kind.GAUGE, "penstock_open_exchanges", "Exchanges under way."),
    QUEUED_EXCHANGES(Kind.GAUGE, "penstock_queued_exchanges",
            "Exchanges that wait to be among the concurrent ones."),
    LOOP_LAG(Kind.GAUGE, "penstock_event_loop_lag_seconds",
            "How long the event loop took to turn to the question of this scrape.", "loop"),
    BUFFERS(Kind.GAUGE, "penstock_buffer_bytes",
            "Network buffers: what the allocator has of the system, and what is in use of that.",
            "area", "state"),
    REQUEST_BODIES(Kind.GAUGE, "penstock_request_body_bytes",
            "Bodies of requests that are kept until their calls are over."),
    UPSTREAM_CONNECTIONS(Kind.GAUGE, "penstock_upstream_connections",
            "Connections to providers that are open."),
    UPSTREAM_OPENED(Kind.COUNTER, "penstock_upstream_connections_opened",
            "Connections that were opened to a provider.", "provider"),
    CACHE_BYTES(Kind.GAUGE, "penstock_cache_bytes",
            "What the replies in the response cache take, and what is recorded of those that come.",
            "of"),
    CACHE_REPLIES(Kind.GAUGE, "penstock_cache_replies", "Replies in the response cache."),
    CACHE_FLIGHTS(Kind.GAUGE, "penstock_cache_flights",
            "Calls under way that identical ones can join."),
    PROVIDER_ENABLED(Kind.GAUGE, "penstock_provider_enabled",
            "1 for a provider that is enabled, else 0.", "provider"),
    PROVIDER_IN_FLIGHT(Kind.GAUGE, "penstock_provider_in_flight",
            "Calls that a provider has, and those that wait for it.", "provider"),
    PROVIDER_WAITING(Kind.GAUGE, "penstock_provider_waiting",
            "Calls that wait for a connection or a slot of a provider.", "provider"),
    PROVIDER_KEYS(Kind.GAUGE, "penstock_provider_keys",
            "Keys of a provider, by whether they rest.", "provider", "state"),
    BREAKER(Kind.GAUGE, "penstock_breaker_open",
            "1 for a breaker that is open, 0.5 half open, 0 closed.", "provider", "model"),
    TELEMETRY_SENT(Kind.COUNTER, "penstock_telemetry_sent",
            "Exchanges of which another system was told.", "to"),
    TELEMETRY_DROPPED(Kind.COUNTER, "penstock_telemetry_dropped",
            "Exchanges of which another system was to be told and was not; lines of logs.",
            "to", "reason"),

    FLEET_NODES(Kind.GAUGE, "penstock_fleet_nodes",
            "Proxies that count together, this one among them; 0 before Redis first answers."),
    FLEET_EXCHANGES(Kind.COUNTER, "penstock_fleet_exchanges",
            "Times that a rate's count was brought into step with the other proxies'."),
    FLEET_UNCONFIRMED(Kind.COUNTER, "penstock_fleet_unconfirmed_refusals",
            "Calls that were refused since the other proxies' word on their limit was wanting."),
    FLEET_PENDING(Kind.GAUGE, "penstock_fleet_pending",
            "Rates and budgets whose latest use the other proxies have yet to learn."),
    REDIS_CIRCUIT(Kind.GAUGE, "penstock_redis_circuit_open",
            "1 while Redis is not asked, 0.5 while it is tried, 0 while it is."),
    REDIS_COMMANDS(Kind.COUNTER, "penstock_redis_commands",
            "Commands to Redis, by what came of them.", "result"),
    REDIS_LATENCY(Kind.GAUGE, "penstock_redis_latency_seconds",
            "How long Redis took to answer since the scrape before.", "quantile");

    enum Kind { COUNTER, GAUGE, HISTOGRAM, INFO }

    private static final String CALLER = "caller";

    private final Kind kind;
    private final String name;
    private final String help;
    private final List<String> labels;

    Metric(Kind kind, String name, String help, String... labels) {
        this.kind = kind;
        this.name = name;
        this.help = help;
        this.labels = List.of(labels);
    }

    Kind kind() {
        return kind;
    }

    /** Without the suffix that its kind brings. */
    String baseName() {
        return name;
    }

    /** As queries name it, but for the suffixes of a histogram's series. */
    String exposedName() {
        return switch (kind) {
            case COUNTER -> name + "_total";
            case INFO -> name + "_info";
            case GAUGE, HISTOGRAM -> name;
        };
    }

    String help() {
        return help;
    }

    List<String> labels() {
        return labels;
    }

    /** Whether the figures name callers, which other callers must not learn. */
    boolean isOfCallers() {
        return labels.contains(CALLER);
    }

    /** Whether the loops count billionths of what is shown. */
    boolean isInNanos() {
        return name.endsWith("_dollars");
    }
}
