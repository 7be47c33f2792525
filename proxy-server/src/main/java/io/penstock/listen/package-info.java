/**
 * Accepts: binds, speaks TLS, counts connections, reads requests off a connection one after the
 * other. Knows HTTP/1.1 framing; not callers, providers or what a request is about. Start at {@link
 * io.penstock.listen.DownstreamConnection}; what a handler sees of it is a {@link
 * io.penstock.listen.DownstreamStream}.
 */
@NullMarked
package io.penstock.listen;

import org.jspecify.annotations.NullMarked;
