/**
 * May they, now: what callers can make the proxy hold at once. Decides, and moves nothing. Start at
 * {@link io.penstock.limit.Gauge}.
 */
package io.penstock.limit;
