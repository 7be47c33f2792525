/**
 * A stand-in provider: answers calls in the formats of several providers, with words that it does
 * not have to think about, and goes wrong as it is told to.
 *
 * <p>It serves tests, the demo and the benchmarks, so it must never be the slowest part of a run: a
 * plain chat is answered with slices of bytes that were built once for each model ({@link
 * io.penstock.mock.ChatScript}), and one timer per event loop paces every stream. All other calls
 * are composed ({@link io.penstock.mock.Composer}), worded by the format that they came in ({@link
 * io.penstock.mock.Dialect}), and spoiled by whatever fault strikes them ({@link
 * io.penstock.mock.Draft}). It knows nothing of the proxy, whose parsers it does not share on
 * purpose: a mistake in one shows against the other. Start at {@link io.penstock.mock.MockServer}.
 */
@NullMarked
package io.penstock.mock;

import org.jspecify.annotations.NullMarked;
