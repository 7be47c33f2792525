/**
 * JSON as it goes by: scanners over {@code ByteBuf} that find a few members without building a
 * tree. Knows RFC 8259; not what the members mean. Start at {@link
 * io.penstock.json.TopLevelScanner}.
 */
@NullMarked
package io.penstock.json;

import org.jspecify.annotations.NullMarked;
