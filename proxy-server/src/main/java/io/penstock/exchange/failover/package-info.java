/**
 * Which target is asked next, with which key and when: the order of targets, the rules after a
 * failure, the race of two attempts. Knows attempts and their costs; not the phases of an exchange.
 * Start at {@link io.penstock.exchange.failover.Failover}, and for the rules at {@link
 * io.penstock.exchange.failover.NextStep}.
 */
package io.penstock.exchange.failover;
