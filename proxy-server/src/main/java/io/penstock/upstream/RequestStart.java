package io.penstock.upstream;

import io.penstock.http.RequestLine;

/**
 * The constant beginning of a request: its line, and the fields that never change.
 *
 * @param fields whole field lines; not to be changed
 */
public record RequestStart(RequestLine line, byte[] fields) {}
