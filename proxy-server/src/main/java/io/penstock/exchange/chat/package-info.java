/**
 * Calls that are understood: chats, messages, responses, completions, embeddings, each in the
 * caller's own words where a target speaks them, else translated; and one class for each kind of
 * reply to them. Knows formats; not which target is asked next. Start at {@link
 * io.penstock.exchange.chat.ChatCall}.
 */
package io.penstock.exchange.chat;
