/**
 * HTTP/1.1 rules that both sides share: heads, body framing, hop-by-hop fields (RFC 9110, 9112).
 * Knows no callers, providers or dialects. Start at {@link io.penstock.http.RequestHead}.
 */
@NullMarked
package io.penstock.http;

import org.jspecify.annotations.NullMarked;
