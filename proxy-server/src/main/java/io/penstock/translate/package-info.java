/**
 * In which dialect: what the requests, events and error objects of the providers' APIs mean, and
 * how one becomes another. Knows wire formats; not connections, callers or targets. Start at
 * {@link io.penstock.translate.request.RequestTranslator} for requests, at
 * {@link io.penstock.translate.ChatStream} for replies.
 */
package io.penstock.translate;
