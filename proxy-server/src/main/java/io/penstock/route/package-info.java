/**
 * Who should answer: a model's name becomes an ordered list of targets. Knows names only; not
 * connections or health. Start at {@link io.penstock.route.Router}.
 */
@NullMarked
package io.penstock.route;

import org.jspecify.annotations.NullMarked;
