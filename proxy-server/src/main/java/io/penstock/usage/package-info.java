/**
 * What calls cost: token counts, read as the reply goes by, their prices, and the ledger of who
 * used what. Knows callers by their ids only; not what they may use. Start at {@link
 * io.penstock.usage.UsageScanner} for one call, at {@link io.penstock.usage.Ledger} for all.
 */
@NullMarked
package io.penstock.usage;

import org.jspecify.annotations.NullMarked;
