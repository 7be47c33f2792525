/**
 * One request and its reply: the phases in order, attempts, failover, deadlines, metering. Carries
 * values from each of the parts to the next; knows neither how connections are accepted nor what is
 * done with a finished exchange. Start at {@link io.penstock.exchange.Exchange}.
 */
package io.penstock.exchange;
