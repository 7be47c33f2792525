/**
 * Who calls: a credential becomes a {@link io.penstock.caller.Caller}. Knows API keys, tokens and
 * the keys that verify them; not connections. Start at {@link io.penstock.auth.Authenticator}.
 */
@NullMarked
package io.penstock.auth;

import org.jspecify.annotations.NullMarked;
