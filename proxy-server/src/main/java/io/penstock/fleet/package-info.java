/**
 * Many proxies as one: keeps their rates, budgets and knowledge of providers in step through Redis,
 * behind the backs of calls. Knows scripts and what they count; not requests. Start at {@link
 * io.penstock.fleet.Fleet}.
 */
@NullMarked
package io.penstock.fleet;

import org.jspecify.annotations.NullMarked;
