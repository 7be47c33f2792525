/**
 * The ids by which one request is known in a distributed trace: read from the caller's head (W3C
 * Trace Context), drawn, sampled, and written into the heads that go to providers; with the
 * settings of all that. Knows neither exchanges nor how spans are exported. Start at {@link
 * io.penstock.trace.LoopTracer}.
 */
@NullMarked
package io.penstock.trace;

import org.jspecify.annotations.NullMarked;
