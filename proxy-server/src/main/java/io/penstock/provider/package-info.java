/**
 * What is known of a kind of provider, built in or brought by a plugin: where it answers, in which
 * APIs and at which paths, how a request is authorised, what its errors mean, and where it departs
 * from the others. Knows no connections, keys at rest or configuration files. Start at {@link
 * io.penstock.provider.ProviderType}.
 */
@NullMarked
package io.penstock.provider;

import org.jspecify.annotations.NullMarked;
