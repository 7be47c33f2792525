/**
 * What several proxies share through Redis or Valkey, as bytes and numbers: one connection, scripts
 * that change one key at once by the server's clock, and a circuit that keeps a slow server from
 * slowing anything else. Knows neither callers nor limits. Start at {@link
 * io.penstock.redis.RedisLink}.
 */
@NullMarked
package io.penstock.redis;

import org.jspecify.annotations.NullMarked;
