/**
 * What an exchange may use and has used: reserves before a provider is asked, books each attempt
 * once, and settles in the end. Start at {@link io.penstock.exchange.meter.Metering}.
 */
package io.penstock.exchange.meter;
