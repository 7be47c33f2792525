/**
 * What each event loop owns: the transport that it runs on and the deadlines that it watches. Knows
 * nothing of HTTP. Start at {@link io.penstock.loop.Deadlines}.
 */
@NullMarked
package io.penstock.loop;

import org.jspecify.annotations.NullMarked;
