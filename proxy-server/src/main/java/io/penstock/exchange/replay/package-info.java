/**
 * A reply that was given before, or is being given to another call. Knows bytes and pace; not
 * targets, and no attempts. Start at {@link io.penstock.exchange.replay.Replay}.
 */
@NullMarked
package io.penstock.exchange.replay;

import org.jspecify.annotations.NullMarked;
