/**
 * Replies that were given before, and replies that several callers wait for at once. Knows bytes
 * and digests of requests; not callers, models, formats or connections. Start at {@link
 * io.penstock.cache.ReplyCache}.
 */
@NullMarked
package io.penstock.cache;

import org.jspecify.annotations.NullMarked;
