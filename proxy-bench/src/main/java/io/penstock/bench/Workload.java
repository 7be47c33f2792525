package io.penstock.bench;

import java.time.Duration;

/**
 * The load that every endpoint is put under.
 *
 * @param rate calls due per second; 0 keeps {@code connections} calls running instead
 * @param connections at most so many calls run at once
 * @param backlog at most so many calls that are due wait for a connection; more are dropped
 * @param ramp over how long a closed loop starts its calls
 * @param timeout from a call's sending to its end
 * @param stampKey field of an event that holds when it was sent; null if events have none
 */
record Workload(
        String model, String key, boolean stream, int promptBytes, int maxTokens,
        double rate, int connections, int backlog, int threads,
        Duration warmup, Duration ramp, Duration duration, Duration timeout,
        boolean insecure, String stampKey) {

    Workload {
        require(promptBytes >= 1, "--prompt-bytes", promptBytes, ">= 1");
        require(maxTokens >= 1, "--max-tokens", maxTokens, ">= 1");
        require(rate >= 0 && rate <= 10_000_000, "--rate", rate, "0 to 10000000");
        require(threads >= 1, "--threads", threads, ">= 1");
        require(connections >= threads, "--connections", connections, ">= --threads");
        require(backlog >= 0, "--backlog", backlog, ">= 0");
        require(!duration.isNegative() && !duration.isZero(), "--duration", duration, "> 0");
        require(!timeout.isNegative() && !timeout.isZero(), "--timeout", timeout, "> 0");
        require(ramp.compareTo(warmup) <= 0, "--ramp", ramp, "at most --warmup");
    }

    boolean isOpenLoop() {
        return rate > 0;
    }

    private static void require(boolean right, String option, Object value, String expected) {
        if (!right) {
            throw new IllegalArgumentException(
                    option + ": " + value + " (expected: " + expected + ")");
        }
    }
}
