/**
 * What the proxy says itself: replies of its own making, the limit fields that every reply carries,
 * request ids. Knows formats of errors and connections; not exchanges. Start at {@link
 * io.penstock.answer.LocalReply}.
 */
@NullMarked
package io.penstock.answer;

import org.jspecify.annotations.NullMarked;
