/**
 * Who calls: a credential becomes a {@link io.penstock.auth.Caller}. Knows credentials; not
 * connections. Start at {@link io.penstock.auth.Authenticator}.
 */
package io.penstock.auth;
