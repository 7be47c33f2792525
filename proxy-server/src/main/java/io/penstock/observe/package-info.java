/**
 * What happened, told from finished exchanges: the access log and the metrics. Knows exchanges;
 * changes nothing about them. Start at {@link io.penstock.observe.ExchangeObserver}.
 */
package io.penstock.observe;
