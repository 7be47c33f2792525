package io.penstock.redis;

/** A command was not sent, since the server does not answer at the moment. Has no stack trace. */
public final class RedisAwayException extends Exception {
    RedisAwayException() {
        super("Redis is not asked at the moment", null, false, false);
    }
}
