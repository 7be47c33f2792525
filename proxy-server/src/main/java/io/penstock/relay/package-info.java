/**
 * Moves the bytes of a reply from one side to the other. Knows framing; not callers, models or
 * dialects. Start at {@link io.penstock.relay.ResponseRelay}.
 */
package io.penstock.relay;
