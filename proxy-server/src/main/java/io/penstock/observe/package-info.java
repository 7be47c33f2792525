/**
 * What happened, told from finished exchanges: the access log and the metrics. Knows exchanges;
 * changes nothing about them. Start at {@link io.penstock.observe.ExchangeObserver}.
 */
@NullMarked
package io.penstock.observe;

import org.jspecify.annotations.NullMarked;
