package io.penstock.caller;

/**
 * What comes of asking who calls: a {@link Caller}, or the reason why there is none, which the
 * package that authenticates knows.
 */
public interface Authentication {}
