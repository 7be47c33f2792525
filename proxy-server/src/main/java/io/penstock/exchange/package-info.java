/**
 * One request and its reply, whatever kind of call it is: the phases in order. Carries values from
 * each of the parts to the next; knows neither formats, nor how connections are accepted, nor what
 * is done with a finished exchange. Start at {@link io.penstock.exchange.Exchange}.
 */
package io.penstock.exchange;
