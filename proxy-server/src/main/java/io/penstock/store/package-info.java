/**
 * What outlives a request or a process. Knows files and months; not callers or providers. Start at
 * {@link io.penstock.store.UsageStore}.
 */
@NullMarked
package io.penstock.store;

import org.jspecify.annotations.NullMarked;
