/**
 * Who calls, and how much a call of theirs may use: plain values that every stage of a request
 * reads. Knows neither credentials nor how rates are kept. Start at {@link
 * io.penstock.caller.Caller}.
 */
@NullMarked
package io.penstock.caller;

import org.jspecify.annotations.NullMarked;
