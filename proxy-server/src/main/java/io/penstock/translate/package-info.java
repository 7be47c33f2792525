/**
 * In which dialect: what the events and error objects of the providers' APIs mean, and how a reply
 * in one becomes a reply in another. Knows wire formats; not connections, callers or targets. Start
 * at {@link io.penstock.translate.ReplyTranslator}, or for a stream that is only relayed at {@link
 * io.penstock.translate.ChatStream}.
 */
@NullMarked
package io.penstock.translate;

import org.jspecify.annotations.NullMarked;
