/**
 * The closed list of what can go wrong: {@link io.penstock.failure.Failure} ends an exchange,
 * {@link io.penstock.failure.Fault} ends one attempt. Knows nothing of how either is answered.
 */
@NullMarked
package io.penstock.failure;

import org.jspecify.annotations.NullMarked;
