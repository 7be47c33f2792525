package io.penstock.upstream;

/**
 * The constant beginning of a request: request line, Host and what else never changes.
 *
 * @param bytes not to be changed
 * @param path of the request line
 * @param query of the request line, without the question mark; empty for none
 */
public record RequestStart(byte[] bytes, String path, String query) {}
