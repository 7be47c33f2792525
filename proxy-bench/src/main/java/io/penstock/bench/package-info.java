/**
 * Puts load on OpenAI-compatible endpoints and says what it cost them and their callers.
 *
 * <p>An open loop follows a schedule that no slow answer can hold back; a closed loop keeps a
 * number of calls running. Endpoints are measured in turn, round by round, so that what the
 * machine does to one it does to all. Knows HTTP/1.1 framing and server-sent events; of the proxy
 * it knows nothing but a process id. Start at {@link io.penstock.bench.LoadGenerator}.
 */
package io.penstock.bench;
