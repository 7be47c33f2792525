package io.penstock.exchange.call;

import io.penstock.failure.Failure;

/**
 * What an exchange commits from: an attempt at a target, or a replay of what another got.
 *
 * <p><b>Thread:</b> confined to the exchange's event loop.
 */
public interface ReplySource {
    /** Continues: the caller has room again. */
    void resume();

    /** Writes the last word into a stream that breaks off, where its format has one. */
    void cut(Failure why, String attempts);

    /** Ends it, in whatever state; nothing more goes to the caller. */
    void abandon();
}
