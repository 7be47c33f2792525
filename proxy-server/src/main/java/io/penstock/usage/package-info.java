/**
 * What a call cost: token counts, read as the reply goes by. Knows the providers' usage objects;
 * not who pays. Start at {@link io.penstock.usage.UsageScanner}.
 */
package io.penstock.usage;
