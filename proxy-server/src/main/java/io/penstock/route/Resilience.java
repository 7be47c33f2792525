package io.penstock.route;

import java.time.Duration;

/**
 * A preset of timers, of what follows when a stream breaks, and of waiting. What a configuration
 * says of one of these alone takes its place.
 */
public enum Resilience {
    /** For any use: the defaults of all single settings. */
    STANDARD(Duration.ofSeconds(60), Duration.ofSeconds(120), Duration.ofSeconds(60),
            Duration.ofMinutes(10), Midstream.ERROR, Duration.ZERO, Duration.ofSeconds(10)),

    /** For someone who looks at the answer as it comes: another target soon, and one stream. */
    INTERACTIVE(Duration.ofSeconds(10), Duration.ofSeconds(10), Duration.ofSeconds(10),
            Duration.ofMinutes(10), Midstream.CONTINUE, Duration.ZERO, Duration.ofSeconds(10)),

    /** For slow models and for work without a reader: the answer may take its time. */
    PATIENT(Duration.ofMinutes(5), Duration.ofMinutes(15), Duration.ofMinutes(5),
            Duration.ofHours(1), Midstream.ERROR, Duration.ofSeconds(60),
            Duration.ofMinutes(2));

    private final TargetTimeouts timeouts;
    private final Midstream midstream;
    private final WaitSettings waits;

    Resilience(Duration head, Duration firstContent, Duration gap, Duration total,
            Midstream midstream, Duration waitBesideOthers, Duration waitAlone) {
        timeouts = new TargetTimeouts(null, null, head, null, firstContent, gap, total);
        this.midstream = midstream;
        waits = new WaitSettings(waitBesideOthers, waitAlone);
    }

    /** All but those of connecting; its {@code head} leaves unary replies to {@code total}. */
    public TargetTimeouts timeouts() {
        return timeouts;
    }

    public Midstream midstream() {
        return midstream;
    }

    public WaitSettings waits() {
        return waits;
    }

    /** How calls of models without a route are carried out. */
    public RoutePolicy policy() {
        return new RoutePolicy(Strategy.PRIORITY, null, null, midstream, HoldSettings.DEFAULT,
                false, waits);
    }
}
