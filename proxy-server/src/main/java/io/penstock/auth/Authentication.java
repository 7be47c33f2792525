package io.penstock.auth;

/** What comes of asking who calls: a {@link Caller}, or why there is none. */
public sealed interface Authentication permits Caller, Denial {}
