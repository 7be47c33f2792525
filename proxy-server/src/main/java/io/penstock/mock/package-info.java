/**
 * A stand-in provider: answers OpenAI chat calls with words that it does not have to think about.
 *
 * <p>It serves tests, the demo and the benchmarks, so it must never be the slowest part of a run:
 * replies are slices of bytes that were built once for each model, and one timer per event loop
 * paces every stream. It knows nothing of the proxy, whose parsers it does not share on purpose: a
 * mistake in one shows against the other. Start at {@link io.penstock.mock.MockServer}.
 */
package io.penstock.mock;
