/**
 * Moves the bytes of a reply from one side to the other. Knows framing; not callers, models or
 * dialects. Start at {@link io.penstock.relay.ResponseRelay}; streams go on in {@link
 * io.penstock.relay.EventPassage}.
 */
@NullMarked
package io.penstock.relay;

import org.jspecify.annotations.NullMarked;
