/**
 * Health, state and control of the proxy: what it answers itself on either port. Start at {@link
 * io.penstock.admin.StatusPages}.
 */
@NullMarked
package io.penstock.admin;

import org.jspecify.annotations.NullMarked;
