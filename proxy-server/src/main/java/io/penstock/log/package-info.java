/**
 * The application log: which lines are written, how they read, and the queue before standard error.
 * Knows nothing of the proxy. Start at {@link io.penstock.log.Logs}; {@link
 * io.penstock.log.LogProvider} is how SLF4J finds it.
 */
@NullMarked
package io.penstock.log;

import org.jspecify.annotations.NullMarked;
