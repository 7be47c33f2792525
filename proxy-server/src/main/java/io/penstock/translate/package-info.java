/**
 * In which dialect: what the events and error objects of the providers' APIs mean. Knows wire
 * formats; not connections, callers or targets. Start at {@link io.penstock.translate.ChatStream}.
 */
package io.penstock.translate;
