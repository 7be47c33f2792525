/**
 * Calls that are relayed without being understood: files, images, audio, any path of a provider,
 * WebSockets. Knows who may call what, and where a call names its model; not what the bytes mean.
 * Start at {@link io.penstock.exchange.passthrough.PassThroughCall}.
 */
package io.penstock.exchange.passthrough;
