/**
 * What tests share: peers that misbehave on demand, and the check that no buffer leaks.
 *
 * <p>The peers use blocking sockets and their own HTTP on purpose, so that no mistake of ours can
 * hide behind the same mistake on the other side. {@link io.penstock.testing.ScriptedUpstream} plays
 * a provider, {@link io.penstock.testing.RawClient} a caller. {@link io.penstock.testing.LeakCheck}
 * watches every test class without being asked.
 */
package io.penstock.testing;
