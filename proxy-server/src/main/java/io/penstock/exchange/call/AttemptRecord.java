package io.penstock.exchange.call;

import io.penstock.route.Route.TargetName;

/**
 * One line of what was tried: an attempt, a break of an attempt that had been good, or a target
 * that was passed over.
 *
 * @param why the attempt was made; null for a target that was passed over
 * @param outcome the status of the reply, or the code of what happened instead
 * @param nanos from the beginning of the attempt to the outcome; 0 for a target passed over
 * @param figures of the attempt; null for a target passed over
 */
public record AttemptRecord(TargetName target, Ask.Why why, String outcome, long nanos,
        AttemptFigures figures) {}
