/**
 * The whole proxy between peers that misbehave: what callers are promised, tried
 * over real sockets on every transport. Start at {@link io.penstock.testing.ProxyUnderTest}.
 */
package io.penstock.whole;
