/**
 * May they, now: what callers can make the proxy hold at once, how often and how much they may ask,
 * and what is left of their month. Values in, a value out: knows names and numbers; not requests,
 * not who calls, and no clock of its own. Start at {@link io.penstock.limit.Permit}.
 */
@NullMarked
package io.penstock.limit;

import org.jspecify.annotations.NullMarked;
