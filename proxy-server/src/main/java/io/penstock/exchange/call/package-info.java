/**
 * The seam between the engine and the kinds of calls that it carries out: what the engine must know
 * of a {@link io.penstock.exchange.call.Call}, of one asking of a target, and of the reply that
 * comes; and what both kinds of calls share. Knows no format and no routing. Start at {@link
 * io.penstock.exchange.call.Call}.
 */
package io.penstock.exchange.call;
