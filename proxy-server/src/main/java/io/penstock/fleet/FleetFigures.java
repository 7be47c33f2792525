package io.penstock.fleet;

import io.penstock.redis.RedisFigures;

/**
 * How the nodes get on with each other, as this one sees it.
 *
 * @param nodes that are known; 0 before any
 * @param circuit {@code closed}, {@code open} or {@code half_open}
 * @param commands what has become of them
 * @param confirmed exchanges of a rate's count that were answered
 * @param unconfirmed calls that were refused since the others' word was wanting
 * @param pending counts that have yet to be told
 */
public record FleetFigures(int nodes, String circuit, RedisFigures commands, long confirmed,
        long unconfirmed, int pending) {}
