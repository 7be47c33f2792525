/**
 * Requests from one dialect to another: a reader for each format of a caller, a writer for each of
 * a provider, and between them what the request means. Start at {@link
 * io.penstock.translate.request.RequestTranslator}.
 */
package io.penstock.translate.request;
