/**
 * Health, state and control of the proxy: what it answers itself on either port. Start at {@link
 * io.penstock.admin.StatusPages}.
 */
package io.penstock.admin;
