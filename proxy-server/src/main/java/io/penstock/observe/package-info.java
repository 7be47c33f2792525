/**
 * What happened, told from finished exchanges: the access log. Knows exchanges; changes nothing
 * about them. Start at {@link io.penstock.observe.AccessLog}.
 */
@NullMarked
package io.penstock.observe;

import org.jspecify.annotations.NullMarked;
