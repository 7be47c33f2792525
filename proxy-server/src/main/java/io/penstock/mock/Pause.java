package io.penstock.mock;

import java.time.Duration;

/** How long the mock may be told to wait. */
final class Pause {
    static final Duration MAX = Duration.ofHours(1);

    private Pause() {}

    static void check(String name, Duration pause) {
        if (pause.isNegative() || pause.compareTo(MAX) > 0) {
            throw new IllegalArgumentException(name + ": " + pause + " (expected: 0 to 1h)");
        }
    }
}
