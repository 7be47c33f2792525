/**
 * What tests share: peers that misbehave on demand, and the check that no buffer leaks.
 *
 * <p>The peers use blocking sockets and their own HTTP on purpose, so that no mistake of ours can
 * hide behind the same mistake on the other side: {@link io.penstock.testing.ScriptedUpstream}
 * plays a provider, {@link io.penstock.testing.RawClient} a caller. Every test class is watched,
 * without being asked, by {@link io.penstock.testing.LeakCheck}.
 */
package io.penstock.testing;
