/**
 * Server-sent events as they go by (HTML standard, section 9.2): where one ends, what its data is.
 * Knows line ends; not what the data says. Start at {@link io.penstock.sse.EventSplitter}.
 */
@NullMarked
package io.penstock.sse;

import org.jspecify.annotations.NullMarked;
