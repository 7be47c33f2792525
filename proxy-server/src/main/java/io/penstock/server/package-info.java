/**
 * The composition root: builds every part, holds the pipeline that each request goes through, and
 * starts, reloads, drains and stops the whole. Start at {@link io.penstock.server.Penstock}, then
 * {@link io.penstock.server.Worker}, which has what one event loop needs, {@link
 * io.penstock.server.Shared}, which has what all of them share, and {@link
 * io.penstock.server.RequestPipeline}.
 */
@NullMarked
package io.penstock.server;

import org.jspecify.annotations.NullMarked;
