/**
 * May they, now: what callers can make the proxy hold at once, how often and how much they may ask,
 * and what is left of their month. Values in, a value out: it knows names and numbers, not requests,
 * and clocks are arguments. Start at {@link io.penstock.limit.Permit}.
 */
package io.penstock.limit;
