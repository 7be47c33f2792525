/**
 * One try at one target: a connection, the request out, the timers, and a reply that is held until
 * it is known to be good and then goes to the caller at the caller's pace. Judges nothing and
 * chooses nothing: the reply's reading judges, the listener chooses. Start at {@link
 * io.penstock.exchange.attempt.Attempt}.
 */
package io.penstock.exchange.attempt;
