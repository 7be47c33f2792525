package io.penstock.caller;

/**
 * The result of authentication: a {@link Caller}, or a denial, which the package that authenticates
 * defines.
 */
public interface Authentication {}
