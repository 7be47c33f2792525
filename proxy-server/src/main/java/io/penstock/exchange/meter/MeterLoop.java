package io.penstock.exchange.meter;

import io.penstock.limit.Budgets;
import io.penstock.usage.Estimator;
import io.penstock.usage.Ledger;

/**
 * What one event loop lends to the metering of its exchanges; ledger and budgets are those of all
 * loops.
 *
 * <p><b>Thread:</b> confined to the event loop.
 */
public record MeterLoop(Estimator estimator, Ledger ledger, Budgets budgets) {}
