/**
 * Who answers: providers, their keys and cooldowns, and each event loop's pool of connections to
 * them. Knows HTTP/1.1 heads; not callers, bodies or dialects. Start at {@link
 * io.penstock.upstream.ConnectionPool}.
 */
@NullMarked
package io.penstock.upstream;

import org.jspecify.annotations.NullMarked;
